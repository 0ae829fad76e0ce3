"""The binary log as a stream: examples/changes against a server that logs rows, MariaDB or MySQL.

What a row should be is asked of the server itself: its own text of each value, by CAST, HEX or CONCAT.
"""

import base64
import json
import re
import signal
import subprocess
import threading

import pytest

from support import paths, process
from support.mariadb import FOLDER, KIND, PASSWORD, USER, MariaDB

EVERY_SERVER = True     # see conftest.py
IS_MYSQL = KIND == "mysql"
OPTIONS = ("--log-bin=log", "--binlog-format=ROW", "--server-id=1",
           *(["--binlog-rows-query-log-events=ON", "--gtid-mode=ON", "--enforce-gtid-consistency=ON"] if IS_MYSQL else
             ["--binlog-annotate-row-events=ON"]))


@pytest.fixture(scope="module", params=["MINIMAL", "FULL"] + ([] if IS_MYSQL else ["NO_LOG"]))
def logging(request):
    """A server that logs rows, with each of the amounts of metadata."""
    server = MariaDB(*OPTIONS, f"--binlog-row-metadata={request.param}", "--default-time-zone=+02:00")
    server.metadata = request.param
    yield server
    server.close()


@pytest.fixture(scope="module")
def plain():
    server = MariaDB(*OPTIONS)
    yield server
    server.close()


@pytest.fixture
def fresh(plain):
    """A server and a new database in it."""
    plain.revive()
    name = plain.create_database()
    yield plain, name
    plain.revive()
    plain.drop_database(name)


class Changes:
    """A running `changes` and the lines it has printed."""

    def __init__(self, server, *options, url=None):
        # MySQL that was restarted takes the password over TLS only
        url = url or f"mysql://{USER}:{PASSWORD}@{server.host}:{server.port}/" + ("" if IS_MYSQL else "?sslmode=disabled")
        self.lines, self.errors = [], []
        self.process = subprocess.Popen([paths.binary("changes"), "--url", url, *map(str, options)], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        preexec_fn=process.die_with_parent)
        self._threads = [threading.Thread(target=self._read, args=(self.process.stdout, self.lines, json.loads), daemon=True),
                         threading.Thread(target=self._read, args=(self.process.stderr, self.errors, str), daemon=True)]
        for thread in self._threads:
            thread.start()

    @staticmethod
    def _read(stream, into, convert):
        for line in stream:
            into.append(convert(line))

    def started(self):
        process.wait_until(lambda: self.errors or self.process.poll() is not None, 20, "a first line")
        assert self.errors == ["changes: following\n"], self.errors
        return self

    def wait_for(self, condition, seconds=20):
        process.wait_until(lambda: any(condition(line) for line in self.lines) or self.process.poll() is not None,
                           seconds, "the change")
        assert any(condition(line) for line in self.lines), (self.errors, self.lines[-3:])

    def end(self):
        """At the end of its own accord."""
        assert self.process.wait(60) == 0, self.errors
        for thread in self._threads:
            thread.join()
        return self.lines

    def stop(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        for thread in self._threads:
            thread.join()
        return self.lines


def changes_of(server, *options, url=None):
    return Changes(server, "--stop-at-end", *options, url=url).end()


def rows(lines, table=None):
    return [line for line in lines if line["kind"] in ("insert", "update", "delete") and table in (None, line["table"])]


# column type, what the server is told, how it tells it as text
TYPES = [
    ("TINYINT", "-128", "CAST({} AS CHAR)"), ("TINYINT UNSIGNED", "255", "CAST({} AS CHAR)"),
    ("SMALLINT", "-32768", "CAST({} AS CHAR)"), ("SMALLINT UNSIGNED", "65535", "CAST({} AS CHAR)"),
    ("MEDIUMINT", "-8388608", "CAST({} AS CHAR)"), ("MEDIUMINT UNSIGNED", "16777215", "CAST({} AS CHAR)"),
    ("INT", "-2147483648", "CAST({} AS CHAR)"), ("YEAR", "2155", "CAST({} AS CHAR)"),
    ("INT UNSIGNED", "4294967295", "CAST({} AS CHAR)"), ("BIGINT", "-9223372036854775808", "CAST({} AS CHAR)"),
    ("BIGINT UNSIGNED", "18446744073709551615", "CAST({} AS CHAR)"), ("YEAR", "0", "'0'"),
    ("FLOAT", "1.5", "CAST({} AS CHAR)"), ("FLOAT", "-3.25e20", "'-3.25e20'"),
    ("DOUBLE", "1.7976931348623157e308", "'1.7976931348623157e308'"), ("DOUBLE", "-0.1", "CAST({} AS CHAR)"),
    ("DECIMAL(65,30)", "'-99999999999999999999999999999999999.999999999999999999999999999999'", "CAST({} AS CHAR)"),
    ("DECIMAL(65,0)", "99999999999999999999999999999999999999999999999999999999999999999", "CAST({} AS CHAR)"),
    ("DECIMAL(5,3)", "12.340", "CAST({} AS CHAR)"), ("DECIMAL(30,30)", "-0.000000000000000000000000000001",
                                                     "CAST({} AS CHAR)"),
    ("DECIMAL(10,2)", "-0.05", "CAST({} AS CHAR)"), ("DECIMAL(18,9)", "-123456789.000000001", "CAST({} AS CHAR)"),
    ("DECIMAL(10,0)", "0", "CAST({} AS CHAR)"),
    ("CHAR(10)", "'abc'", "{}"), ("CHAR(255)", "REPEAT('\u00e9', 255)", "{}"), ("VARCHAR(10)", "''", "{}"),
    ("VARCHAR(300)", "CONCAT('\U0001f989', REPEAT('x', 290))", "{}"), ("VARCHAR(5000)", "REPEAT('y', 5000)", "{}"),
    ("VARCHAR(20) CHARACTER SET latin1", "'\u20ac caf\u00e9'", "CONVERT({} USING utf8mb4)"),
    ("CHAR(20) CHARACTER SET ascii", "'ascii'", "{}"), ("TEXT CHARACTER SET utf8mb3", "'\u0434\u0430'", "{}"),
    ("VARCHAR(20) CHARACTER SET ucs2", "'ab'", "TO_BASE64({})"),
    ("BINARY(8)", "X'0102000000000000'", "TO_BASE64({})"), ("BINARY(4)", "X'FF00FE00'", "TO_BASE64({})"),
    ("VARBINARY(300)", "X'00FF00'", "TO_BASE64({})"), ("TINYBLOB", "X'00'", "TO_BASE64({})"),
    ("BLOB", "X'C0FFEE'", "TO_BASE64({})"), ("MEDIUMBLOB", "''", "TO_BASE64({})"),
    ("LONGBLOB", "REPEAT(X'80', 70)", "REPLACE(TO_BASE64({}), '\n', '')"),
    ("TINYTEXT", "'t'", "{}"), ("MEDIUMTEXT", "REPEAT('m', 70000)", "{}"), ("LONGTEXT", "'l'", "{}"),
    ("DATE", "'2026-02-23'", "CAST({} AS CHAR)"), ("DATE", "'9999-12-31'", "CAST({} AS CHAR)"),
    ("DATE", "'0000-00-00'", "CAST({} AS CHAR)"), ("DATE", "'2026-00-00'", "CAST({} AS CHAR)"),
    ("TIME", "'-838:59:59'", "CAST({} AS CHAR)"), ("TIME(6)", "'838:59:59.999999'", "CAST({} AS CHAR)"),
    ("TIME(6)", "'-00:00:00.000001'", "CAST({} AS CHAR)"), ("TIME(1)", "'-10:20:30.4'", "CAST({} AS CHAR)"),
    ("TIME(2)", "'-00:00:00.01'", "CAST({} AS CHAR)"), ("TIME(3)", "'-10:00:00.001'", "CAST({} AS CHAR)"),
    ("TIME(4)", "'10:20:30.4567'", "CAST({} AS CHAR)"), ("TIME(5)", "'-838:59:58.99999'", "CAST({} AS CHAR)"),
    ("TIME", "'00:00:00'", "CAST({} AS CHAR)"), ("DATETIME", "'2026-02-23 10:11:12'", "CAST({} AS CHAR)"),
    ("DATETIME(6)", "'9999-12-31 23:59:59.999999'", "CAST({} AS CHAR)"), ("DATETIME(1)", "'1000-01-01 00:00:00.1'",
                                                                          "CAST({} AS CHAR)"),
    ("DATETIME(3)", "'2026-02-23 10:11:12.345'", "CAST({} AS CHAR)"), ("DATETIME", "'0000-00-00'", "CAST({} AS CHAR)"),
    ("TIMESTAMP NULL", "'2026-02-23 10:11:12'", "CAST(CONVERT_TZ({}, @@time_zone, '+00:00') AS CHAR)"),
    ("TIMESTAMP(6) NULL", "'2038-01-19 03:14:07.999999'", "CAST(CONVERT_TZ({}, @@time_zone, '+00:00') AS CHAR)"),
    ("TIMESTAMP(3) NULL", "'1970-01-02 00:00:00.5'", "CAST(CONVERT_TZ({}, @@time_zone, '+00:00') AS CHAR)"),
    ("TIMESTAMP NULL", "0", "'0000-00-00 00:00:00'"),
    ("ENUM('small','it''s','a,b','\u00e9')", "'it''s'", "{}"), ("ENUM('small','it''s','a,b','\u00e9')", "'\u00e9'", "{}"),
    ("ENUM(" + ",".join(f"'v{n}'" for n in range(300)) + ")", "'v299'", "{}"),
    ("SET('a','b','c(d)','e''f')", "'a,e''f'", "{}"), ("SET('a','b')", "''", "{}"),
    ("SET(" + ",".join(f"'v{n}'" for n in range(64)) + ")", "'v0,v63'", "{}"),
    ("BIT(1)", "b'1'", "TO_BASE64({})"), ("BIT(12)", "b'101010101010'", "TO_BASE64(CHAR({} USING binary))"),
    ("BIT(64)", "18446744073709551615", "TO_BASE64(X'FFFFFFFFFFFFFFFF')"),
    ("GEOMETRY", "POINT(1, 2)", "TO_BASE64({})"), ("JSON", "'{\"a\": [1, null, \"\u00e9\"]}'", "{}"),
    ("UUID", "'123e4567-e89b-12d3-a456-426655440000'", "CAST({} AS CHAR)"),
    ("UUID", "'01890a5d-ac96-774b-bcce-b302099a8057'", "CAST({} AS CHAR)"),
    ("INET6", "'2001:db8::ff00:42:8329'", "CAST({} AS CHAR)"), ("INET4", "'192.0.2.7'", "CAST({} AS CHAR)"),
]
SPECIAL = ("UUID", "INET6", "INET4")      # the log calls them binary strings; only information_schema knows
if IS_MYSQL:
    TYPES = [one for one in TYPES if one[0] not in SPECIAL]
if FOLDER:      # the installed MariaDB is older than the type
    TYPES.append(("VECTOR(3)", "X'0000803f0000004000004040'", "TO_BASE64({})"))


def as_text(value, column):
    """A JSON value as the server's text of that column."""
    if value is None:
        return None
    if isinstance(value, float):
        return f"{value:g}" if abs(value) < 1e6 else repr(value).replace("e+", "e")
    return str(value).replace("T", " ") if column.startswith(("DATETIME", "TIMESTAMP")) else str(value)


def same(got, expected, column):
    if column.startswith(("DATETIME", "TIMESTAMP", "TIME")) and "." in expected:
        expected, got = expected.rstrip("0").rstrip("."), got.rstrip("0").rstrip(".")
    return got == expected


def test_every_type_is_decoded(logging):
    database = logging.create_database()
    columns = ", ".join(f"`c{n}` {kind}" for n, (kind, _, _) in enumerate(TYPES))
    sql_mode = "SET sql_mode = 'NO_ENGINE_SUBSTITUTION'"
    values = ", ".join(value for _, value, _ in TYPES)
    logging.run_sql("SET GLOBAL innodb_strict_mode = OFF")
    logging.run_sql(sql_mode, f"CREATE TABLE t ({columns}) ENGINE=MyISAM ROW_FORMAT=DYNAMIC",
                    f"INSERT INTO t VALUES ({values})",
                    "INSERT INTO t VALUES (" + ", ".join("NULL" for _ in TYPES) + ")", database=database)
    told = logging.run_sql("SELECT " + ", ".join(how.format(f"`c{n}`") for n, (_, _, how) in enumerate(TYPES)) +
                           " FROM t LIMIT 1", database=database)[0]
    lines = rows(changes_of(logging, "--from-start", "--table", f"{database}.t"))
    assert [line["kind"] for line in lines] == ["insert", "insert"]
    wrong = []
    for n, (kind, _, _) in enumerate(TYPES):
        got, expected = as_text(lines[0]["after"][f"c{n}"], kind), told[n]
        expected = expected.decode() if isinstance(expected, bytes) else str(expected)
        if kind in SPECIAL and logging.metadata == "FULL":
            width = {"UUID": 16, "INET6": 16, "INET4": 4}[kind]
            if len(base64.b64decode(got)) != width:
                wrong.append((kind, got))
        elif not same(got, expected, kind):
            wrong.append((kind, got[:80], expected[:80]))
    assert not wrong
    assert set(lines[1]["after"].values()) == {None}
    logging.drop_database(database)


def test_changes_come_as_they_are_committed(fresh):
    server, database = fresh
    server.run_sql("CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(20))", database=database)
    running = Changes(server, "--all").started()
    server.run_sql("INSERT INTO people VALUES (1, 'Ada'), (2, 'Grace')", database=database)
    running.wait_for(lambda line: line["kind"] == "insert" and line["after"]["id"] == 2)
    server.run_sql("UPDATE people SET name = 'Lovelace' WHERE id = 1", "DELETE FROM people WHERE id = 2",
                   "ALTER TABLE people ADD age INT UNSIGNED DEFAULT 36", "INSERT INTO people VALUES (3, NULL, 7)",
                   database=database)
    running.wait_for(lambda line: line["kind"] == "insert" and line["after"]["id"] == 3)
    lines = running.stop()
    assert [(line["kind"], line.get("before"), line.get("after")) for line in rows(lines)] == [
        ("insert", None, {"id": 1, "name": "Ada"}),
        ("insert", None, {"id": 2, "name": "Grace"}),
        ("update", {"id": 1, "name": "Ada"}, {"id": 1, "name": "Lovelace"}),
        ("delete", {"id": 2, "name": "Grace"}, None),
        ("insert", None, {"id": 3, "name": None, "age": 7})]
    kinds = [line["kind"] for line in lines if line["kind"] not in ("format", "gtid_list", "rotate")]
    assert kinds[:5] == ["gtid", "annotate", "insert", "insert", "commit"]
    assert "INSERT INTO people" in next(line for line in lines if line["kind"] == "annotate")["text"]
    statement = next(line for line in lines if line["kind"] == "query")
    assert "ALTER TABLE" in statement["text"] and statement["schema"] == database
    assert len({line["gtid"] for line in lines if line["kind"] == "gtid"}) == 5


def test_a_rolled_back_transaction_is_not_seen(fresh):
    server, database = fresh
    server.run_sql("CREATE TABLE t (id INT PRIMARY KEY)", database=database)
    server.run_sql("BEGIN", "INSERT INTO t VALUES (1)", "ROLLBACK", "BEGIN", "INSERT INTO t VALUES (2)",
                   "SAVEPOINT s", "INSERT INTO t VALUES (3)", "ROLLBACK TO s", "INSERT INTO t VALUES (4)", "COMMIT",
                   database=database)
    assert [line["after"]["id"] for line in rows(changes_of(server, "--from-start", "--table", f"{database}.t"))] == [2, 4]


@pytest.mark.parametrize("by", ["gtid", "place"])
def test_it_goes_on_where_it_was(fresh, tmp_path, by):
    server, database = fresh
    server.run_sql("CREATE TABLE t (id INT PRIMARY KEY)", database=database)
    state = tmp_path / "state"
    running = Changes(server, "--state", state, "--table", f"{database}.t").started()
    server.run_sql("INSERT INTO t VALUES (1), (2)", "INSERT INTO t VALUES (3)", database=database)
    process.wait_until(lambda: state.exists() and len(running.lines) >= 5, 20, "a state behind three rows")
    first = running.stop()
    server.run_sql("INSERT INTO t VALUES (4)", "FLUSH BINARY LOGS", "INSERT INTO t VALUES (5)", database=database)
    server.stop()
    server.start()
    server.run_sql("INSERT INTO t VALUES (6)", database=database)
    name, offset, gtid = state.read_text().split("\n")[:3]
    assert name.startswith("log.0") and int(offset) > 4 and gtid
    begin = ["--gtid", gtid] if by == "gtid" else ["--file", name, "--offset", offset]
    then = changes_of(server, *begin, "--table", f"{database}.t")
    assert [line["after"]["id"] for line in rows(first)] == [1, 2, 3]
    assert [line["after"]["id"] for line in rows(then)] == [4, 5, 6]
    assert {line["file"] for line in rows(then)} > {name}


def test_each_row_comes_once_though_the_connection_breaks(fresh):
    server, database = fresh
    server.run_sql("CREATE TABLE t (id INT PRIMARY KEY)", database=database)
    running = Changes(server, "--table", f"{database}.t").started()
    stop = threading.Event()
    written = []

    def write():
        with server.connect(database=database) as connection, connection.cursor() as cursor:
            while not stop.is_set():
                low = len(written)
                cursor.execute("INSERT INTO t VALUES " + ", ".join(f"({n})" for n in range(low, low + 50)))
                written.extend(range(low, low + 50))

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    dumps = "SELECT id FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'"
    for lost in range(5):
        seen = len(running.lines)
        process.wait_until(lambda: len(running.lines) > seen + 100, 30, "rows again")
        (number,) = process.wait_until(lambda: server.run_sql(dumps), 30, "a connection for the log")[0]
        server.run_sql(f"KILL {number}")
        process.wait_until(lambda: len(running.errors) > lost + 1, 30, "a connection lost")
    stop.set()
    writer.join()
    running.wait_for(lambda line: line["kind"] == "insert" and line["after"]["id"] == written[-1], 60)
    assert [line["after"]["id"] for line in rows(running.stop())] == written
    assert len([line for line in running.errors if "again in" in line]) == 5


def test_a_server_that_restarts_is_followed_again(fresh):
    server, database = fresh
    server.run_sql("CREATE TABLE t (id INT PRIMARY KEY)", database=database)
    running = Changes(server, "--all", "--table", f"{database}.t").started()
    server.run_sql("INSERT INTO t VALUES (1)", database=database)
    running.wait_for(lambda line: line["kind"] == "insert")
    server.stop()
    server.start()
    server.run_sql("INSERT INTO t VALUES (2)", database=database)
    running.wait_for(lambda line: line["kind"] == "insert" and line["after"]["id"] == 2)
    lines = running.stop()
    assert [line["after"]["id"] for line in rows(lines)] == [1, 2]
    assert "rotate" in [line["kind"] for line in lines]


def test_large_rows_and_minimal_images(fresh):
    server, database = fresh
    server.run_sql("SET GLOBAL max_allowed_packet = 64 * 1024 * 1024")
    server.run_sql("CREATE TABLE t (id INT PRIMARY KEY, big LONGTEXT, other INT DEFAULT 5)", database=database)
    server.run_sql("INSERT INTO t (id, big) VALUES (1, REPEAT('0123456789', 2000000))",
                   "SET binlog_row_image = MINIMAL", "UPDATE t SET other = 6", "DELETE FROM t", database=database)
    inserted, updated, deleted = rows(changes_of(server, "--from-start", "--table", f"{database}.t"))
    assert inserted["after"]["big"] == "0123456789" * 2000000
    assert (updated["before"], updated["after"]) == ({"id": 1}, {"other": 6})
    assert deleted["before"] == {"id": 1}


@pytest.mark.skipif(IS_MYSQL, reason="MySQL compresses whole transactions")
def test_compressed_events_are_read():
    server = MariaDB(*OPTIONS, "--log-bin-compress=ON", "--log-bin-compress-min-len=10", "--binlog-checksum=NONE")
    try:
        database = server.create_database()
        server.run_sql("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(2000))",
                       "INSERT INTO t VALUES (1, REPEAT('a', 2000))", "UPDATE t SET v = REPEAT('b', 2000)",
                       "DELETE FROM t", database=database)
        lines = changes_of(server, "--from-start", "--all", "--table", f"{database}.t")
        assert [line["kind"] for line in rows(lines)] == ["insert", "update", "delete"]
        assert rows(lines)[1]["after"] == {"id": 1, "v": "b" * 2000}
        assert any("CREATE TABLE t" in line.get("text", "") for line in lines)
    finally:
        server.close()


@pytest.mark.skipif(not IS_MYSQL, reason="MariaDB compresses events")
def test_a_setting_that_cannot_be_followed_is_named():
    server = MariaDB(*OPTIONS, "--binlog-transaction-compression=ON")
    try:
        database = server.create_database()
        server.run_sql("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)", database=database)
        running = Changes(server, "--from-start", "--stop-at-end")
        assert running.process.wait(30) == 1
        running.stop()
        assert "binlog_transaction_compression" in running.errors[-1]
    finally:
        server.close()


@pytest.mark.skipif(not IS_MYSQL, reason="only MySQL has tags")
def test_transactions_with_a_tag_are_followed_by_place(fresh):
    server, database = fresh
    before = server.run_sql("SELECT @@gtid_executed")[0][0]
    server.run_sql("CREATE TABLE t (id INT PRIMARY KEY)", "SET gtid_next = 'AUTOMATIC:jobs'", "INSERT INTO t VALUES (1)",
                   "INSERT INTO t VALUES (2)", "SET gtid_next = 'AUTOMATIC'", "FLUSH BINARY LOGS", "INSERT INTO t VALUES (3)",
                   database=database)
    lines = rows(changes_of(server, "--from-start", "--table", f"{database}.t"))
    assert [line["after"]["id"] for line in lines] == [1, 2, 3]
    refused = Changes(server, "--stop-at-end", "--gtid", before)
    assert refused.process.wait(30) == 1
    refused.stop()
    assert "by file and offset" in refused.errors[-1]
    server.run_sql("RESET BINARY LOGS AND GTIDS")


def gone(server):
    """Places that the server has no more, or never had."""
    if not IS_MYSQL:
        return ["--file", "log.999999"], ["--gtid", "0-1-999999999"], ["--gtid", "nonsense"]
    server.run_sql("FLUSH BINARY LOGS")
    server.run_sql(f"PURGE BINARY LOGS TO '{server.run_sql('SHOW BINARY LOG STATUS')[0][0]}'")
    return (["--file", "log.999999"], ["--gtid", "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5"], ["--gtid", "nonsense"])


def test_a_place_that_is_gone_is_an_error(fresh):
    server, _ = fresh
    for begin in gone(server):
        running = Changes(server, "--stop-at-end", *begin)
        assert running.process.wait(30) == 1
        running.stop()
        assert "1236" in running.errors[-1] or "no set of transactions" in running.errors[-1], running.errors


def test_it_comes_over_tls(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
                    "-subj", "/CN=database", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    server = MariaDB(*OPTIONS, f"--ssl-cert={certificate}", f"--ssl-key={key}", "--require-secure-transport=ON")
    try:
        database = server.create_database()
        server.run_sql("CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT)", "INSERT INTO t VALUES (1, REPEAT('0123456789', 100000))",
                       database=database)
        at = f"mysql://{USER}:{PASSWORD}@{server.host}:{server.port}/?sslmode="
        url = f"{at}verify-identity&ssl_ca={certificate}"
        (line,) = rows(changes_of(server, "--from-start", "--table", f"{database}.t", url=url))
        assert line["after"] == {"id": 1, "v": "0123456789" * 100000}
        for mode, said in (("disabled", "insecure transport|Access denied"), ("verify-ca", "certificate")):
            refused = Changes(server, "--from-start", "--stop-at-end", url=at + mode)
            assert refused.process.wait(30) == 1
            refused.stop()
            assert re.search(said, refused.errors[-1]), refused.errors
    finally:
        server.close()


@pytest.fixture
def pair():
    """A source and its replica, which has all of the source's transactions in a log of its own."""
    source = MariaDB(*OPTIONS)
    replica = MariaDB(*OPTIONS, "--server-id=2", "--log-replica-updates=ON" if IS_MYSQL else "--log-slave-updates=ON")
    if IS_MYSQL:
        reset = "RESET BINARY LOGS AND GTIDS"
        follow = (f"CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT={source.port}, SOURCE_USER='{USER}', "
                  f"SOURCE_PASSWORD='{PASSWORD}', SOURCE_SSL=1, SOURCE_AUTO_POSITION=1", "START REPLICA")
    else:
        reset = "RESET MASTER"
        follow = (f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={source.port}, MASTER_USER='{USER}', "
                  f"MASTER_PASSWORD='{PASSWORD}', MASTER_USE_GTID=slave_pos", "START SLAVE")
    source.run_sql(reset)
    replica.run_sql(reset, *follow)
    yield source, replica
    source.close()
    replica.close()


def test_another_host_goes_on_where_the_first_ended(pair):
    source, replica = pair
    database = source.create_database()
    source.run_sql("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)", database=database)
    executed = "SELECT @@gtid_executed" if IS_MYSQL else "SELECT @@gtid_current_pos"
    done = source.run_sql(executed)[0][0]
    url = (f"mysql://{USER}:{PASSWORD}@{source.host}:{source.port},{replica.host}:{replica.port}/"
           "?sslmode=" + ("required" if IS_MYSQL else "disabled"))
    running = Changes(source, "--table", f"{database}.t", "--gtid", done, url=url).started()
    source.run_sql("BEGIN", "INSERT INTO t VALUES (2)", "INSERT INTO t VALUES (3)", "COMMIT", database=database)
    running.wait_for(lambda line: line["kind"] == "insert" and line["after"]["id"] == 3)
    process.wait_until(lambda: replica.run_sql(executed) == source.run_sql(executed), 20, "the replica to follow")
    source.kill9()
    replica.run_sql("INSERT INTO t VALUES (4)", database=database)
    running.wait_for(lambda line: line["kind"] == "insert" and line["after"]["id"] == 4)
    assert [line["after"]["id"] for line in rows(running.stop())] == [2, 3, 4]


def test_several_hosts_need_transactions_to_follow(fresh):
    server, _ = fresh
    url = f"mysql://{USER}:{PASSWORD}@{server.host}:{server.port},{server.host}:{server.port}/"
    running = Changes(server, "--from-start", url=url)
    assert running.process.wait(30) == 1
    running.stop()
    assert "by gtid" in running.errors[-1]
