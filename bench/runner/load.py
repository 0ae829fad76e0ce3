"""Runs build/release/bin/load, and reads the server's clock when its measured time begins and ends."""

import json
import subprocess
import tempfile

from support import paths, process

from . import usage


ENOUGH = 200            # requests: of fewer, the slowest hundredth means nothing
ERRORS = ("bad_status", "lost", "unanswered")


class LoadFailed(Exception):
    pass


def request(path, method="GET", body=b"", headers=(), close=False):
    """The bytes of one request, with the headers that wrk sends in the TechEmpower benchmark."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json,text/html;q=0.9,text/plain;q=0.8,*/*;q=0.1",
             f"Connection: {'close' if close else 'keep-alive'}", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def write_requests(file, requests, depth=1):
    """What load plays: each of the requests in turn; with a depth, each of them so often in one write."""
    for one in requests:
        file.write(b"%d %d\n" % (depth, len(one) * depth) + one * depth)
    file.flush()


class Load:
    """`requests` are played in turn over `connections`, as fast as they are answered or at `rate` a second. What the host took from
    the cores `watch` meanwhile is read; at a rate, also when."""

    def __init__(self, requests, connections, depth=1, one_each=False, watch=()):
        self._file = tempfile.NamedTemporaryFile(prefix="hoot-bench-")
        write_requests(self._file, requests, depth)
        self._options = ["--connections", str(connections)] + (["--one-each"] if one_each else [])
        self._cores = set(watch)
        self._watch = ["--watch", ",".join(map(str, sorted(watch)))] if watch else []

    def close(self):
        self._file.close()

    def run(self, port, pid, warmup_s, seconds, rate=None):
        """One round against the process tree of `pid`. Gives its figures."""
        command = [str(paths.binary("load")), "--port", str(port), "--requests", self._file.name, "--warmup", f"{warmup_s:.3f}",
                   "--seconds", f"{seconds:.3f}", *self._options] + (["--rate", f"{rate:.3f}", *self._watch] if rate else [])
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              preexec_fn=process.die_with_parent) as load:
            try:
                self._expect(load, "begin")
                stolen = usage.stolen_s(self._cores)
                cpu = usage.cpu_seconds(pid)
                load.stdin.write("\n")          # we are done with the load's core: what is measured begins
                load.stdin.flush()
                self._expect(load, "end")
                cpu = usage.cpu_seconds(pid) - cpu
                stolen = usage.stolen_s(self._cores) - stolen
                rss, pss = usage.memory_kib(pid)
                done = json.loads(load.stdout.readline())
                self._must_count(done, rss)
            except BaseException:
                load.kill()
                raise
            load.stdin.close()
        found = figures(done, cpu, rss, pss)
        return {**found, "stolen": stolen / len(self._cores) / done["seconds"]} if self._cores else found

    @staticmethod
    def _must_count(done, rss_kib):
        """Figures of a server that is gone, or answers nobody, would look like those of a fast one."""
        if not rss_kib:
            raise LoadFailed("the server ended while it was measured")
        if not done["requests"]:
            raise LoadFailed(f"no request was answered within {done['seconds']:.1f} s")

    @staticmethod
    def _expect(load, word):
        if load.stdout.readline().strip() != word:
            load.wait()
            raise LoadFailed(load.stderr.read().strip() or f"load ended with {load.returncode}")


def figures(done, cpu_s, rss_kib, pss_kib):
    """What load printed, with the server's part, as the figures of a round."""
    requests = done["requests"]
    latency = answered(done, done["latency_us"])
    found = {
        "requests_per_s": requests / done["seconds"],
        "requests_per_cpu_s": requests / cpu_s if cpu_s > 0 else None,
        "cpu_us": 1e6 * cpu_s / requests if requests else None,
        "cpu_share": cpu_s / done["seconds"],
        "p50_us": latency["p50"], "p99_us": latency["p99"], "p99_9_us": latency["p99_9"], "mean_us": latency["mean"],
        "rss_mib": rss_kib / 1024, "pss_mib": pss_kib / 1024,
        "errors": sum(done[kind] for kind in ERRORS), **{kind: done[kind] for kind in ERRORS},
    }
    return {**found, **at_a_rate(done)} if "sent_late_us" in done else found


PERCENTILES = {"p50": 0.5, "p99": 0.01, "p99_9": 0.001}


def answered(done, latency):
    """Without the percentiles that fall among requests which were never answered: nobody knows how long those would have taken."""
    failed = sum(done[kind] for kind in ERRORS)
    share = failed / (failed + done["requests"]) if failed else 0
    return {**latency, **{name: None for name, above in PERCENTILES.items() if share >= above}}


def at_a_rate(done):
    """What there is besides at a constant rate. "undisturbed" is without the times in which a core stalled; where that could not be
    watched, without nothing."""
    quiet = answered(done, done.get("undisturbed_us", done["latency_us"]))
    enough = quiet["requests"] >= ENOUGH
    return {"load_share": done["own_cpu_s"] / done["seconds"], "sent_late_p99_us": done["sent_late_us"]["p99"],
            "undisturbed_p50_us": quiet["p50"] if enough else None, "undisturbed_p99_us": quiet["p99"] if enough else None,
            "left_out": done.get("left_out")}
