"""GET /session with a valid cookie, beside bare servers: CPU time of the server process tree per request.

Candidates take turns within each round, server on one core and load on the other; the first round warms up and is not counted. The
figure is the median over the rounds of each candidate's CPU per request, and its ratio to the bare libuv server of the same round:
absolute times mean nothing on a shared machine.
"""

import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "integration"))

from support import hooter, paths, process      # noqa: E402
from support.server import Server               # noqa: E402

ROUNDS, SECONDS, CONNECTIONS = 5, 4, 64
SERVER_CORE, LOAD_CORE = "0", "1"


class Limit:
    """A bare server of build/release/bin/limit."""

    def __init__(self, mode):
        self.name = f"limit {mode}"
        self.port = process.free_port()
        self.process = subprocess.Popen([str(paths.binary("limit")), mode, str(self.port)], preexec_fn=process.die_with_parent)
        process.wait_until(lambda: process.can_connect(("127.0.0.1", self.port)), 10, self.name)
        self.url, self.pid, self.headers = f"http://127.0.0.1:{self.port}/session", self.process.pid, []

    def stop(self):
        self.process.kill()
        self.process.wait()


class Hooter:
    """hooter with one worker, and a cookie of somebody who is logged in."""

    def __init__(self, directory):
        self.name = "hooter"
        self.server = Server("hooter", directory, "--workers", 1, env=hooter.environment()).start()
        hooter.wait_ready(self.server)
        assert self.server.post_json("/signup", hooter.ADA).status == 200
        answer = self.server.post_json("/login", {"email": hooter.ADA["email"], "password": hooter.PASSWORD})
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        check = self.server.request("GET", "/session", headers={"Cookie": cookie})
        assert (check.status, check.body) == (200, b'{"login":"ok"}\n')
        self.url, self.pid, self.headers = f"{self.server.url}/session", self.server.pid, [f"Cookie: {cookie}"]

    def stop(self):
        self.server.stop()


def pin(pid, core):
    for one in process.tree(pid):
        subprocess.run(["taskset", "-a", "-p", "-c", core, str(one)], check=True, capture_output=True)


def measure(candidate):
    """One run. Gives CPU microseconds per request and requests per second."""
    command = ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", candidate.url]
    for header in candidate.headers or ["Cookie: session=" + "x" * 90]:
        command += ["-H", header]
    before = process.cpu_seconds(candidate.pid)
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    cpu = process.cpu_seconds(candidate.pid) - before
    assert "Non-2xx" not in output and "Socket errors" not in output, output
    requests = int(re.search(r"(\d+) requests in", output).group(1))
    return 1e6 * cpu / requests, requests / SECONDS


def main():
    two_cores = (os.cpu_count() or 1) > 1
    with tempfile.TemporaryDirectory() as directory:
        candidates = [Limit("epoll"), Limit("libuv"), Hooter(pathlib.Path(directory))]
        results = {candidate.name: [] for candidate in candidates}
        try:
            for candidate in candidates:
                if two_cores:
                    pin(candidate.pid, SERVER_CORE)
            for round_number in range(ROUNDS + 1):
                for candidate in candidates:
                    print(f"\rround {round_number} of {ROUNDS}: {candidate.name}      ", end="", file=sys.stderr, flush=True)
                    figures = measure(candidate)
                    if round_number:
                        results[candidate.name].append(figures)
        finally:
            for candidate in candidates:
                candidate.stop()
    print("\r" + " " * 40 + "\r", end="", file=sys.stderr)
    bare = [cpu for cpu, _ in results["limit libuv"]]
    print(f"GET /session, {CONNECTIONS} connections, medians of {ROUNDS} rounds")
    print(f"{'':14}{'CPU us/request':>16}{'requests/s':>12}{'CPU to bare libuv':>20}")
    summary = {}
    for name, rounds in results.items():
        cpu = statistics.median(cpu for cpu, _ in rounds)
        rate = statistics.median(rate for _, rate in rounds)
        ratio = statistics.median(one / base for (one, _), base in zip(rounds, bare))
        summary[name] = {"cpu_us": cpu, "requests_per_second": rate, "ratio": ratio}
        print(f"{name:14}{cpu:16.2f}{rate:12.0f}{ratio:20.2f}")
    output = paths.BUILD / "bench"
    output.mkdir(exist_ok=True)
    (output / "session.json").write_text(json.dumps(summary, indent=2) + "\n")


main()
