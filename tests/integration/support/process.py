"""Processes: starting them so that none is left behind, and what /proc says about them."""

import ctypes
import os
import pathlib
import signal
import socket
import time

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
_ports_given = set()


def die_with_parent():
    """For Popen(preexec_fn=...): killed when the process that starts it goes away, however that goes."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port():
    """A TCP port of 127.0.0.1 that nobody listens on, never the same one twice."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port not in _ports_given:
            _ports_given.add(port)
            return port


def can_connect(address):
    """Whether somebody accepts at ("127.0.0.1", port), or at a path."""
    family = socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(address)
            return True
        except OSError:
            return False


def wait_until(condition, seconds, what):
    """Poll until condition() is true; its value. An AssertionError that says `what` did not happen otherwise."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"within {seconds} s: not {what}"
        time.sleep(0.02)


def running(pid):
    """Whether the process runs. One that ended stays in /proc while nobody collects it, as orphans do in a container."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def name_of(pid):
    """The name of a process; "" when it is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def tree(pid):
    """The process and all its descendants that run, by id."""
    found = [pid]
    for one in found:
        try:
            for task in os.listdir(f"/proc/{one}/task"):
                children = map(int, pathlib.Path(f"/proc/{one}/task/{task}/children").read_text().split())
                found += filter(running, children)
        except OSError:
            pass
    return found


def _status_kib(pid, field):
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def rss_kib(pid):
    """Resident memory of the process tree, in KiB. Pages shared between its processes count in each."""
    return sum(_status_kib(one, "VmRSS") for one in tree(pid))


def _cpu_ticks(pid):
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    except OSError:
        return 0


def cpu_seconds(pid):
    """User and system time of the processes that the tree holds now, in seconds."""
    return sum(_cpu_ticks(one) for one in tree(pid)) / os.sysconf("SC_CLK_TCK")


def fd_count(pid):
    """Open descriptors of the process tree."""
    count = 0
    for one in tree(pid):
        try:
            count += len(os.listdir(f"/proc/{one}/fd"))
        except OSError:
            pass
    return count


def thread_count(pid):
    count = 0
    for one in tree(pid):
        try:
            count += len(os.listdir(f"/proc/{one}/task"))
        except OSError:
            pass
    return count
