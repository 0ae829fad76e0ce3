"""hooter as its users meet it, on SQLite and on MariaDB, with two workers: every route, every wrong input."""

import hashlib
import re
import sqlite3

import pytest

from support import hooter
from support.hooter import ADA, PASSWORD, Curl


class Stack:
    """A running hooter and a way to look at its tables."""

    def __init__(self, server, rows, change):
        self.server, self.rows, self.change = server, rows, change


@pytest.fixture(params=["sqlite", "mariadb"])
def stack(request, hooter_server, tmp_path):
    if request.param == "sqlite":
        server = hooter_server("--workers", 2, env=hooter.environment())

        def change(sql, *values):
            with sqlite3.connect(tmp_path / "var" / "hooter.db", timeout=10) as connection:
                return connection.execute(sql, values).fetchall()
    else:
        mariadb, database = request.getfixturevalue("mariadb"), request.getfixturevalue("database")
        server = hooter_server("--workers", 2, env=hooter.environment(mariadb, database))

        def change(sql, *values):
            with mariadb.connect(database=database) as connection, connection.cursor() as cursor:
                cursor.execute(sql.replace("?", "%s"), values)
                return cursor.fetchall()
    hooter.wait_ready(server)
    return Stack(server, change, change)


@pytest.fixture
def curl(stack, tmp_path):
    return Curl(stack.server, tmp_path)


def test_signup_login_session_credentials_logout(stack, curl):
    assert curl("GET", "/session")[:2] == (401, {"login": "deny"})
    assert curl("POST", "/signup", ADA)[:2] == (200, {"status": "ok"})
    assert curl("GET", "/session")[:2] == (401, {"login": "deny"})

    status, body, headers = curl("POST", "/login", {"email": ADA["email"], "password": PASSWORD})
    assert (status, body["status"]) == (200, "ok")
    cookie = headers["set-cookie"][0]
    assert re.fullmatch(r"session=[\w.-]+; HttpOnly; Path=/; SameSite=Lax", cookie), cookie

    for _ in range(4):      # whichever worker answers
        assert curl("GET", "/session")[:2] == (200, {"login": "ok"})
    status, body, headers = curl("GET", "/request-user-credentials")
    assert (status, body) == (200, {"status": "ok", "user_data": {
        "name": "Ada Lovelace", "number": "+919876543210", "email": "ada@hooter.example",
        "designation": "Owner", "access": "full"}})
    assert headers["vary"] == ["Cookie"]
    assert headers["content-type"] == ["application/json"]

    status, body, headers = curl("POST", "/logout")
    assert (status, body) == (200, {"status": "ok"})
    assert headers["set-cookie"] == [
        "session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Path=/; SameSite=Lax"]
    assert curl("GET", "/session")[:2] == (401, {"login": "deny"})
    assert curl("GET", "/request-user-credentials")[:2] == (401, {"login": "deny"})


def test_what_is_stored(stack, curl):
    curl("POST", "/signup", {**ADA, "designation": "Analyst", "email": "Ada@Hooter.Example"})
    ((user_id, password, email, designation),) = stack.rows(
        "SELECT user_id, user_password, user_email, user_designation FROM users")
    assert re.fullmatch(r"user_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}20\d{6}", user_id)
    assert password.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (email, designation) == ("ada@hooter.example", "Analyst")


def test_an_email_registers_once(stack, curl):
    assert curl("POST", "/signup", ADA)[0] == 200
    for email in (ADA["email"], ADA["email"].upper()):
        assert curl("POST", "/signup", {**ADA, "email": email})[:2] == (409, {"status": "already_registered"})
    assert stack.rows("SELECT COUNT(*) FROM users")[0][0] == 1


@pytest.mark.parametrize("stack", ["sqlite"], indirect=True)
@pytest.mark.parametrize("field, values", [
    ("name", [None, "", "   ", 7, "x" * 101, "a\nb"]),
    ("number", [None, "", "12345", "98765432101", "+1 9876543210", "+91+919876543210", "98765x3210", 9876543210]),
    ("email", [None, "", "ada", "ada@", "@x.example", "a b@x.example", "ada@x", "ada@-x.example", "a..b@x.example",
               "ada@x.example\r\nX: y", "x" * 65 + "@x.example", 5]),
    ("password", [None, "", "seven77", "x" * 1025, 12345678]),
    ("designation", ["", 3, None, "x" * 101]),
])
def test_signup_names_the_field_at_fault(stack, curl, field, values):
    for value in values:
        body = {**ADA, field: value}
        status, answer, _ = curl("POST", "/signup", body)
        assert (status, answer["status"], answer["field"]) == (400, "invalid", field), value
    if field != "designation":
        body = {name: value for name, value in ADA.items() if name != field}
        assert curl("POST", "/signup", body)[1]["field"] == field
    assert stack.rows("SELECT COUNT(*) FROM users")[0][0] == 0


@pytest.mark.parametrize("stack", ["sqlite"], indirect=True)
def test_bodies_that_are_no_json_object_are_400(stack, curl):
    for path in ("/signup", "/login"):
        for body in ("", "{", "[" * 100000, '{"email":"a","email":"b"}', b'{"email":"\xff"}', "nonsense"):
            status, answer, _ = curl("POST", path, body)
            assert status in (400, 413), (path, body[:20], status)
            assert answer["error"], body[:20]
        for body in ("[]", "null", '"text"', "7"):
            assert curl("POST", path, body)[0] == 400
        assert curl("POST", path, ADA, content_type="text/plain")[0] == 400
        assert curl("POST", path, {**ADA, "filler": "x" * 20000})[0] == 413


@pytest.mark.parametrize("stack", ["sqlite"], indirect=True)
def test_routes_and_methods_that_are_not_there(stack, curl):
    assert curl("GET", "/nothing")[0] == 404
    status, _, headers = curl("GET", "/login")
    assert (status, headers["allow"]) == (405, ["POST, OPTIONS"])
    status, _, headers = curl("OPTIONS", "/session")
    assert (status, headers["allow"]) == (200, ["GET, HEAD, OPTIONS"])
    assert curl("GET", "/session/")[0] == 404


def test_login_tells_no_more_than_that_it_failed(stack, curl):
    curl("POST", "/signup", ADA)
    wrong_password = curl("POST", "/login", {"email": ADA["email"], "password": "wrong password"})
    wrong_email = curl("POST", "/login", {"email": "eve@hooter.example", "password": PASSWORD})
    assert wrong_password[:2] == wrong_email[:2] == (401, {"status": "invalid_credentials"})
    assert "set-cookie" not in wrong_password[2]
    assert curl("GET", "/session")[0] == 401


def test_login_names_the_field_at_fault(stack, curl):
    for body, field in (({"password": "x"}, "email"), ({"email": "ada"}, "email"), ({"email": ADA["email"]}, "password"),
                        ({"email": ADA["email"], "password": ""}, "password")):
        status, answer, _ = curl("POST", "/login", body)
        assert (status, answer.get("field")) == (400, field), answer


def test_an_account_of_the_python_days_logs_in_and_gets_a_better_hash(stack, curl):
    curl("POST", "/signup", ADA)
    for digest in (hashlib.sha256(b"old secret").hexdigest(), hashlib.sha256(b"old secret").hexdigest().upper()):
        stack.change("UPDATE users SET user_password = ?", digest)
        assert curl("POST", "/login", {"email": ADA["email"], "password": "not it"})[0] == 401
        assert stack.rows("SELECT user_password FROM users")[0][0] == digest
        assert curl("POST", "/login", {"email": ADA["email"], "password": "old secret"})[0] == 200
        assert stack.rows("SELECT user_password FROM users")[0][0].startswith("$argon2id$")
        assert curl("POST", "/login", {"email": ADA["email"], "password": "old secret"})[0] == 200


def test_failed_logins_are_slowed_down(stack, curl):
    curl("POST", "/signup", ADA)
    wrong = {"email": ADA["email"], "password": "wrong password"}
    for _ in range(6):
        assert curl("POST", "/login", wrong)[0] == 401
    status, body, headers = curl("POST", "/login", {"email": ADA["email"], "password": PASSWORD})
    assert (status, body["status"]) == (429, "too_many_attempts")
    assert 1 <= int(headers["retry-after"][0]) <= 60
    # As if the time had passed.
    stack.change("UPDATE login_attempts SET blocked_until_ms = 0")
    assert curl("POST", "/login", {"email": ADA["email"], "password": PASSWORD})[0] == 200
    assert stack.rows("SELECT COUNT(*) FROM login_attempts WHERE subject = 'account:ada@hooter.example'")[0][0] == 0


def test_a_session_of_a_user_who_is_gone_has_no_credentials(stack, curl):
    curl("POST", "/signup", ADA)
    curl("POST", "/login", {"email": ADA["email"], "password": PASSWORD})
    stack.change("DELETE FROM users")
    assert curl("GET", "/request-user-credentials")[:2] == (401, {"login": "deny"})


def test_healthz_tells_the_database_state(stack, curl):
    assert curl("GET", "/healthz")[:2] == (200, {"status": "ok", "database": "ok"})


def test_text_of_any_script_and_quotes_come_back_as_they_went(stack, curl):
    name = "O'Brien \"\\\\; DROP TABLE users; -- é 漢字 🦉"
    assert curl("POST", "/signup", {**ADA, "name": name})[0] == 200
    curl("POST", "/login", {"email": ADA["email"], "password": PASSWORD})
    assert curl("GET", "/request-user-credentials")[1]["user_data"]["name"] == name


@pytest.mark.parametrize("stack", ["sqlite"], indirect=True)
def test_many_right_logins_at_once_all_succeed(stack):
    from concurrent.futures import ThreadPoolExecutor
    people = [{**ADA, "email": f"person{n}@hooter.example"} for n in range(10)]
    with ThreadPoolExecutor(30) as pool:
        assert [a.status for a in pool.map(lambda p: stack.server.post_json("/signup", p, timeout=60), people)] == [200] * 10
        logins = [{"email": people[n % 10]["email"], "password": PASSWORD} for n in range(100)]
        statuses = [a.status for a in pool.map(lambda l: stack.server.post_json("/login", l, timeout=60), logins)]
    assert statuses == [200] * 100
