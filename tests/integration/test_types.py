"""Every column type against docs/database/types.md, in both protocols: kinds against the table there, values against the text that
the server gives and against what pymysql makes of it.

A table is made for each type: `id`, then the value `v` as it is, then, of a FLOAT, its digits as the server knows them.
"""

import decimal
import json
import re
import struct
import subprocess

import pymysql
import pytest

from support import mariadb, paths

DOCUMENT = (paths.ROOT / "docs" / "database" / "types.md").read_text()
KINDS = dict(re.findall(r"^\| `([^`]+)` \| `HOOT_(\w+)` \|", DOCUMENT, re.MULTILINE))

pymysql.connections.TEXT_TYPES.add(242)     # VECTOR: without a charset it is bytes, which pymysql does not know
BYTES = "x'" + bytes(range(256)).hex() + "'"
DATES = ["'2026-02-23'", "'1000-01-01'", "'9999-12-31'", "'0000-00-00'", "'2026-00-00'", "'2026-02-00'"]
TIMES = ["'00:00:00'", "'-00:00:00.000001'", "'23:59:59.5'", "'838:59:59.999999'", "'-838:59:59.999999'", "'-34:22:33.120000'"]
DATETIMES = ["'2026-02-23 10:11:12'", "'2026-02-23 10:11:12.000001'", "'9999-12-31 23:59:59.999999'",
             "'0000-00-00 00:00:00'", "'2026-00-00 00:00:00'", "'1000-01-01 00:00:00'", "'2026-01-01 00:00:00.1'"]
TEXTS = ["''", "'plain'", "'it''s'", "'\U0001f989 Eule ü'", "'  two  '", "'NULL'"]


def integers(bits):
    return ["0", "1", "-1", str(2 ** (bits - 1) - 1), str(-2 ** (bits - 1))]


def naturals(bits):
    return ["0", "1", str(2 ** (bits - 1)), str(2 ** bits - 1)]


VALUES = {
    "TINYINT": integers(8), "SMALLINT": integers(16), "MEDIUMINT": integers(24), "INT": integers(32), "BIGINT": integers(64),
    "TINYINT UNSIGNED": naturals(8), "SMALLINT UNSIGNED": naturals(16), "MEDIUMINT UNSIGNED": naturals(24),
    "INT UNSIGNED": naturals(32), "BIGINT UNSIGNED": naturals(64),
    "YEAR": ["0", "1901", "2026", "2155"],
    "BIT(1)": ["b'0'", "b'1'"], "BIT(64)": ["0", "1", "18446744073709551615", "x'0102030405060708'"],
    "FLOAT": ["0", "-1.5", "16777216", "3.4028234e38", "1.17549435e-38", "0.1", "-123456.7"],
    "DOUBLE": ["0", "0.1", "-1.7976931348623157e308", "2.2250738585072014e-308", "123456789.123456789", "1e15", "1e16", "5e-324"],
    "DECIMAL(10,2)": ["0", "-12.5", "99999999.99", "-99999999.99", "0.01"],
    "DECIMAL(65,30)": ["0", "-" + "9" * 35 + "." + "9" * 30, "0." + "0" * 29 + "1", "1"],
    "DATE": DATES, "TIME(6)": TIMES, "DATETIME(6)": DATETIMES,
    "TIMESTAMP(6)": ["'2026-02-23 10:11:12.5'", "'1970-01-02 00:00:00'", "'2038-01-18 03:14:07.999999'", "'0000-00-00 00:00:00'"],
    "CHAR(20)": TEXTS, "VARCHAR(200)": TEXTS, "TINYTEXT": TEXTS, "TEXT": TEXTS + ["REPEAT('x', 65535)"],
    "MEDIUMTEXT": TEXTS + ["REPEAT('ü', 70000)"], "LONGTEXT": TEXTS + ["REPEAT('x', 300)"],
    "VARCHAR(20) CHARACTER SET latin1": ["'Grüße'", "''"], "VARCHAR(20) CHARACTER SET gbk": ["'中文'", "'\\\\'"],
    "VARCHAR(20) CHARACTER SET cp1251": ["'Сова'"],
    "BINARY(4)": ["''", "'ab'", "x'00ff00ff'"], "VARBINARY(300)": ["''", BYTES, "REPEAT('x', 251)"], "TINYBLOB": ["''", "x'00'"],
    "BLOB": ["''", BYTES, "REPEAT(x'00', 9000)", "REPEAT('x', 65535)"], "MEDIUMBLOB": ["REPEAT('y', 65536)"],
    "LONGBLOB": ["''", "REPEAT('z', 17000000)"],
    "ENUM('small','it''s')": ["'small'", "'it''s'", "''"], "SET('a','b','c')": ["''", "'a,c'", "'a,b,c'"],
    "JSON": ["'{\"a\": [1, 2.5, null, \"ü\"]}'", "'[]'", "'null'", "'\"x\"'"],
    "GEOMETRY": ["ST_GeomFromText('POINT(1 2)')", "ST_GeomFromText('POLYGON((0 0,0 3,3 3,0 0))', 4326)"],
    "POINT": ["ST_GeomFromText('POINT(-1.5 2)')"],
    "VECTOR(3)": ["x'0000803f0000004000004040'", "x'000080bf00000080ffff7f7f'"],
    "UUID": ["'6ccd780c-baba-1026-9564-5b8c656024db'", "'00000000-0000-0000-0000-000000000000'"],
    "INET4": ["'192.0.2.1'", "'0.0.0.0'"],
    "INET6": ["'2001:db8::1'", "'::'", "'::ffff:192.0.2.1'"],
}

# What the servers that the suite runs with do not have; any other type that a server refuses is a failure.
ABSENT = {"installed": ["VECTOR(3)"], "mariadb": [], "mysql": ["UUID", "INET4", "INET6"]}[mariadb.KIND if mariadb.FOLDER else "installed"]


def test_every_documented_type_is_checked():
    assert set(KINDS) == set(VALUES)


@pytest.fixture(scope="module")
def types(_mariadb_of_session):
    """ask(declaration): the rows of a table of this type, three times: (text protocol, binary protocol, pymysql's, the server's text)."""
    server = _mariadb_of_session
    name = server.create_database()
    tool = subprocess.Popen([paths.binary("types"), f"mysql://{server.user}:{server.password}@127.0.0.1:{server.port}/{name}"],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    plain = server.connect(database=name, sql_mode="")
    raw = server.connect(database=name, sql_mode="", conv={})

    def ask(declaration):
        extra = ", exact DOUBLE" if declaration == "FLOAT" else ""
        null = " NULL" if declaration.startswith("TIMESTAMP") else ""
        with plain.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS one")
            try:
                cursor.execute(f"CREATE TABLE one (id INT PRIMARY KEY, v {declaration}{null}{extra})")
            except pymysql.err.MySQLError as error:
                assert declaration in ABSENT, error
                pytest.skip(f"this server has no {declaration}: {error}")
            for number, value in enumerate(VALUES[declaration] + ["NULL"]):
                cursor.execute(f"INSERT INTO one (id, v) VALUES ({number}, {value})")
            if extra:
                cursor.execute("UPDATE one SET exact = v")
            cursor.execute("SELECT * FROM one ORDER BY id")
            known = cursor.fetchall()
        with raw.cursor() as cursor:
            cursor.execute("SELECT * FROM one ORDER BY id")
            texts = cursor.fetchall()
        tool.stdin.write("one\n")
        tool.stdin.flush()
        line = tool.stdout.readline()
        assert line, "the tool has ended"
        answer = json.loads(line)
        return answer["text"], answer["binary"], known, texts

    yield ask
    plain.close()
    raw.close()
    tool.stdin.close()
    assert tool.wait(10) == 0
    server.drop_database(name)


def as_bytes(value):
    return value if isinstance(value, bytes) else str(value).encode()


def shortened(text):
    """A time without the zeros at the end of its fraction."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def float32(text):
    return struct.unpack("f", struct.pack("f", float(text)))[0]


def check_cell(kind, value, known, text, exact):
    """One cell of ours (its value as the tool shows it), pymysql's value, the server's text."""
    if kind in ("INT", "UINT"):
        assert int(value) == int(text) == int(known)
    elif kind == "FLOAT":
        assert float32(value) == (float32(text) if exact is None else float32(exact))
    elif kind == "DOUBLE":
        assert float(value) == float(text) == known
    elif kind == "DECIMAL":
        assert bytes.fromhex(value) == as_bytes(text)
        assert decimal.Decimal(bytes.fromhex(value).decode()) == known
    elif kind in ("TEXT", "BYTES"):
        assert bytes.fromhex(value) == as_bytes(text) == as_bytes(known)
    else:
        assert value == shortened(text)
        if not isinstance(known, str) and kind != "TIME":      # a zero date stays a text there; a timedelta is written in days
            assert value == shortened(known.isoformat(" ") if kind == "DATETIME" else known.isoformat())


@pytest.mark.parametrize("declaration", sorted(KINDS))
def test_column_type(declaration, types):
    text, binary, known, raw = types(declaration)
    assert len(text) == len(binary) == len(VALUES[declaration]) + 1
    for rows, is_binary in ((text, False), (binary, True)):
        for ours, theirs, texts in zip(rows, known, raw):
            kind, value = ours[1]
            if theirs[1] is None:
                assert kind == "NULL"
                continue
            assert kind == KINDS[declaration]
            check_cell(kind, value, theirs[1], texts[1], theirs[2] if is_binary and declaration == "FLOAT" else None)
    if declaration != "FLOAT":
        assert text == binary
