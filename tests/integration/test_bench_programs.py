"""The benchmark's programs, by hand: a mistake is refused in one clear line, and nothing is left behind."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from support import paths


def refused(program, *arguments):
    """What it says, in one line."""
    done = subprocess.run([paths.binaries() / program, *map(str, arguments)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=30)
    assert done.returncode in (1, 2) and len(done.stderr.splitlines()) == 1, done
    return done.stderr


@pytest.mark.parametrize("name, text", [
    ("seconds", "nan"), ("seconds", "-1"), ("seconds", "1s"), ("warmup", "-1"), ("port", "18431x"), ("port", "65536"), ("port", ""),
    ("rate", "1e10"), ("rate", "inf"), ("rate", "0"), ("connections", "4294967297"), ("connections", "1.5"), ("connections", "0"),
])
def test_load_refuses(name, text):
    assert f"--{name} {text}" in refused("load", "--port", 1, "--requests", os.devnull, f"--{name}", text)


@pytest.mark.parametrize("arguments, text", [
    (["epoll", "70000"], "70000"), (["libuv", "8080x"], "8080x"), (["epoll", "8080", "json", "closed"], "closed"),
])
def test_limit_refuses(arguments, text):
    assert text in refused("limit", *arguments)


@pytest.mark.parametrize("loop", ["epoll", "libuv"])
def test_limit_says_that_a_port_is_in_use(loop):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port}: address already in use" in refused("limit", loop, port).lower()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_database_by_hand_leaves_nothing(tmp_path, number):
    running = subprocess.Popen([sys.executable, "-B", paths.ROOT / "bench" / "database.py"], stdout=subprocess.PIPE, text=True,
                               env={**os.environ, "TMPDIR": str(tmp_path)})
    with running:
        assert running.stdout.readline().startswith("TFB_DB_URL=")
        assert list(tmp_path.iterdir())
        running.send_signal(number)
    assert (running.returncode, list(tmp_path.iterdir())) == (0, [])
