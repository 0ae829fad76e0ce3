"""hooter's configuration: what is wrong stops the start with one clear line."""

import re
import stat
import subprocess

import pytest

from support import hooter, paths, process
from support.hooter import ADA, PASSWORD, Curl


def run(tmp_path, *args, env=None):
    """hooter until it ends by itself. Gives status and what it said on standard error."""
    done = subprocess.run([str(paths.binary("hooter")), *args], cwd=tmp_path, env={"PATH": "/usr/bin:/bin", **(env or {})},
                          capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    return done.returncode, done.stderr, done.stdout


def one_line(text):
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    return lines[0]


@pytest.mark.parametrize("args, says", [
    (["--wrokers", "2"], "--wrokers"),
    (["--workers", "many"], "--workers"),
    (["--workers", "-1"], "--workers"),
    (["--workers"], "--workers"),
    (["--workers=2000"], "1024"),
    (["--bind", "nonsense"], "nonsense"),
    (["--bind", "127.0.0.1:99999"], "99999"),
    (["--bind", "unix:"], "unix:"),
    (["--bind", "fd://77"], "77"),
    (["--log-format", "xml"], "text or json"),
    (["--env-file", "/nonexistent/env"], "/nonexistent/env"),
    (["--max-body", "12x"], "--max-body"),
    (["fly"], "fly"),
    (["serve", "routes"], "routes"),
])
def test_a_wrong_command_line_is_one_clear_line(tmp_path, args, says):
    status, err, _ = run(tmp_path, *args)
    assert status in (1, 2) and says in one_line(err), err


@pytest.mark.parametrize("env, says", [
    ({"HOOT_WORKERS": "x"}, "HOOT_WORKERS"),
    ({"HOOT_LOG_LEVEL": "loud"}, "HOOT_LOG_LEVEL"),
    ({"HOOTER_DB_HOST": "127.0.0.1"}, "HOOTER_DB_USER"),
    ({"HOOTER_DB_HOST": "127.0.0.1", "HOOTER_DB_USER": "u"}, "HOOTER_DB "),
    ({"HOOTER_DB_HOST": "127.0.0.1", "HOOTER_DB_USER": "u", "HOOTER_DB": "d", "HOOTER_DB_PORT": "http"}, "HOOTER_DB_PORT"),
    ({"HOOTER_DB_HOST": "127.0.0.1", "HOOTER_DB_USER": "u", "HOOTER_DB": "d"}, "HOOTER_SECRET_KEY"),
    ({"HOOTER_COOKIE_SECURE": "maybe"}, "HOOTER_COOKIE_SECURE"),
    ({"HOOT__WORKER": "1:1"}, "HOOT__WORKER"),
])
def test_a_wrong_variable_is_one_clear_line(tmp_path, env, says):
    status, err, _ = run(tmp_path, env=env)
    assert status == 2 and says in one_line(err) + " ", err


@pytest.mark.parametrize("url", ["nonsense://x", "mysql://u:p@h:99999/d", "mysql://h/d?nonsense=1", "no url"])
def test_a_wrong_url_is_one_clear_line(tmp_path, url):
    for command in ("serve", "check"):
        status, err, _ = run(tmp_path, command, env={"HOOTER_DB_URL": url, "HOOTER_SECRET_KEY": "k"})
        assert status == 2 and one_line(err), err


def test_two_databases_are_one_too_many(tmp_path):
    status, err, _ = run(tmp_path, env={"HOOTER_DB_URL": "sqlite:x.db", "HOOTER_DB_HOST": "127.0.0.1", "HOOTER_SECRET_KEY": "k"})
    assert status == 2 and "both set" in one_line(err)


def test_an_address_in_use_is_one_clear_line(tmp_path, hooter_server):
    server = hooter_server("--workers", 2, env=hooter.environment())
    for workers in ("1", "2", "0"):
        status, err, _ = run(tmp_path, "--bind", server.bind, "--workers", workers, env=hooter.environment())
        assert status == 1 and server.bind in one_line(err) and "in use" in err


def test_help_version_routes_and_check(tmp_path):
    status, err, out = run(tmp_path, "--help")
    assert status == 0 and not err and "HOOTER_DB_HOST" in out and "--workers" in out and "127.0.0.1:8800" in out
    status, err, out = run(tmp_path, "version")
    assert status == 0 and re.match(r"hooter \d+\.\d+\.\d+", out)
    status, err, out = run(tmp_path, "routes")
    assert status == 0 and re.search(r"^POST\s+/login", out, re.M) and re.search(r"^GET\s+/session", out, re.M)
    status, err, out = run(tmp_path, "check")
    assert (status, err) == (0, "") and "whole" in out


def test_without_a_secret_sqlite_gets_one_of_its_own(tmp_path, hooter_server):
    server = hooter.wait_ready(hooter_server("--workers", 2))
    key = tmp_path / "var" / "secret.key"
    assert re.fullmatch("[0-9a-f]{64}", key.read_text())
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert server.log.count("made a key in var/secret.key") == 1
    curl = Curl(server, tmp_path)
    curl("POST", "/signup", ADA)
    curl("POST", "/login", {"email": ADA["email"], "password": PASSWORD})
    server.stop()
    server.start()      # the key is the same one after a restart
    assert Curl(server, tmp_path)("GET", "/session")[0] == 200
    assert server.log.count("made a key in") == 1


def test_an_env_file_is_read_and_what_is_set_wins(tmp_path, hooter_server):
    (tmp_path / ".env").write_text("HOOTER_SECRET_KEY=from the file\nHOOT_WORKERS='3'\nexport HOOT_LOG_FORMAT=json\n")
    server = hooter.wait_ready(hooter_server(env={"HOOT_WORKERS": "1"}))
    assert '"level":' in server.log and "with 1 worker" in server.log
    assert not (tmp_path / "var" / "secret.key").exists()


def test_it_listens_on_a_unix_socket(tmp_path, hooter_server):
    server = hooter_server("--workers", 2, bind=f"unix:{tmp_path}/hooter.sock", env=hooter.environment())
    hooter.wait_ready(server)
    assert server.request("GET", "/session").status == 401
    server.stop()
    assert not (tmp_path / "hooter.sock").exists()


def test_it_serves_in_one_process(tmp_path, hooter_server):
    server = hooter.wait_ready(hooter_server("--workers", 0, env=hooter.environment()))
    assert process.tree(server.pid) == [server.pid]
    assert server.request("GET", "/session").status == 401


def test_origins_that_are_allowed_may_ask_with_cookies(tmp_path, hooter_server):
    server = hooter_server("--workers", 1, env=hooter.environment(HOOTER_CORS_ORIGINS="https://app.hooter.example"))
    hooter.wait_ready(server)
    allowed = server.request("GET", "/session", headers={"Origin": "https://app.hooter.example"})
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://app.hooter.example"
    assert allowed.headers["Access-Control-Allow-Credentials"] == "true"
    other = server.request("GET", "/session", headers={"Origin": "https://evil.example"})
    assert other.headers["Access-Control-Allow-Origin"] is None
    assert "Origin" in other.headers["Vary"]
