"""Is bench/load a fair load? The same bare server under it and under wrk: what each measures, and what each costs itself.

Both have the load's core for themselves in turn. wrk knows no constant rate, and prints no p99.9 by itself.
"""

import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from runner import load, servers, usage     # noqa: E402

ROUNDS, SECONDS, CONNECTIONS = 5, 2, 256
UNITS = {"us": 1.0, "ms": 1e3, "s": 1e6}


def children_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def with_wrk(server):
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", f"http://127.0.0.1:{server.port}/json"]
    cpu = usage.cpu_seconds(server.pid)
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    cpu = usage.cpu_seconds(server.pid) - cpu
    requests = int(re.search(r"(\d+) requests in", output).group(1))
    value, unit = re.search(r"99%\s+([0-9.]+)(us|ms|s)", output).groups()
    return {"requests_per_s": requests / SECONDS, "cpu_us": 1e6 * cpu / requests, "p99_us": float(value) * UNITS[unit]}


def main():
    cores = usage.Cores()
    server = servers.limit("epoll", "json")
    os.sched_setaffinity(0, cores.load)
    with cores.on(cores.server):
        server.start()
    player = load.Load([load.request("/json")], CONNECTIONS)
    rounds = {"wrk": [], "load": []}
    try:
        for number in range(ROUNDS + 1):
            for name, run in (("wrk", lambda: with_wrk(server)), ("load", lambda: player.run(server.port, server.pid, 0.1, SECONDS))):
                own = children_cpu()
                figures = run()
                figures["own_cpu_us"] = 1e6 * (children_cpu() - own) / SECONDS / figures["requests_per_s"]
                rounds[name] += [figures] if number else []
    finally:
        player.close()
        server.stop()
    print(f"limit epoll, {CONNECTIONS} connections, medians of {ROUNDS} rounds of {SECONDS} s")
    print(f"{'':6}{'requests/s':>12}{'server us/request':>20}{'p99 ms':>10}{'own us/request':>18}")
    for name, found in rounds.items():
        rate, cpu, p99, own = (statistics.median(one[key] for one in found)
                               for key in ("requests_per_s", "cpu_us", "p99_us", "own_cpu_us"))
        print(f"{name:6}{rate:12,.0f}{cpu:20.2f}{p99 / 1000:10.2f}{own:18.2f}")


main()
