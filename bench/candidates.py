"""Who can be measured: each candidate serves routes of the benchmark, started the same way.

A candidate has
    name        "hoot", "go", ...
    routes      the paths that it serves
    available() whether what it needs is installed
    start(port, db)  starts it on 127.0.0.1:port; db is a database.Database, or None: then only the routes that need none.
                     Gives the subprocess.Popen, which leads a process group; its output is in build/bench/NAME.log.
`end(running)` ends what start() gave, with all its processes.
"""

import os
import pathlib
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "integration"))

import peers                            # noqa: E402
from support import paths, process      # noqa: E402

LOGS = paths.BUILD / "bench"
NO_DATABASE = {"/plaintext", "/json"}
ALL = NO_DATABASE | {"/db", "/queries", "/updates", "/fortunes", "/cached-queries"}
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS")


class Candidate:
    """`command(port)` gives the arguments, `environment(db)` what is set besides; db may be None."""

    def __init__(self, name, needs, command, environment, routes=ALL):
        self.name, self.routes = name, set(routes)
        self._needs, self._command, self._environment = needs, command, environment

    def available(self):
        return all(map(os.path.exists, self._needs))

    def start(self, port, db=None):
        LOGS.mkdir(parents=True, exist_ok=True)
        environment = {key: os.environ[key] for key in INHERITED if key in os.environ}
        environment.update(self._environment(db))
        with open(LOGS / f"{self.name}.log", "ab") as log:
            return subprocess.Popen([str(part) for part in self._command(port)], env=environment, cwd=LOGS, stdin=subprocess.DEVNULL,
                                    stdout=log, stderr=log, start_new_session=True, preexec_fn=process.die_with_parent)


def hoot():
    program = paths.binaries() / "tfb"
    return Candidate("hoot", [program], lambda port: [program, "--bind", f"127.0.0.1:{port}", "--workers", 1, "--keep-alive", 75],
                     lambda db: {"TFB_DB_URL": db.url} if db else {})


CANDIDATES = [hoot(), *peers.candidates(Candidate)]


def end(running, seconds=10):
    """In order, if it can; then all that is left of its group."""
    running.terminate()
    try:
        running.wait(seconds)
    except subprocess.TimeoutExpired:
        pass
    try:
        os.killpg(running.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    running.wait()


def by_name(name):
    for candidate in CANDIDATES:
        if candidate.name == name:
            return candidate
    raise KeyError(f"no candidate '{name}'; there are {', '.join(one.name for one in CANDIDATES)}")
