#!/usr/bin/python3
"""Writes tests/unit/web/session_vectors.h: cookies as Flask and Quart sign them, for the unit tests.

    /usr/bin/python3 tests/tools/session_vectors.py >tests/unit/web/session_vectors.h

The time of signing is fixed. Needs python3-flask and python3-quart (made with Debian 12's 2.2.2 and 0.18.3).
"""

import datetime
import json
import uuid
import zlib

import flask
import itsdangerous
import quart.sessions
from flask.sessions import SecureCookieSessionInterface
from markupsafe import Markup

KEY, OLD_KEY, SIGNED_AT = "owl and mouse", "an older key", 1700000000  # 2023-11-14

VALUES = [
    ("plain", {"user": "user_17"}),
    ("non_ascii", {"name": "Zoë \U0001f989 \"q\" \\ / \x7f\n"}),
    ("numbers", {"int": 12345678901234567890123, "neg": -7, "float": 0.1, "big": 1e16, "nan": float("nan")}),
    ("nested", {"a": [1, {"b": [True, False, None]}], "c": {}, "d": []}),
    ("tuple", {"t": (1, (2, "x"), [])}),
    ("bytes", {"b": b"\x00\xff\xfe owl", "empty": b""}),
    ("markup", {"m": Markup("<b>hoo</b>")}),
    ("uuid", {"u": uuid.UUID("12345678-1234-5678-90ab-1234567890ab")}),
    ("datetime", {"d": datetime.datetime(2026, 2, 23, 10, 0, 5, tzinfo=datetime.timezone.utc)}),
    ("escaped", {"x": {" t": [1]}, "y": {" di": {" b": "no"}}, "z": {" d": 1, "more": 2}}),
    ("escaped_top", {" t": "a session of one odd name"}),
    ("flashes", {"_flashes": [("message", "hi"), ("error", "no")]}),
    ("permanent", {"_permanent": True, "user": "user_17"}),
    ("compressed", {"list": ["the same again"] * 40, "user": "user_17"}),
]


def fixed_time(signer):
    return SIGNED_AT


def c_text(text):
    return json.dumps(text)  # what is written here is ASCII, and C reads its escapes of " and \ as JSON does


def sign(app, interface, value):
    return interface.get_signing_serializer(app).dumps(value)


def main():
    itsdangerous.TimestampSigner.get_timestamp = fixed_time
    app = flask.Flask("vectors")
    app.secret_key = KEY
    old = flask.Flask("old")
    old.secret_key = OLD_KEY
    by_flask, by_quart = SecureCookieSessionInterface(), quart.sessions.SecureCookieSessionInterface()
    print("/* Made by tests/tools/session_vectors.py: cookies of Flask %s and Quart's session interface. */"
          % flask.__version__)
    print("/* clang-format off */\n#ifndef SESSION_VECTORS_H\n#define SESSION_VECTORS_H\n")
    print("#define VECTOR_KEY %s\n#define VECTOR_OLD_KEY %s" % (c_text(KEY), c_text(OLD_KEY)))
    print("#define VECTOR_SIGNED_AT %d\n" % SIGNED_AT)
    print("typedef struct session_vector {\n    const char *name, *json, *cookie;\n} session_vector;\n")
    print("static const session_vector session_vectors[] = {")
    for name, value in VALUES:
        cookies = {sign(app, each, value): each.serializer.dumps(value) for each in (by_flask, by_quart)}
        assert len(cookies) == 1 or name == "datetime"  # which this Quart writes in ISO 8601; it reads both
        for cookie, text in cookies.items():
            print("    { %s,\n      %s,\n      %s }," % (c_text(name), c_text(text), c_text(cookie)))
    print("};\n")
    print("/* {\"user\":\"user_17\"} under the older key. */")
    print("#define VECTOR_OLD_COOKIE \\\n    %s" % c_text(sign(old, by_flask, {"user": "user_17"})))
    print("\n/* Sound, but no session: a list; text that is no JSON; a tagged session that is no object. */")
    signer = by_flask.get_signing_serializer(app)
    payloads = ["[1,2]", "{\"a\":", "{\" t\":[1]}", "{\"a\":1}x", "null", ""]
    print("static const char *const vector_not_sessions[] = {")
    for payload in payloads:
        encoded = itsdangerous.encoding.base64_encode(payload)
        print("    %s," % c_text(signer.make_signer(signer.salt).sign(encoded).decode()))
    print("};\n\n/* Payloads of zlib streams: one cut short, one of 70,000 bytes, one that is none. */")
    print("static const char *const vector_bad_streams[] = {")
    for stream in [zlib.compress(b'{"a":1}')[:-5], zlib.compress(b'{"a":"' + b"x" * 70000 + b'"}'), b"x" * 40]:
        encoded = b"." + itsdangerous.encoding.base64_encode(stream)
        print("    %s," % c_text(signer.make_signer(signer.salt).sign(encoded).decode()))
    print("};\n\n#endif")


if __name__ == "__main__":
    main()
