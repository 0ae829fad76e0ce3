"""bench/tfb keeps the benchmark's rules; so do the peers that it is compared with, where they are installed."""

import sys

import pytest

from support import paths, process

sys.path.insert(0, str(paths.ROOT / "bench"))

import candidates       # noqa: E402
import checker          # noqa: E402
from database import Database       # noqa: E402


@pytest.fixture
def world(mariadb):
    """The benchmark's database."""
    made = Database(mariadb)
    yield made
    mariadb.revive()
    made.close()


@pytest.fixture
def tfb(start_server, world):
    return start_server("tfb", "--workers", 1, env={"TFB_DB_URL": world.url})


@pytest.mark.parametrize("route", checker.CHECKS)
def test_keeps_the_rules(tfb, world, route):
    assert checker.check(tfb.url, {route}, world) == []


def test_two_workers_answer_as_one(start_server, world):
    server = start_server("tfb", "--workers", 2, env={"TFB_DB_URL": world.url})
    assert checker.check(server.url, set(checker.CHECKS), world) == []


def test_date_changes_on_a_kept_connection_too(tfb):
    connection = tfb.connection()

    def date():
        connection.request("GET", "/plaintext")
        response = connection.getresponse()
        response.read()
        return response.headers["Date"]

    first = date()
    process.wait_until(lambda: date() != first, 3, "another Date")
    connection.close()


def test_without_a_database_two_routes_are_left(start_server):
    server = start_server("tfb", "--workers", 1)
    assert checker.check(server.url, candidates.NO_DATABASE) == []
    assert server.request("GET", "/db").status == 404


def test_a_row_that_is_not_there_is_a_plain_failure(tfb, world):
    connection = world.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM World")
    answer = tfb.request("GET", "/db")
    assert (answer.status, b"World" in answer.body) == (404, False)
    assert tfb.request("GET", "/updates?queries=3").status == 404


def test_a_row_that_holds_no_number_is_a_failure(tfb, world):
    connection = world.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("ALTER TABLE World MODIFY randomNumber INT NULL")
        cursor.execute("UPDATE World SET randomNumber = NULL")
    for path in ("/db", "/queries?queries=20", "/updates?queries=20", "/cached-queries?count=3"):
        answer = tfb.request("GET", path)
        assert (answer.status, b"randomNumber" in answer.body) == (500, False), path


@pytest.mark.parametrize("column", ["VARCHAR(2048) NULL", "INT NULL"])
def test_a_fortune_that_is_no_text_is_a_failure(tfb, world, column):
    connection = world.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM Fortune")
        cursor.execute(f"ALTER TABLE Fortune MODIFY message {column}")
        cursor.execute("INSERT INTO Fortune (id, message) VALUES (1, %s)", (None if "VARCHAR" in column else 7,))
    assert tfb.request("GET", "/fortunes").status == 500
    assert tfb.request("GET", "/plaintext").status == 200


def test_the_checker_sees_what_is_wrong(start_server, world):
    """Another service of ours breaks nearly every rule."""
    server = start_server("hello")
    problems = checker.check(server.url, set(checker.CHECKS), world)
    for route in checker.CHECKS:
        assert any(problem.startswith(route) for problem in problems), (route, problems)


@pytest.mark.peers
@pytest.mark.parametrize("name", [one.name for one in candidates.CANDIDATES if one.name != "hoot"])
def test_peers_keep_the_rules(name, world):
    candidate = candidates.by_name(name)
    if not candidate.available():
        pytest.skip(f"{name} is not installed: ./dev bench --peers")
    port = process.free_port()
    running = candidate.start(port, world)
    try:
        process.wait_until(lambda: process.can_connect(("127.0.0.1", port)), 30, f"{name} accepting")
        assert checker.check(f"http://127.0.0.1:{port}", candidate.routes, world) == []
    finally:
        candidates.end(running)
