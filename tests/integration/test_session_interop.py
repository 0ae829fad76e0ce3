"""Session cookies between this library and Debian's Flask and Quart, both ways, for every tag.

The app that is asked is tests/tools/session_tool.c; the Python side is the frameworks' own session interfaces.
"""

import base64
import datetime
import json
import string
import subprocess
import time
import uuid

import flask
import itsdangerous
import pytest
import quart.sessions
from flask.sessions import SecureCookieSessionInterface
from markupsafe import Markup

from support.paths import binary

KEY, OLDER_KEY = "the key of today", "the key of yesterday"
UTC = datetime.timezone.utc

FRAMEWORKS = {"flask": SecureCookieSessionInterface(), "quart": quart.sessions.SecureCookieSessionInterface()}

# name: (the session in Python, its values as hoot_session_get() gives them)
SESSIONS = {
    "text": ({"user": "user_17"}, {"user": "user_17"}),
    "non_ascii": ({"n": "Zoë \U0001f989 \"\\/\n\x7f"}, {"n": "Zoë \U0001f989 \"\\/\n\x7f"}),
    "numbers": ({"i": -7, "f": 0.1, "big": 2**63 - 1}, {"i": -7, "f": 0.1, "big": 2**63 - 1}),
    "constants": ({"t": True, "f": False, "n": None}, {"t": True, "f": False, "n": None}),
    "nested": ({"a": [1, {"b": [[], {}]}]}, {"a": [1, {"b": [[], {}]}]}),
    "tuple": ({"t": (1, (2, "x"), [(3,)])}, {"t": [1, [2, "x"], [[3]]]}),
    "bytes": ({"b": b"\x00\xff\xfe owl"}, {"b": {" b": base64.b64encode(b"\x00\xff\xfe owl").decode()}}),
    "markup": ({"m": Markup("<b>hoo</b>")}, {"m": "<b>hoo</b>"}),
    "uuid": ({"u": uuid.UUID(int=0x1234567812345678_90AB1234567890AB)},
             {"u": "12345678-1234-5678-90ab-1234567890ab"}),
    "flashes": ({"_flashes": [("message", "hi"), ("error", "no")]}, {"_flashes": [["message", "hi"], ["error", "no"]]}),
    "escaped": ({"x": {" t": [1]}, "y": {" di": {" b": "no"}}, "z": {" d": 1, "e": 2}},
                {"x": {" t": [1]}, "y": {" di": {" b": "no"}}, "z": {" d": 1, "e": 2}}),
    "escaped_top": ({" m": "odd"}, {" m": "odd"}),
    "compressed": ({"list": ["again and again"] * 60, "t": (1, 2)}, {"list": ["again and again"] * 60, "t": [1, 2]}),
}
DATETIME = datetime.datetime(2026, 2, 23, 10, 0, 5, tzinfo=UTC)


class Tool:
    def __init__(self):
        self.process = subprocess.Popen([binary("session_tool")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def ask(self, cookie=None, keys=(KEY,), **order):
        line = json.dumps({"keys": keys, "cookie": cookie or None, **order})
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"session_tool ended at: {line}"
        return json.loads(answer)

    def cookie(self, **order):
        """The text of the cookie that the answer sets."""
        answer = self.ask(**order)
        assert answer["code"] == 0
        return answer["set_cookie"].partition("=")[2].partition(";")[0]

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(20) == 0


@pytest.fixture(scope="module")
def tool():
    tool = Tool()
    yield tool
    tool.close()


def serializer(framework, key=KEY):
    app = flask.Flask("interop")
    app.secret_key = key
    return FRAMEWORKS[framework].get_signing_serializer(app)


def sign(framework, session, key=KEY, at=None):
    signer = serializer(framework, key)
    if at is not None:
        class Signer(itsdangerous.TimestampSigner):
            def get_timestamp(self):
                return at
        signer.signer = Signer
    return signer.dumps(session)


def can_read_itself(framework, session):
    """Quart 0.18 cannot take an escaped object back."""
    try:
        return serializer(framework).loads(sign(framework, session)) == session
    except itsdangerous.BadData:
        return False


@pytest.mark.parametrize("name", SESSIONS)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_reads_what_python_signed(tool, framework, name):
    session, expected = SESSIONS[name]
    answer = tool.ask(sign(framework, session), get=list(session))
    assert answer["values"] == expected
    assert answer["texts"] == {key: value if isinstance(value, str) else None for key, value in expected.items()}
    assert answer["set_cookie"] is None
    assert answer["vary"] == "Cookie"


@pytest.mark.parametrize("name", SESSIONS)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_python_reads_what_came_through_here(tool, framework, name):
    session, _ = SESSIONS[name]
    ours = tool.cookie(cookie=sign(framework, session), get=list(session), set={"added": [1]})
    reader = framework if can_read_itself(framework, session) else "flask"
    read = serializer(reader).loads(ours, max_age=60)
    assert read == {**session, "added": [1]}
    for key, value in session.items():
        assert type(read[key]) is type(value)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_datetimes_come_and_go(tool, framework):
    theirs = sign(framework, {"d": DATETIME})
    text = tool.ask(theirs, get=["d"])["texts"]["d"]
    assert text in ("Mon, 23 Feb 2026 10:00:05 GMT", "2026-02-23T10:00:05.000000+00:00")
    through = tool.cookie(cookie=theirs, set={"added": 1})
    assert serializer(framework).loads(through) == {"d": DATETIME, "added": 1}
    ours = tool.cookie(set_datetime={"d": [2026, 2, 23, 10, 0, 5]})
    assert serializer(framework).loads(ours) == {"d": DATETIME}


@pytest.mark.parametrize("name", ["text", "non_ascii", "numbers", "constants", "nested", "escaped", "escaped_top",
                                  "compressed"])
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_writes_the_bytes_that_python_writes(tool, framework, name):
    plain = SESSIONS[name][1]
    ours = tool.cookie(set=plain)
    at = serializer(framework).loads(ours, return_timestamp=True)[1] if framework == "flask" else None
    at = int(at.timestamp()) if at else int.from_bytes(itsdangerous.base64_decode(ours.rsplit(".", 2)[1]), "big")
    assert abs(at - time.time()) < 60
    assert ours == sign(framework, plain, at=at)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_bytes_set_here_are_bytes_there(tool, framework):
    ours = tool.cookie(set_bytes={"b": "owl"}, set={"plain": {"b": "owl"}})
    assert serializer(framework).loads(ours) == {"plain": {"b": "owl"}, "b": b"owl"}


def test_json_that_looks_like_a_tag_stays_json(tool):
    tricky = {"x": {" m": "<script>"}, "y": [{" u": "no"}], "z": {" di": {" di": {" t": None}}}}
    assert serializer("flask").loads(tool.cookie(set=tricky)) == tricky
    assert tool.ask(tool.cookie(set=tricky), get=list(tricky))["values"] == tricky


def test_compression_is_used_where_python_uses_it(tool):
    for size in range(1, 120):
        session = {"a": "ab" * size}
        ours = tool.cookie(set=session)
        theirs = sign("flask", session)
        assert ours.rsplit(".", 2)[0] == theirs.rsplit(".", 2)[0]
    assert ours.startswith(".")


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_rotated_keys(tool, framework):
    session = {"user": "user_17"}
    old = sign(framework, session, OLDER_KEY)
    assert tool.ask(old, get=["user"])["values"] == {"user": None}
    assert tool.ask(old, keys=[KEY, "between", OLDER_KEY], get=["user"])["values"] == session
    renewed = tool.cookie(cookie=old, keys=[KEY, "between", OLDER_KEY], set={"new": 1})
    assert serializer(framework).loads(renewed) == {**session, "new": 1}
    with pytest.raises(itsdangerous.BadSignature):
        serializer(framework, OLDER_KEY).loads(renewed)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_age(tool, framework):
    now, session = int(time.time()), {"user": "user_17"}

    def read(at, lifetime_s):
        return tool.ask(sign(framework, session, at=at), lifetime_s=lifetime_s, get=["user"])["values"]["user"]

    assert read(now - 100, 160) == "user_17"
    assert read(now - 100, 99) is None
    assert read(now + 100, 10**9) is None
    assert read(now - 2678400 + 60, 0) == "user_17"  # 31 days, unless told otherwise
    assert read(now - 2678400 - 1, 0) is None
    assert read(1, 10**12) == "user_17"  # one byte of time


@pytest.mark.parametrize("name", ["text", "compressed"])
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_byte_counts(tool, framework, name):
    session, expected = SESSIONS[name]
    cookie = sign(framework, session)
    nothing = {key: None for key in session}
    letters = string.ascii_letters + string.digits + "-_."
    assert tool.ask(cookie, get=list(session))["values"] == expected
    for at, was in enumerate(cookie):
        for step in (1, 17):
            other = letters[(letters.index(was) + step) % len(letters)]
            tampered = cookie[:at] + other + cookie[at + 1:]
            assert tool.ask(tampered, get=list(session))["values"] == nothing, tampered
        assert tool.ask(cookie[:at] + cookie[at + 1:], get=list(session))["values"] == nothing
        assert tool.ask(cookie[:at], get=list(session))["values"] == nothing


def flask_line(change, cookie=None):
    """The Set-Cookie line of a Flask app that is configured as ours is by default."""
    app = flask.Flask("lines")
    app.secret_key = KEY
    app.config["SESSION_COOKIE_SAMESITE"] = "Lax"

    @app.get("/")
    def handle():
        change(flask.session)
        return ""

    headers = {"Cookie": "session=" + cookie} if cookie else {}
    return app.test_client(use_cookies=False).get("/", headers=headers).headers["Set-Cookie"]


def attributes(line):
    name, _, rest = line.partition(";")
    return name.partition("=")[0], rest


def test_set_cookie_lines_are_those_of_flask(tool):
    theirs = flask_line(lambda session: session.update(user="user_17"))
    assert attributes(tool.ask(set={"user": "user_17"})["set_cookie"]) == attributes(theirs)


def test_deletion_lines_are_those_of_flask(tool):
    cookie = sign("flask", {"user": "user_17"})
    theirs = flask_line(lambda session: session.clear(), cookie)
    assert tool.ask(cookie, clear=True)["set_cookie"] == theirs
    assert tool.ask(cookie, remove=["user"])["set_cookie"] == theirs


def expires(line):
    name, rest = attributes(line)
    before, _, rest = rest.partition("Expires=")
    date, _, after = rest.partition(";")
    at = datetime.datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC).timestamp()
    return at, (name, before, after)


def test_permanent_sessions_expire_when_those_of_flask_do(tool):
    def stay(session):
        session.permanent = True

    theirs, their_line = expires(flask_line(stay))
    ours, our_line = expires(tool.ask(permanent=True)["set_cookie"])
    assert our_line == their_line
    assert abs(ours - theirs) < 60
    again = tool.ask(sign("flask", {"_permanent": True, "user": "user_17"}), get=["user"])
    assert abs(expires(again["set_cookie"])[0] - theirs) < 60
