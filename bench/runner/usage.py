"""What a tree of processes used: time of the processor, memory. And on which core it runs."""

import contextlib
import os
import pathlib
import time

from support import process

_CPUCLOCK_SCHED = 2


def _own_cpu(pid):
    """User and system time of all threads, those that ended too; by the scheduler's clock, not by ticks of 10 ms."""
    try:
        return time.clock_gettime((~pid << 3) | _CPUCLOCK_SCHED)
    except OSError:
        return 0.0


def _children_cpu(pid):
    """Of the children that ended and were waited for."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0.0


def cpu_seconds(pid):
    """Of the process and all its descendants, whether they still run or not."""
    return sum(_own_cpu(one) + _children_cpu(one) for one in process.tree(pid))


def memory_kib(pid):
    """(RSS, PSS) of the tree. In RSS a page that two processes share counts twice, in PSS by halves."""
    rss = pss = 0
    for one in process.tree(pid):
        try:
            lines = pathlib.Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        values = dict(line.split(":", 1) for line in lines[1:])
        rss += int(values["Rss"].split()[0])
        pss += int(values["Pss"].split()[0])
    return rss, pss


def stolen_s(cores):
    """What the host of a virtual machine gave to others of the time in which these cores wanted to run, since the start."""
    lines = (line.split() for line in pathlib.Path("/proc/stat").read_text().splitlines() if line.startswith("cpu"))
    return sum(int(one[8]) for one in lines if one[0][3:].isdigit() and int(one[0][3:]) in cores) / os.sysconf("SC_CLK_TCK")


class Cores:
    """The server has a core of its own; the load and the runner have the next one. The database has a third one; where there is none, it
    runs on both, as on any machine that it shares with a server: who leaves more of the processor gets more out of it. With
    `database_core` it shares the load's core instead, and takes nothing from the server."""

    def __init__(self, database_core=False):
        allowed = sorted(os.sched_getaffinity(0))
        self.enough = len(allowed) > 1
        self.server = {allowed[0]}
        self.load = {allowed[1]} if self.enough else {allowed[0]}
        self.database = {allowed[2]} if len(allowed) > 2 else self.load if database_core else self.server | self.load
    @property
    def busy(self):
        """All that a measurement depends on."""
        return self.server | self.load | self.database

    @contextlib.contextmanager
    def on(self, cores):
        """What is started inside runs on these cores, and so does what it starts."""
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cores)
        try:
            yield
        finally:
            os.sched_setaffinity(0, before)
