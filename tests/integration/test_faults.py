"""Faults made on purpose, each with its figures: `./dev faults` (a release build). The numbers are those of the fault plan in
docs/internals/faults.md."""

import collections
import http.client
import os
import re
import signal
import socket
import statistics
import subprocess
import threading
import time

import pytest

from support import hooter, process
from support.server import Server
from test_restart import Wrk, wait_serving, workers

pytestmark = pytest.mark.fault


def report(fault, text):
    print(f"\n{fault}: {text}")


def p99(times):
    return statistics.quantiles(times, n=100)[98] if len(times) > 1 else times[0]


class Load:
    """Threads that ask for URLs made by `target(n)` and keep what came back: (began, ended, status, body)."""

    def __init__(self, server, threads, target, method="GET", pause=0.0):
        self.server, self.target, self.method, self.pause = server, target, method, pause
        self.answers = []
        self._numbers = iter(range(10**9))
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def _run(self):
        connection = self.server.connection(timeout=30)
        while not self._stop.is_set() and self.server.process.poll() is None:
            number = next(self._numbers)
            began = time.monotonic()
            try:
                connection.request(self.method, self.target(number))
                answer = connection.getresponse()
                body = answer.read()
                self.answers.append((began, time.monotonic(), answer.status, number, body))
            except (OSError, http.client.HTTPException) as failure:
                self.answers.append((began, time.monotonic(), type(failure).__name__, number, b""))
                connection.close()
            if self.pause:
                time.sleep(self.pause)
        connection.close()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        return self.answers

    def statuses(self):
        return collections.Counter(status for _, _, status, _, _ in self.answers)


@pytest.fixture
def mischief(start_server, own_mariadb):
    """mischief with a database of its own and two workers: (server, mariadb, database)."""
    database = own_mariadb.create_database()
    own_mariadb.run_sql("CREATE TABLE markers (marker VARCHAR(100) PRIMARY KEY)", database=database)
    url = f"mysql://{own_mariadb.user}:{own_mariadb.password}@127.0.0.1:{own_mariadb.port}/{database}"
    server = start_server("mischief", "--workers", 2, env={"MISCHIEF_DB_URL": url})
    assert server.request("GET", "/db/echo?marker=warm").body == b"warm"
    return server, own_mariadb, database


def test_f1_database_killed_in_mid_query(mischief):
    server, mariadb, database = mischief
    for _ in range(3):
        server.request("GET", "/db/echo?marker=warm")
    fds, rss = process.fd_count(server.pid), process.rss_kib(server.pid)
    reads = Load(server, 8, lambda n: f"/db/echo?marker=m{n}&ms=20", pause=0.02)
    writes = Load(server, 4, lambda n: f"/db/insert?marker=w{n}", method="POST", pause=0.02)
    time.sleep(3)
    killed = time.monotonic()
    mariadb.kill9()
    time.sleep(3)
    mariadb.start()
    back = time.monotonic()
    time.sleep(4)
    reads.stop(), writes.stop()

    wrong = [a for a in reads.answers if a[2] == 200 and a[4] != b"m%d" % a[3]]
    before = [a for a in reads.answers + writes.answers if a[1] < killed]
    in_flight = [a for a in reads.answers + writes.answers if a[0] < killed < a[1] and a[2] != 200]
    first_good = min(a[1] for a in reads.answers if a[2] == 200 and a[1] > back - 0.5)
    acknowledged = {b"w%d" % a[3] for a in writes.answers if a[2] == 200}
    stored = {row[0].encode() for row in mariadb.run_sql("SELECT marker FROM markers", database=database)}
    time.sleep(1)
    report("F1", f"{len(reads.answers) + len(writes.answers)} answers {dict(reads.statuses() + writes.statuses())}; failed in flight at the "
           f"kill {len(in_flight)} (two pools of 4); first good answer {first_good - back:+.2f} s after the server answered again "
           f"(target 1 s); wrong rows {len(wrong)}; acknowledged writes lost {len(acknowledged - stored)}; descriptors "
           f"{fds} before, {process.fd_count(server.pid)} after; resident {rss} KiB before, {process.rss_kib(server.pid)} after")
    assert not wrong and before and {a[2] for a in before} == {200}
    assert len(in_flight) <= 12
    assert set(reads.statuses()) <= {200, 503}
    assert first_good - back <= 1
    assert not acknowledged - stored
    assert process.fd_count(server.pid) <= fds + 16


def test_f2_database_hung(mischief):
    server, mariadb, _ = mischief
    calm = Load(server, 2, lambda n: "/ok", pause=0.005)
    time.sleep(2)
    calm.stop()
    other = Load(server, 2, lambda n: "/ok", pause=0.005)
    stopped = time.monotonic()
    mariadb.sigstop()
    hung = Load(server, 8, lambda n: f"/db/echo?marker=m{n}")
    time.sleep(10)
    mariadb.sigcont()
    time.sleep(3.5)
    hung.stop(), other.stop()
    # At 10 s connecting itself is given up (connect_timeout_ms), which fails who then waits for it: not counted here.
    failed = [ended - began for began, ended, status, _, _ in hung.answers if status == 503 and ended < stopped + 9.8]
    state = server.request("GET", "/db/pool").body
    report("F2", f"{len(failed)} failed after {min(failed):.2f} to {max(failed):.2f} s (timeout 3 s); p99 of another route "
           f"{1000 * p99([e - b for b, e, *_ in calm.answers]):.1f} ms before, {1000 * p99([e - b for b, e, *_ in other.answers]):.1f} ms "
           f"during; pool afterwards {state.decode().strip()}")
    assert failed and 2.7 <= min(failed) and max(failed) <= 3.3
    assert set(other.statuses()) == {200}
    assert b'"waiting":0' in state and b'"lent":0' in state
    assert server.request("GET", "/db/echo?marker=again").body == b"again"


def slow_connections(server, count, first, byte, until):
    """`count` connections that send `first` and then `byte` each second. Gives how long each lived."""
    began = time.monotonic()
    alive = {}
    for _ in range(count):
        client = socket.create_connection(server.address)
        client.sendall(first)
        client.setblocking(False)
        alive[client] = time.monotonic()
    lived = []
    rss = process.rss_kib(server.pid)
    while alive and time.monotonic() - began < until:
        for client, start in list(alive.items()):
            try:
                client.send(byte)
                gone = client.recv(4096) == b""
            except BlockingIOError:
                gone = False
            except OSError:
                gone = True
            if gone:
                lived.append(time.monotonic() - start)
                client.close()
                del alive[client]
        time.sleep(0.5)
    for client in alive:
        client.close()
    return lived, len(alive), rss


@pytest.mark.parametrize("kind, first, byte, limit", [
    ("slow heads", b"GET /ok HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"a", 10),
    ("slow bodies", b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", b"a", 30),
])
def test_f5_slow_clients(start_server, kind, first, byte, limit):
    server = start_server("mischief", "--workers", 1)
    wait_serving(server)
    server.request("GET", "/ok")
    calm = Load(server, 2, lambda n: "/ok", pause=0.002)
    time.sleep(2)
    calm.stop()
    rss = process.rss_kib(server.pid)
    during = Load(server, 2, lambda n: "/ok", pause=0.002)
    lived, left, rss_full = slow_connections(server, 1000, first, byte, limit + 10)
    during.stop()
    report("F5", f"1,000 {kind}: lived at most {max(lived):.1f} s (limit {limit} s), {left} left; "
           f"{(rss_full - rss) / 1000:.1f} KiB each; p99 of good traffic "
           f"{1000 * p99([e - b for b, e, *_ in calm.answers]):.1f} ms before, {1000 * p99([e - b for b, e, *_ in during.answers]):.1f} ms during")
    assert left == 0 and max(lived) <= limit + 3
    assert set(during.statuses()) == {200}


def test_f5_slowhttptest(start_server):
    server = start_server("mischief", "--workers", 1)
    wait_serving(server)
    for mode in ("-H", "-B", "-X"):
        target = f"{server.url}/upload" if mode == "-B" else f"{server.url}/stream?lines=100000"
        done = subprocess.run(["slowhttptest", mode, "-c", "1000", "-r", "500", "-i", "2", "-l", "14", "-u", target, "-p", "3"],
                              capture_output=True, text=True, timeout=120)
        seen = re.findall(r"service available:\S*\s+\S*?(YES|NO)", done.stdout + done.stderr)
        report("F5", f"slowhttptest {mode}: service available {collections.Counter(seen)}")
        assert "NO" not in seen
        assert server.request("GET", "/ok").status == 200


def test_f6_descriptors_run_out(start_server):
    server = start_server("mischief", "--workers", 1)
    wait_serving(server)
    (worker,) = workers(server)
    subprocess.run(["prlimit", f"--pid={worker}", "--nofile=256:256"], check=True)
    clients = []
    for _ in range(1000):
        client = socket.socket()
        client.settimeout(2)
        client.connect(server.address)
        clients.append(client)
    time.sleep(0.5)
    cpu, began = process.cpu_seconds(worker), time.monotonic()
    time.sleep(3)
    busy = (process.cpu_seconds(worker) - cpu) / (time.monotonic() - began)
    for client in clients:
        client.close()
    began = time.monotonic()
    process.wait_until(lambda: server.request("GET", "/ok").status == 200, 5, "it serving again")
    report("F6", f"1,000 connects at 256 descriptors: {100 * busy:.1f} % of a core while full (target under 5 %); served again after "
           f"{time.monotonic() - began:.2f} s; descriptors now {process.fd_count(worker)}")
    assert busy < 0.05
    process.wait_until(lambda: process.fd_count(worker) < 40, 10, "its descriptors free again")


@pytest.mark.parametrize("inject", [
    "read:error=EINTR:when=5+3", "write:error=EINTR:when=5+3", "accept4:error=EINTR:when=1+2", "epoll_wait:error=EINTR:when=3+5",
    "epoll_pwait:error=EINTR:when=3+5", "accept4:error=EMFILE:when=2+3", "accept4:error=ECONNABORTED:when=1+2",
    "accept4:error=ENOBUFS:when=2+4", "sendto:error=EPIPE:when=10+10", "sendto:error=EAGAIN:when=3+3", "sendto:error=ECONNRESET:when=5+5",
    "recvfrom:error=EINTR:when=3+3", "recvfrom:error=EIO:when=5+3", "recvfrom:error=ECONNRESET:when=5+5", "epoll_ctl:error=ENOMEM:when=2+3",
    "openat:error=EMFILE:when=1+1", "fsync:error=EIO:when=1+1", "write:error=ENOSPC:when=1+1 in the log",
])
def test_f8_system_calls_fail(start_server, tmp_path, inject):
    server = start_server("hooter", "--workers", 1, env=hooter.environment())
    hooter.wait_ready(server)
    (worker,) = workers(server)
    syscall = inject.split(":")[0]
    inject, _, where = inject.partition(" ")
    only = ["-P", str(server.log_path)] if where == "in the log" else []
    strace = subprocess.Popen(["strace", "-f", "-qq", "-o", "/dev/null", *only, "-e", f"trace={syscall}", "-e", f"inject={inject}",
                               "-p", str(worker)], stdin=subprocess.DEVNULL)
    time.sleep(0.5)
    seen = collections.Counter()
    for n in range(30):
        try:
            seen[server.request("GET", "/session", timeout=10).status] += 1
            seen[server.post_json("/login", {"email": f"a{n}@b.example", "password": "x"}, timeout=10).status] += 1
        except (OSError, http.client.HTTPException) as failure:
            seen[type(failure).__name__] += 1
    strace.terminate()
    strace.wait()
    process.wait_until(lambda: server.request("GET", "/session").status == 401, 10, "it serving")
    report("F8", f"{inject}: {dict(seen)}")
    assert workers(server) == {worker}, "the worker did not survive"
    if "EINTR" in inject:
        assert set(seen) <= {401}
    assert server.post_json("/login", {"email": "z@b.example", "password": "x"}).status == 401


@pytest.mark.parametrize("probability", ["0.002", "0.01", "0.05"])
def test_f7_memory_runs_out_at_random(tmp_path, probability):
    """Every allocation of the process may fail, those of its libraries too. What fails each of ours in turn are the unit tests
    whose names hold "torture" or "alloc"."""
    server = Server("mischief", tmp_path, "--workers", 0)
    server.args = ["fiu-run", "-x", "-f", str(tmp_path), *server.args]
    server.start()
    try:
        (pid,) = [one for one in process.tree(server.pid) if process.name_of(one) == "mischief"]
        for call in ("malloc", "calloc", "realloc"):
            subprocess.run(["fiu-ctrl", "-f", str(tmp_path), "-c", f"enable_random name=libc/mm/{call},probability={probability}", str(pid)],
                           check=True)
        seen = collections.Counter()
        for n in range(3000):
            seen[failing_request(server, n)] += 1
        for call in ("malloc", "calloc", "realloc"):
            subprocess.run(["fiu-ctrl", "-f", str(tmp_path), "-c", f"disable name=libc/mm/{call}", str(pid)], check=True)
        well = [failing_request(server, n) for n in range(30)]
        report("F7", f"allocations fail with a probability of {probability}: {dict(seen)}; afterwards {set(well)}")
        assert process.name_of(pid) == "mischief" and set(well) == {200}
    finally:
        server.kill()


def failing_request(server, n):
    method, path, body = [("POST", "/json", '{"a":[1,2,3]}'), ("GET", "/stream?lines=2000", None), ("POST", "/upload", "x" * 100000)][n % 3]
    try:
        return server.request(method, path, body, {"Content-Type": "application/json"}, timeout=10).status
    except (OSError, http.client.HTTPException) as failure:
        return type(failure).__name__


def test_10000_idle_connections(start_server):
    server = start_server("mischief", "--workers", 1, "--keep-alive", 300)
    wait_serving(server)
    (worker,) = workers(server)
    before = process.rss_kib(worker)
    clients = []
    for _ in range(10000):
        client = socket.create_connection(server.address)
        client.sendall(b"GET /ok HTTP/1.1\r\nHost: x\r\n\r\n")
        clients.append(client)
        if len(clients) % 100 == 0:
            for one in clients[-100:]:
                assert one.recv(4096).startswith(b"HTTP/1.1 200 ")
    time.sleep(1)
    with_all = process.rss_kib(worker)
    report("idle", f"10,000 idle keep-alive connections: {with_all / 1024:.1f} MB resident in the worker (limit 30 MB), "
           f"{(with_all - before) * 1024 / 10000:.0f} bytes each")
    for client in clients:
        client.close()
    assert with_all <= 30 * 1024


def test_f13_rolling_restarts_under_load(start_server):
    server = start_server("mischief", "--workers", 2)
    wait_serving(server)
    load = Wrk(f"{server.url}/ok", 8)
    for _ in range(4):
        time.sleep(1.5)
        server.signal(signal.SIGHUP)
    requests, failures = load.result()
    report("F13", f"{requests} requests over 32 keep-alive connections and 4 restarts in 6 s: failures {failures or 'none'} (target none)")
    assert not failures


def test_f14_worker_killed_under_load(start_server):
    server = start_server("mischief", "--workers", 2)
    wait_serving(server)
    time.sleep(6)       # no young worker: its replacement is not delayed
    load = Load(server, 16, lambda n: "/ok")
    time.sleep(1)
    before = workers(server)
    victim = min(before)
    killed = time.monotonic()
    os.kill(victim, signal.SIGSEGV)
    process.wait_until(lambda: len(workers(server) - before) == 1, 5, "a new worker")
    spawned = time.monotonic() - killed
    time.sleep(2)
    load.stop()
    lost = [a for a in load.answers if a[2] != 200]
    after = [e - b for b, e, s, *_ in load.answers if b > killed + 0.2]
    report("F14", f"{len(load.answers)} requests, {len(lost)} lost of at most 16 in flight; the new worker was there after "
           f"{1000 * spawned:.0f} ms (target 100 ms, this test looks every 20 ms); p99 afterwards {1000 * p99(after):.1f} ms")
    assert len(lost) <= 16
    assert spawned <= 0.15


def test_f15_stack_overflow_and_deep_json(start_server):
    server = start_server("mischief", "--workers", 1)
    wait_serving(server)
    (worker,) = workers(server)
    answer = server.request("POST", "/json", "[" * 100000, {"Content-Type": "application/json"})
    assert answer.status == 400, answer
    assert workers(server) == {worker}
    assert server.request("GET", "/deep?levels=50").status == 200
    with pytest.raises((OSError, http.client.HTTPException)):
        server.request("GET", "/deep")
    process.wait_until(lambda: "stack overflow" in server.log, 5, "a report")
    line = next(line for line in server.log.splitlines() if "stack overflow" in line)
    process.wait_until(lambda: server.request("GET", "/ok").status == 200, 10, "a new worker")
    report("F15", f"100,000 '[': {answer.status} {answer.body.decode().strip()}; recursion without end: {line!r}, then a new worker")
    assert "GET /deep" in line
