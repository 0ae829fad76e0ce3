"""Executables of the build, started as a user would start them and watched while they run."""

import collections
import http.client
import json
import os
import re
import signal
import socket
import subprocess

from . import paths, process

# What a sanitizer prints when it found something.
_REPORT = re.compile(rb"(ERROR: (Address|Leak|Thread|Memory)Sanitizer|runtime error: |DEADLYSIGNAL)")
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS")

Answer = collections.namedtuple("Answer", "status headers body")


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Server:
    """One running executable. `bind` is "127.0.0.1:PORT" (default: a free one) or "unix:PATH".

    The environment holds what is given in `env` and a few harmless variables, nothing else of the tests' own.
    """

    def __init__(self, name, directory, *args, env=None, bind=None):
        self.name = name
        self.directory = directory
        self.bind = bind or f"127.0.0.1:{process.free_port()}"
        self.log_path = directory / f"{name}.{self.bind.rpartition(':')[2].strip('/').replace('/', '_')}.log"
        self.args = [str(paths.binary(name)), "--bind", self.bind, *map(str, args)]
        self.env = {key: os.environ[key] for key in _INHERITED if key in os.environ}
        self.env.update(env or {})
        self.process = None

    @property
    def address(self):
        if self.bind.startswith("unix:"):
            return self.bind[len("unix:"):]
        host, _, port = self.bind.rpartition(":")
        return host, int(port)

    @property
    def port(self):
        return self.address[1]

    @property
    def url(self):
        return f"http://{self.bind}"

    @property
    def pid(self):
        return self.process.pid

    @property
    def log(self):
        """Everything it has printed so far, standard output and error together."""
        return self.log_path.read_text(errors="replace")

    def start(self, seconds=30):
        """Start it; returns when it accepts connections."""
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.args, cwd=self.directory, env=self.env, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True,
                                            preexec_fn=process.die_with_parent)
        process.wait_until(self._accepts, seconds, f"{self.name} accepting at {self.bind}")
        return self

    def _accepts(self):
        assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}:\n{self.log}"
        return process.can_connect(self.address)

    def signal(self, number):
        os.kill(self.pid, number)

    def stop(self, seconds=40):
        """SIGTERM; it must then end by itself, with status 0 and with nothing for a sanitizer to say."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {seconds} s of SIGTERM:\n{self.log}") from None
        self.assert_clean()
        assert status == 0, f"{self.name} ended with {status}:\n{self.log}"

    def assert_clean(self):
        report = _REPORT.search(self.log_path.read_bytes())
        assert not report, f"a sanitizer has something to say about {self.name}:\n{self.log}"

    def kill(self):
        """End it and all that it started, at once. Only for cleaning up."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def connection(self, timeout=30):
        """A http.client connection to it."""
        if self.bind.startswith("unix:"):
            return _UnixConnection(self.address, timeout)
        return http.client.HTTPConnection(*self.address, timeout=timeout)

    def request(self, method, path, body=None, headers=None, timeout=30):
        """One request on a connection of its own. Gives status, headers, body."""
        connection = self.connection(timeout)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def post_json(self, path, value, headers=None, timeout=30):
        headers = {"Content-Type": "application/json", **(headers or {})}
        return self.request("POST", path, json.dumps(value), headers, timeout)
