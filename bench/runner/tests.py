"""What is measured. Each test has a name, a title, how long it is planned to take, and run(), which gives its result for JSON."""

import dataclasses
import json
import os
import resource
import select
import socket
import statistics
import subprocess
import tempfile
import time

from support import paths, process

from . import load, measure, servers, usage

HOOT = "hoot"
START_S = 0.6           # of starting and checking one program, for the plan
IDLE_CONNECTIONS = 10_000
WAITING_REQUESTS = 2_000


def kind_of(name):
    return "limit" if name.startswith("limit") else "hoot" if name in (HOOT, "echo", "hooter") else "peer"


class HalfLoad:
    """The rate that is half of what a program does at full load: of the median of what it has done so far. It is tried in each round
    anew, as everybody is, since what else happens on the machine takes from it; and again, while the host disturbs it."""

    TRY_S = 0.5

    def __init__(self, patience):
        self._patience, self._most = patience, []

    def rate(self, program, player, first):
        for _ in range(3 if first else 1):
            warmup_s = 0.1 if self._most else 1.0
            most, _ = self._patience.measure(lambda: player.run(program.port, program.pid, warmup_s, self.TRY_S))
            self._most.append(most["requests_per_s"])
        return max(statistics.median(self._most) / 2, 1.0)


@dataclasses.dataclass(frozen=True)
class Http:
    """Requests for one path. What `figures` names is drawn; `ratio_of` is compared with the row `ratio_to`."""

    name: str
    title: str
    path: str = "/"
    connections: int = 256
    depth: int = 1
    reply: str = ""             # what the bare servers answer; "": they are no candidates
    close: bool = False
    half: bool = False          # at a constant rate: half of the most that each can do
    idle: int = 0               # connections besides, which do nothing
    statements: int = 0         # a request makes, for the ratio to the bare client; 0: that is no candidate
    asks: tuple = ()            # the bare client, besides
    peers: bool = True

    @property
    def figures(self):
        return ["undisturbed_p99_us"] if self.half else ["requests_per_cpu_s", "requests_per_s"]

    @property
    def ratio_to(self):
        return "limit epoll" if self.reply else "limit mysql" if self.statements else ""

    @property
    def ratio_of(self):
        return "undisturbed_p99_us" if self.half else "requests_per_cpu_s" if self.reply else "requests_per_s"

    @property
    def route(self):
        return self.path.partition("?")[0]

    def needs_database(self):
        return self.route not in ("/plaintext", "/json", "/")

    def candidates(self, context):
        return [one for one in context.candidates(self.peers) if self.route in one.routes]

    def _labels(self, context):
        bare = ["limit epoll", "limit libuv"] if self.reply else ["limit mysql"] if self.statements else []
        return bare + [one.name for one in self.candidates(context)]

    def _extra_s(self):
        return 1.5 if self.idle else HalfLoad.TRY_S + 0.2 if self.half else 0.0

    def settings(self, context):
        """Rounds at a rate are about twice as many, since few requests make a p99; an odd number of them, too."""
        return dataclasses.replace(context.settings, rounds=2 * context.settings.rounds - 1) if self.half else context.settings

    def planned_s(self, context):
        rows = len(self._labels(context))
        return measure.planned_s(self.settings(context), rows, self._extra_s()) + rows * START_S

    def programs(self, context):
        bare = [servers.limit(mode, self.reply, self.close) for mode in ("epoll", "libuv")] if self.reply else []
        database = context.database() if self.needs_database() else None
        return bare + [servers.of_candidate(one, database) for one in self.candidates(context)]

    def requests(self, _programs):
        return [load.request(self.path, close=self.close)]

    def run(self, context):
        if self.idle:
            need_descriptors(self.idle + 1000)
        programs = self.programs(context)
        with measure.started(context.cores, programs, load.request(self.path)) as (ready, failed):
            player = load.Load(self.requests(ready), self.connections, self.depth, self.close, context.cores.busy)
            try:
                rows = [self._bare_client(context)] if self.statements else []
                rows += [measure.Row(one.name, kind_of(one.name), self._measure(one, player, context.patience)) for one in ready]
                measure.run_rounds(self.settings(context), rows, context.progress, context.patience, self._extra_s())
            finally:
                player.close()
        return measure.summary(rows, failed, self.ratio_to, self.ratio_of, kind_of)

    def _measure(self, program, player, patience):
        half = HalfLoad(patience) if self.half else None

        def once(warmup_s, seconds, first):
            rate = half.rate(program, player, first) if half else None
            return player.run(program.port, program.pid, warmup_s, seconds, rate)

        def among_idle(warmup_s, seconds, first):
            with idle_connections(program, self.idle, load.request(self.path)):
                return once(warmup_s, seconds, first)
        return among_idle if self.idle else once

    def _bare_client(self, context):
        """The bare pipelined client as a row: its statements, as requests of so many each."""
        database = context.database()
        rate, busy = [20_000.0], context.cores.busy

        def once(warmup_s, seconds, _first):
            count = max(int(rate[0] * (warmup_s + seconds)), 1000)
            with context.cores.on(context.cores.server):
                command = [paths.binary("limit"), "mysql", database.server.socket, context.plain_user(), database.name, "4", "64",
                           str(count), *self.asks]
                stolen = usage.stolen_s(busy)
                done = subprocess.run(list(map(str, command)), capture_output=True, text=True, preexec_fn=process.die_with_parent)
                stolen = usage.stolen_s(busy) - stolen
            if done.returncode:
                raise load.LoadFailed(done.stderr.strip())
            figures = json.loads(done.stdout)
            rate[0] = count / figures["wall_s"]
            return {"requests_per_s": rate[0] / self.statements,
                    "requests_per_cpu_s": count / self.statements / figures["cpu_s"],
                    "cpu_us": 1e6 * figures["cpu_s"] / count * self.statements, "errors": 0,
                    "stolen": stolen / len(busy) / figures["wall_s"]}
        return measure.Row("limit mysql", "limit", once)


@dataclasses.dataclass(frozen=True)
class Upload(Http):
    """1 MiB to and fro, by examples/echo: tfb has no route that takes a body."""

    peers: bool = False

    def _labels(self, context):
        return ["limit epoll", "echo"]

    def programs(self, context):
        return [servers.limit("epoll", "echo"), servers.program("echo", "echo")]

    def requests(self, _programs):
        return [load.request("/", "POST", bytes(1024 * 1024), ["Content-Type: application/octet-stream"])]

    def run(self, context):
        with measure.started(context.cores, self.programs(context), None) as (ready, failed):
            player = load.Load(self.requests(ready), self.connections, watch=context.cores.busy)
            try:
                rows = [measure.Row(one.name, kind_of(one.name), self._measure(one, player, context.patience)) for one in ready]
                measure.run_rounds(context.settings, rows, context.progress, context.patience)
            finally:
                player.close()
        return measure.summary(rows, failed, self.ratio_to, self.ratio_of, kind_of)


@dataclasses.dataclass(frozen=True)
class HooterMix(Http):
    """Of ten requests seven ask for the session, two for the credentials, and one logs in: with the cost of its password hash."""

    peers: bool = False

    def needs_database(self):
        return True

    def _labels(self, context):
        return ["hooter"]

    def requests(self, programs):
        mix = []
        for cookie, login in programs[0].people:
            session, credentials = (load.request(path, headers=[f"Cookie: {cookie}"])
                                    for path in ("/session", "/request-user-credentials"))
            log_in = load.request("/login", "POST", login, ["Content-Type: application/json"])
            mix += [session, session, credentials, session, session, log_in, session, session, credentials, session]
        return mix

    def run(self, context):
        with tempfile.TemporaryDirectory(prefix="hoot-bench-") as directory:
            hooter = servers.Hooter(context.database().server, directory)
            try:
                with context.cores.on(context.cores.server):
                    hooter.start()
                player = load.Load(self.requests([hooter]), self.connections, watch=context.cores.busy)
                rows = [measure.Row("hooter", "hoot", self._measure(hooter, player, context.patience))]
                measure.run_rounds(context.settings, rows, context.progress, context.patience)
                player.close()
            except AssertionError as failure:
                raise servers.Failed(str(failure)) from None
            finally:
                hooter.stop()
        return measure.summary(rows, {}, "", "", kind_of)


@dataclasses.dataclass(frozen=True)
class Flat(Http):
    """The same requests, at the same constant rate, over more and more connections: what each of them costs besides. A quarter of
    the most that the server can do: at half of it, the load generator's own core is nearly full, and what waits there is measured."""

    levels: tuple = (32, 256, 1024, 4096)
    half: bool = True
    peers: bool = False

    def programs(self, context):
        return [one for one in super().programs(context) if one.name in ("limit epoll", HOOT)]

    def _labels(self, context):
        return [name for name in super()._labels(context) if name in ("limit epoll", HOOT)] * len(self.levels)

    def run(self, context):
        need_descriptors(max(self.levels) + 1000)
        players = {level: load.Load(self.requests(None), level, watch=context.cores.busy) for level in self.levels}
        try:
            with measure.started(context.cores, self.programs(context), load.request(self.path)) as (ready, failed):
                rows = [row for one in ready for row in self._rows(one, players, context.patience)]
                measure.run_rounds(self.settings(context), rows, context.progress, context.patience)
        finally:
            for player in players.values():
                player.close()
        return measure.summary(rows, failed, self.ratio_to, self.ratio_of, kind_of)

    @property
    def figures(self):
        return ["cpu_us", "undisturbed_p99_us"]

    @property
    def ratio_to(self):
        return f"{HOOT}, {self.levels[0]}"

    @property
    def ratio_of(self):
        return "cpu_us"

    def _rows(self, program, players, patience):
        """All levels of a round have the rate of the first, the fewest connections."""
        half, rate = HalfLoad(patience), [None]

        def at_level(level):
            def once(warmup_s, seconds, first):
                if level == self.levels[0]:
                    rate[0] = half.rate(program, players[level], first) / 2
                return players[level].run(program.port, program.pid, warmup_s, seconds, rate[0])
            return once
        return [measure.Row(f"{program.name}, {level}", kind_of(program.name), at_level(level)) for level in self.levels]


@dataclasses.dataclass(frozen=True)
class IdleMemory(Http):
    """Connections that asked once and stay open."""

    @property
    def figures(self):
        return ["rss_mib", "kib_each"]

    @property
    def ratio_to(self):
        return ""

    def planned_s(self, context):
        return len(self._labels(context)) * (START_S + 2.0)

    def run(self, context):
        need_descriptors(IDLE_CONNECTIONS + 1000)
        rows = []
        request = load.request(self.path)
        with measure.started(context.cores, self.programs(context), request) as (ready, failed):
            for program in ready:
                context.progress.step(program.name, 2.0)
                row = measure.Row(program.name, kind_of(program.name), None)
                rows.append(row)
                try:
                    row.rounds.append(self._measure_one(context, program, request))
                except servers.Failed as failure:
                    row.failed = str(failure)
        return measure.summary(rows, failed, self.ratio_to, self.ratio_of, kind_of)

    def _measure_one(self, context, program, request):
        _, before = usage.memory_kib(program.pid)
        with idle_connections(program, IDLE_CONNECTIONS, request):
            rss, pss = usage.memory_kib(program.pid)
        return {"rss_mib": rss / 1024, "pss_mib": pss / 1024, "kib_each": (pss - before) / IDLE_CONNECTIONS, "errors": 0}


@dataclasses.dataclass(frozen=True)
class WaitingMemory(IdleMemory):
    """Requests that wait on the database, while another client holds a lock on their table: memory beside that of the same
    connections idle."""

    peers: bool = False

    @property
    def figures(self):
        return ["kib_each"]

    def _measure_one(self, context, program, request):
        with idle_connections(program, WAITING_REQUESTS, request) as connections:
            _, before = usage.memory_kib(program.pid)
            lock = context.database().connect()
            try:
                with lock.cursor() as cursor:
                    cursor.execute("LOCK TABLES World WRITE")
                    for one in connections:
                        one.sendall(request)
                    rss, pss = settled_memory(program.pid)
                    cursor.execute("UNLOCK TABLES")
            finally:
                lock.close()
            answered = sum(read_status(one) == 200 for one in connections)
            if answered < len(connections):
                raise servers.Failed(f"{len(connections) - answered} of {len(connections)} requests that waited were not answered "
                                     "with 200")
        return {"rss_mib": rss / 1024, "pss_mib": pss / 1024, "kib_each": (pss - before) / WAITING_REQUESTS, "errors": 0}


# --- connections of our own ---

def need_descriptors(count):
    """Raise the limit of open descriptors as far as it goes; what is started inherits it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise servers.Failed(f"{count} open descriptors are needed, and `ulimit -Hn` says {hard}")
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def read_status(connection):
    try:
        head = connection.recv(65536)
    except OSError:
        return None
    return int(head[9:12]) if head.startswith(b"HTTP/1.") else None


class idle_connections:
    """`count` connections, each of which asked once and was answered. Those that the server closes before the end are a failure:
    they would not be measured."""

    BATCH = 500

    def __init__(self, program, count, request):
        self._program, self._count, self._request = program, count, request
        self._connections = []

    def __enter__(self):
        try:
            while len(self._connections) < self._count:
                self._open(min(self.BATCH, self._count - len(self._connections)))
        except OSError as failure:
            self._close()
            raise servers.Failed(f"{self._program.name}: opening connection {len(self._connections) + 1}: {failure}") from None
        return self._connections

    def _open(self, count):
        batch = []
        for _ in range(count):
            one = socket.create_connection(("127.0.0.1", self._program.port), timeout=20)
            self._connections.append(one)
            batch.append(one)
        for one in batch:
            one.sendall(self._request)
        for one in batch:
            if read_status(one) != 200:
                raise OSError("not answered with 200")

    def __exit__(self, kind, *_):
        try:
            closed = self._closed()
            if closed and kind is None:
                raise servers.Failed(f"{self._program.name} closed {closed} of {self._count} idle connections")
        finally:
            self._close()

    def _closed(self):
        poll = select.poll()
        for one in self._connections:
            poll.register(one, select.POLLRDHUP)
        return len(poll.poll(0))

    def _close(self):
        for one in self._connections:
            one.close()
        self._connections.clear()


def settled_memory(pid, seconds=5.0):
    """(RSS, PSS) once they do not grow any more."""
    last, end = (0, 0), time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.25)
        now = usage.memory_kib(pid)
        if now[0] <= last[0]:
            return now
        last = now
    return last


TESTS = [
    Http("plaintext-32", "Plaintext, 32 connections", "/plaintext", 32, reply="plaintext", peers=False),
    Http("plaintext-256", "Plaintext, 256 connections", "/plaintext", 256, reply="plaintext"),
    Http("plaintext-pipelined", "Plaintext, 256 connections, 16 requests pipelined", "/plaintext", 256, depth=16, reply="plaintext"),
    Http("json-32", "JSON, 32 connections", "/json", 32, reply="json", peers=False),
    Http("json-256", "JSON, 256 connections", "/json", 256, reply="json"),
    Http("db-256", "One query, 256 connections", "/db", 256, statements=1),
    Http("queries-20", "20 queries, 64 connections", "/queries?queries=20", 64, statements=20),
    Http("fortunes", "Fortunes, 256 connections", "/fortunes", 256, statements=1, asks=("fortunes",)),
    Http("updates-20", "20 updates, 64 connections", "/updates?queries=20", 64, statements=20),
    Http("cached-queries-100", "100 cached queries, 64 connections", "/cached-queries?count=100", 64, reply="cached-queries"),
    Http("json-half", "JSON at half of the most that each can do", "/json", 256, reply="json", half=True),
    Http("db-half", "One query at half of the most that each can do", "/db", 256, half=True),
    Flat("connections", "JSON at one rate over 32 to 4,096 connections", "/json", reply="json"),
    Http("short-connections", "JSON, a connection for each request", "/json", 64, reply="json", close=True),
    Http("busy-64-of-10000", "JSON, 64 busy connections of 10,000", "/json", 64, reply="json", idle=IDLE_CONNECTIONS - 64),
    Upload("bodies-1-mib", "1 MiB to and fro, 32 connections", "/", 32, reply="echo"),
    HooterMix("hooter", "hooter: 70 % session, 20 % credentials, 10 % login", "/session", 64),
    IdleMemory("idle-memory", "Memory with 10,000 idle connections", "/json", reply="json"),
    WaitingMemory("waiting-memory", "Memory of a request that waits on the database", "/db"),
]
