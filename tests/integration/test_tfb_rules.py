"""The benchmark's checker finds a server that answers as it should, and breaks one rule of how.

`Server` keeps the rules, on a database; each test changes one thing about it.
"""

import email.utils
import html
import random
import socketserver
import subprocess
import sys
import threading
import time
import urllib.parse

import pytest

from support import paths

sys.path.insert(0, str(paths.ROOT / "bench"))

import checker      # noqa: E402
from database import ADDED_FORTUNE, Database        # noqa: E402

JSON, TEXT, HTML = "application/json", "text/plain", "text/html; charset=utf-8"
CHECKER = paths.ROOT / "bench" / "checker.py"


class Server(socketserver.ThreadingTCPServer):
    """url; close(). What a rule is broken by is a method or an attribute of a subclass."""

    allow_reuse_address = daemon_threads = True
    fields = ["Server: test"]
    json_type = JSON

    def __init__(self, database=None):
        super().__init__(("127.0.0.1", 0), Connection)
        self.database, self.worlds = database, database and database.worlds()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self):
        self.shutdown()
        self.server_close()
        self._thread.join()

    def date(self):
        return email.utils.formatdate(usegmt=True)

    def answer(self, path, cursor, pipelined=False):
        name, _, query = path.partition("?")
        route = {"/plaintext": self.plaintext, "/json": self.json, "/db": self.db, "/queries": self.queries,
                 "/updates": self.updates, "/fortunes": self.fortunes, "/cached-queries": self.cached}.get(name)
        text, content_type = route(cursor, count_of(query)) if route else ("", TEXT)
        body = text.encode()
        head = [f"HTTP/1.1 {self.status_of(pipelined) if route else '404 Not Found'}", *self.fields, f"Date: {self.date()}",
                f"Content-Type: {content_type}", f"Content-Length: {len(body)}", "", ""]
        return "\r\n".join(head).encode() + body

    def status_of(self, pipelined):
        return "200 OK"

    def plaintext(self, cursor, count):
        return "Hello, World!", TEXT

    def json(self, cursor, count):
        return '{"message":"Hello, World!"}', self.json_type

    def db(self, cursor, count):
        return row_text(self.read(cursor, random.randint(1, 10000))), JSON

    def queries(self, cursor, count):
        return rows_text([self.read(cursor, random.randint(1, 10000)) for _ in range(count)]), JSON

    def read(self, cursor, id):
        cursor.execute("SELECT id, randomNumber FROM World WHERE id = %s", (id,))
        return cursor.fetchone()

    def updates(self, cursor, count):
        ids = sorted(random.sample(range(1, 10001), count))
        for id in ids:
            self.read(cursor, id)
        rows = [(id, self.new_number()) for id in ids]
        self.write(cursor, rows)
        return rows_text(rows), JSON

    def new_number(self):
        return random.randint(1, 10000)

    def write(self, cursor, rows):
        cases = " ".join(f"WHEN {id} THEN {number}" for id, number in rows)
        cursor.execute(f"UPDATE World SET randomNumber = CASE id {cases} END WHERE id IN ({','.join(str(row[0]) for row in rows)})")

    def cached(self, cursor, count):
        return rows_text([(id, self.worlds[id]) for id in random.choices(range(1, 10001), k=count)]), JSON

    def fortunes(self, cursor, count):
        rows = sorted([*self.read_fortunes(cursor), (0, ADDED_FORTUNE)], key=lambda row: row[1])
        cells = "".join(f"<tr><td>{id}</td><td>{self.escape(message)}</td></tr>" for id, message in rows)
        return ("<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table>"
                f"<tr><th>id</th><th>message</th></tr>{cells}</table></body></html>"), HTML

    def read_fortunes(self, cursor):
        cursor.execute("SELECT id, message FROM Fortune")
        return cursor.fetchall()

    def escape(self, text):
        return html.escape(text)


def count_of(query):
    for name, text in urllib.parse.parse_qsl(query):
        if name in ("queries", "count") and text.lstrip("-").isdecimal():
            return min(max(int(text), 1), 500)
    return 1


def row_text(row):
    return '{"id":%d,"randomNumber":%d}' % tuple(row)


def rows_text(rows):
    return "[" + ",".join(map(row_text, rows)) + "]"


class Connection(socketserver.BaseRequestHandler):
    """Requests without bodies; those that came together are answered together."""

    def handle(self):
        database = self.server.database and self.server.database.connect()
        try:
            self.serve(database and database.cursor())
        except ConnectionError:
            pass
        finally:
            if database:
                database.close()

    def serve(self, cursor):
        left, closing = b"", False
        while not closing:
            data = self.request.recv(65536)
            *requests, left = (left + data).split(b"\r\n\r\n")
            for request in requests:
                path = request.split(b" ")[1].decode()
                self.request.sendall(self.server.answer(path, cursor, pipelined=len(requests) > 1))
                closing = closing or b"Connection: close" in request
            closing = closing or not data


def changed(**parts):
    return type("Changed", (Server,), parts)


def no_row(self, cursor, id):
    cursor.execute("SELECT 1")
    return id, self.worlds[id]


def write_others_too(self, cursor, rows):
    Server.write(self, cursor, rows)
    id = next(id for id in self.worlds if id not in dict(rows))
    cursor.execute("UPDATE World SET randomNumber = randomNumber %% 10000 + 1 WHERE id = %s", (id,))


def made_up(self, cursor, count):
    return rows_text([(random.randint(1, 10000), random.randint(1, 10000)) for _ in range(count)]), JSON


def sorted_by_database(self, cursor):
    cursor.execute("SELECT id, message FROM Fortune ORDER BY message")
    return cursor.fetchall()


def dated(format):
    return {"date": lambda self: time.strftime(format, time.gmtime())}


BROKEN = {      # the server, the route, what the checker says
    "no form of a date": (dated("%d %b %Y %H:%M:%S -0000"), "/json", "is no IMF-fixdate"),
    "another day of the week": (dated("Xxx, %d %b %Y %H:%M:%S GMT"), "/json", "is no IMF-fixdate"),
    "another year": (dated("Fri, 03 Jan 1986 %H:%M:%S GMT"), "/json", "which is not now"),
    "a field twice": ({"fields": ["Server: a", "Server: b"]}, "/plaintext", "Server is there more than once"),
    "two lengths": ({"fields": ["Server: a", "Content-Length: 27"]}, "/json", "Content-Length is there more than once"),
    "failures when pipelined": ({"status_of": lambda self, pipelined: "500 Oops" if pipelined else "200 OK"},
                                "/plaintext", "answer 1 of 16: 11, 500"),
    "a member twice": ({"json": lambda *_: ('{"message":1,"message":"Hello, World!"}', JSON)}, "/json", "a member twice"),
    "one row from memory": ({"read": no_row}, "/db", "the database read 0 rows"),
    "rows from memory": ({"read": no_row}, "/queries", "the database read 0 rows"),
    "rows from memory, updated": ({"read": no_row}, "/updates", "to be read and"),
    "one number for all": ({"new_number": lambda self: int(time.time()) % 10000 + 1}, "/updates", "new numbers are not chosen at random"),
    "other rows written": ({"write": write_others_too}, "/updates", "rows changed that were not answered"),
    "nothing written": ({"write": lambda *_: None}, "/updates", "answered and in the database"),
    "cached rows made up": ({"cached": made_up}, "/cached-queries", "is not in the database"),
    "quotes as they are": ({"escape": lambda self, text: html.escape(text, quote=False)}, "/fortunes", "not all is escaped"),
    "ampersands as they are": ({"escape": lambda self, text: html.escape(text).replace("&amp;", "&")}, "/fortunes", "/fortunes:"),
    "sorted by the database": ({"read_fortunes": sorted_by_database}, "/fortunes", "the database sorted"),
}


@pytest.fixture
def world(mariadb):
    made = Database(mariadb)
    yield made
    made.close()


@pytest.fixture
def serve(world):
    """serve(class): its instance, running."""
    running = []

    def start(kind, database=world):
        running.append(kind(database))
        return running[-1]

    yield start
    for server in running:
        server.close()


@pytest.mark.parametrize("name", BROKEN)
def test_sees_the_rule_that_is_broken(serve, world, name):
    parts, route, problem = BROKEN[name]
    problems = checker.check(serve(changed(**parts)).url, {route}, world)
    assert problems and any(problem in one for one in problems), problems


@pytest.mark.parametrize("json_type", ["application/json", "application/json;charset=utf-8", "Application/JSON ; charset=UTF-8"])
def test_a_server_that_keeps_the_rules_passes(serve, world, json_type):
    server = serve(changed(json_type=json_type))
    assert checker.check(server.url, set(checker.CHECKS) if json_type == JSON else {"/json"}, world) == []


def by_hand(*arguments):
    done = subprocess.run([sys.executable, "-B", CHECKER, *arguments], capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()


def test_by_hand_it_says_what_it_leaves_out(serve):
    server = serve(Server)
    status, lines, errors = by_hand(server.url, "/db", "/json")
    assert (status, len(lines), errors) == (0, 2, []) and lines[1].startswith("left out")
    assert by_hand(server.url, "/json") == (0, ["all answers are as the rules want them"], [])


@pytest.mark.parametrize("arguments, text", [
    ([], "which server?"), (["foo"], "'foo' is no http://"), (["http://127.0.0.1:1"], "refused"),
    (["http://127.0.0.1:99999"], "is no http://"), (["http://127.0.0.1:1/x"], "is no http://"),
    (["http://127.0.0.1:1", "/nosuch"], "no route /nosuch"),
])
def test_by_hand_a_mistake_is_one_line(arguments, text):
    status, lines, errors = by_hand(*arguments)
    assert (status, lines, len(errors)) == (2, [], 1) and text in errors[0]
