"""Who is measured, each behind the same few names: name, start(), stop(), pid, port."""

import os
import pathlib
import signal
import socket
import subprocess

from support import hooter, paths, process
from support.server import Server

START_SECONDS = 30


class Failed(Exception):
    """A candidate did not start, or died."""


class Program:
    """One that `spawn(port)` starts: a subprocess.Popen in a session of its own."""

    def __init__(self, name, spawn, log=None):
        self.name, self._spawn, self._log = name, spawn, log
        self.port = self._process = None

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        self.port = process.free_port()
        try:
            self._process = self._spawn(self.port)
            process.wait_until(self._accepts, START_SECONDS, f"{self.name} accepting connections")
        except (OSError, AssertionError) as failure:
            self.stop()
            raise Failed(f"{self.name}: {failure}") from None

    def _accepts(self):
        assert self._process.poll() is None, f"ended with {self._process.returncode}{self._tail()}"
        return process.can_connect(("127.0.0.1", self.port))

    def _tail(self):
        if not self._log or not pathlib.Path(self._log).exists():
            return ""
        lines = pathlib.Path(self._log).read_text(errors="replace").strip().splitlines()
        return f" (log: {self._log}): {lines[-1]}" if lines else ""

    def check(self, request):
        """One request must be answered with 200, or nothing that is measured means anything."""
        status = ask(self.port, request)
        if status != 200:
            raise Failed(f"{self.name}: answered {status or 'nothing'} where 200 was due{self._tail()}")

    def stop(self):
        """SIGTERM, ten seconds, SIGKILL to all that it started."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self._process.wait()
        self._process = None


def ask(port, request):
    """The status of the answer; None: there was none."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(request)
            head = connection.recv(64)
    except OSError:
        return None
    return int(head[9:12]) if head.startswith(b"HTTP/1.") else None


def _popen(command, log, env=None):
    with open(log, "ab") as output:
        return subprocess.Popen([str(one) for one in command], env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                start_new_session=True, preexec_fn=process.die_with_parent)


def _log(name):
    folder = paths.BUILD / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.log"


def limit(mode, reply, close=False):
    """A bare server: build/release/bin/limit."""
    log = _log("limit")
    return Program(f"limit {mode}", lambda port: _popen(
        [paths.binary("limit"), mode, port, reply] + (["close"] if close else []), log), log)


def program(name, label, *arguments):
    """A program of this repository, with one worker."""
    log = _log(name)
    return Program(label, lambda port: _popen(
        [paths.binary(name), "--bind", f"127.0.0.1:{port}", "--workers", 1, *arguments], log), log)


def of_candidate(candidate, database):
    """One of bench/candidates.py."""
    return Program(candidate.name, lambda port: candidate.start(port, database), _log(candidate.name))


class Hooter:
    """hooter with one worker on a database of its own, and people who are logged in."""

    name = "hooter"
    PEOPLE = 16

    def __init__(self, server, directory):
        self._database_server, self._directory = server, directory
        self._server = self._database = None

    @property
    def pid(self):
        return self._server.pid

    @property
    def port(self):
        return self._server.port

    def start(self):
        self._database = self._database_server.create_database()
        env = hooter.environment(self._database_server, self._database)
        self._server = Server("hooter", pathlib.Path(self._directory), "--workers", 1, env=env).start()
        hooter.wait_ready(self._server)
        self.people = [self._sign_up(number) for number in range(self.PEOPLE)]

    def _sign_up(self, number):
        """Gives (cookie, the body that logs in)."""
        email = f"person{number}@hooter.example"
        assert self._server.post_json("/signup", {**hooter.ADA, "email": email}).status == 200
        answer = self._server.post_json("/login", {"email": email, "password": hooter.PASSWORD})
        assert answer.status == 200, answer
        return (answer.headers["Set-Cookie"].partition(";")[0],
                b'{"email": "%s", "password": "%s"}' % (email.encode(), hooter.PASSWORD.encode()))

    def check(self, request):
        status = ask(self.port, request)
        if status != 200:
            raise Failed(f"hooter: answered {status} where 200 was due")

    def stop(self):
        if self._server and self._server.process:
            self._server.kill()
        if self._database:
            self._database_server.drop_database(self._database)
