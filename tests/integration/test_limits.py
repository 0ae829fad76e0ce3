"""What an operator can set: limits and logs, on the command line."""

import json
import re
import socket
import time

from support import process
from test_restart import wait_serving


def test_the_body_limit_holds_where_a_route_sets_none(start_server):
    server = start_server("mischief", "--workers", 1, "--max-body", 1000)
    wait_serving(server)
    body = json.dumps("x" * 900)
    assert server.request("POST", "/json", body, {"Content-Type": "application/json"}).status == 200
    assert server.request("POST", "/json", json.dumps("x" * 1000), {"Content-Type": "application/json"}).status == 413
    assert server.request("POST", "/upload", "x" * 5000).status == 200      # a route with a limit of its own


def test_the_request_timeout_holds_where_a_route_sets_none(start_server):
    server = start_server("mischief", "--workers", 1, "--request-timeout", 1)
    wait_serving(server)
    began = time.monotonic()
    assert server.request("GET", "/sleep?ms=20000").status == 503
    assert 0.9 <= time.monotonic() - began < 20
    assert server.request("GET", "/impatient?ms=20000").status == 503


def test_heads_over_the_limit_are_431(start_server):
    server = start_server("mischief", "--workers", 1, "--max-head", 2048)
    wait_serving(server)
    assert server.request("GET", "/ok", headers={"X-Long": "x" * 1500}).status == 200
    assert server.request("GET", "/ok", headers={"X-Long": "x" * 3000}).status == 431
    assert server.request("GET", "/" + "x" * 3000).status == 414


def test_too_many_requests_at_once_are_503(start_server):
    server = start_server("mischief", "--workers", 1, "--max-in-flight", 2)
    wait_serving(server)
    waiting = [socket.create_connection(server.address) for _ in range(2)]
    for one in waiting:
        one.sendall(b"GET /sleep?ms=3000 HTTP/1.1\r\nHost: x\r\n\r\n")
    time.sleep(0.3)
    answer = server.request("GET", "/ok")
    assert answer.status == 503 and answer.headers["Retry-After"]
    for one in waiting:
        assert one.recv(4096).startswith(b"HTTP/1.1 200 ")
        one.close()
    assert server.request("GET", "/ok").status == 200


def test_idle_connections_are_closed_after_the_keep_alive_time(start_server):
    server = start_server("mischief", "--workers", 1, "--keep-alive", 1)
    wait_serving(server)
    with socket.create_connection(server.address) as client:
        client.sendall(b"GET /ok HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
        client.settimeout(30)
        began = time.monotonic()
        assert client.recv(4096) == b""
        assert time.monotonic() - began >= 0.8


def test_a_client_that_goes_away_cancels_its_request(start_server):
    server = start_server("mischief", "--workers", 1, "--log-level", "debug")
    wait_serving(server)
    with socket.create_connection(server.address) as client:
        client.sendall(b"GET /sleep?ms=60000 HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.3)
    process.wait_until(lambda: "the client went away" in server.log, 10, "the request cancelled")


def test_the_access_log_cannot_be_forged(start_server, tmp_path):
    server = start_server("mischief", "--workers", 2, "--access-log", tmp_path / "access.log")
    wait_serving(server)
    server.request("GET", "/ok?x=1", headers={"User-Agent": 'evil"agent\\ \xe9', "Referer": "http://r.example/"})
    server.request("GET", "/nothing-there")
    process.wait_until(lambda: (tmp_path / "access.log").read_text().count("\n") == 2, 5, "two lines")
    first, second = (tmp_path / "access.log").read_text().splitlines()
    assert re.fullmatch(r'127\.0\.0\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET /ok\?x=1 HTTP/1\.1" 200 3 '
                        r'"http://r\.example/" "evil\\x22agent\\x5c \\xe9" \d+', first), first
    assert '"GET /nothing-there HTTP/1.1" 404 ' in second


def test_requests_that_are_refused_are_in_the_access_log(start_server, tmp_path):
    server = start_server("mischief", "--workers", 1, "--access-log", tmp_path / "access.log")
    wait_serving(server)
    with socket.create_connection(server.address) as client:
        client.sendall(b"GET /ok HTTP/1.1\r\nHost : x\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 400 ")
    line = process.wait_until(lambda: (tmp_path / "access.log").read_text(), 5, "a line")
    assert '"- - HTTP/1.1" 400 ' in line


def test_the_access_log_in_json(start_server, tmp_path):
    server = start_server("mischief", "--workers", 1, "--access-log", tmp_path / "access.log", "--log-format", "json")
    process.wait_until(lambda: '"text":"mischief serves on' in server.log, 20, "it serving")
    server.request("GET", "/ok", headers={"User-Agent": 'evil"agent\\ \xe9'})
    line = process.wait_until(lambda: (tmp_path / "access.log").read_text(), 5, "a line")
    value = json.loads(line)
    assert (value["method"], value["target"], value["status"], value["bytes"]) == ("GET", "/ok", 200, 3)
    assert value["agent"] == 'evil"agent\\ \xe9'
    assert all(json.loads(one)["level"] for one in server.log.splitlines())


def test_a_leaked_connection_is_reported_with_its_place(start_server, mariadb, database):
    url = f"mysql://{mariadb.user}:{mariadb.password}@127.0.0.1:{mariadb.port}/{database}"
    server = start_server("mischief", "--workers", 1, env={"MISCHIEF_DB_URL": url})
    for _ in range(10):     # more than the pool has
        assert server.request("GET", "/db/leak").status == 200
    assert re.search(r"main\.c:\d+", server.log), server.log
    assert json.loads(server.request("GET", "/db/pool").body)["leaked"] == 10
    assert server.request("GET", "/db/echo?marker=fine").body == b"fine"
