"""Does a server keep the rules of the TechEmpower benchmark? Each route is asked as the benchmark's verifier does.

    checker.check("http://127.0.0.1:8080", {"/plaintext", "/db"}, database)     # [] or what is wrong, as texts

`database` is a database.Database that the server uses: rows are then compared with its, and statements counted. Without it
(None) only the answers are looked at. By hand: `/usr/bin/python3 bench/checker.py http://127.0.0.1:8080 [route...]`.
"""

import collections
import contextlib
import email.utils
import html.parser
import http.client
import json
import socket
import sys
import time
import urllib.parse

WORLDS = 10_000
COUNTS = {"2": 2, "0": 1, "foo": 1, "501": 500, "": 1, None: 1, "20": 20, "-3": 1, "500": 500}
ADDED_FORTUNE = "Additional fortune added at request time."
JSON_TYPES = {"application/json", "application/json; charset=utf-8"}
TEXT_TYPES = {"text/plain", "text/plain; charset=utf-8"}
HTML_TYPES = {"text/html; charset=utf-8"}

Answer = collections.namedtuple("Answer", "status headers body")


class Wrong(Exception):
    """What the server does against the rules."""


def demand(condition, text):
    if not condition:
        raise Wrong(text)


class Target:
    """The server: get(path) on one connection that is kept, as load generators do."""

    def __init__(self, base_url, database=None):
        address = urllib.parse.urlsplit(base_url)
        self.host, self.port, self.database = address.hostname, address.port or 80, database
        self._connection = http.client.HTTPConnection(self.host, self.port, timeout=30)

    def get(self, path):
        self._connection.request("GET", path, headers={"Accept": "*/*"})
        response = self._connection.getresponse()
        return Answer(response.status, response.headers, response.read())

    def page(self, path, types):
        """The body of an answer whose head is as the rules want it."""
        answer = self.get(path)
        demand(answer.status == 200, f"{path}: {answer.status}: {answer.body[:200]}")
        check_head(path, answer.headers, types)
        return answer.body

    def json(self, path):
        body = self.page(path, JSON_TYPES)
        try:
            return json.loads(body.decode())
        except ValueError as error:
            raise Wrong(f"{path}: no JSON ({error}): {body[:200]}") from None

    def close(self):
        self._connection.close()

    def worlds(self):
        return self.database.worlds() if self.database else None

    @contextlib.contextmanager
    def statements(self, what, least=0, most=1_000_000):
        """What is asked inside of it must make the database run so many SELECTs. (Connections being opened ask, too.)"""
        before = self._selects()
        yield
        count = self._selects() - before
        demand(not self.database or least <= count <= most,
               f"{what}: the database ran {count} SELECTs; at least {least} and at most {most} are right")

    def _selects(self):
        if not self.database:
            return 0
        connection = self.database.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute("SHOW GLOBAL STATUS LIKE 'Com_select'")
            return int(cursor.fetchone()[1])


def check_head(path, headers, types):
    demand(headers.get("Server"), f"{path}: no Server header")
    demand(headers.get("Date") and email.utils.parsedate(headers["Date"]), f"{path}: Date is {headers.get('Date')}")
    demand(headers.get("Content-Length") or headers.get("Transfer-Encoding") == "chunked",
           f"{path}: neither Content-Length nor chunked")
    demand("Content-Encoding" not in headers, f"{path}: the body is compressed")
    demand(headers.get("Content-Type", "").lower() in types, f"{path}: Content-Type is {headers.get('Content-Type')}")


def check_date(target, path):
    """Date is of now: it changes within three seconds. The verifier asks on new connections."""
    first = target.get(path).headers["Date"]
    end = time.monotonic() + 3
    while target.get(path).headers["Date"] == first:
        demand(time.monotonic() < end, f"{path}: Date stays {first}")
        time.sleep(0.1)
        target.close()


def check_plaintext(target):
    body = target.page("/plaintext", TEXT_TYPES)
    demand(body == b"Hello, World!", f"/plaintext: {body[:200]}")
    check_date(target, "/plaintext")


def check_pipelined(target):
    """Sixteen requests in one piece get sixteen answers."""
    request = f"GET /plaintext HTTP/1.1\r\nHost: {target.host}\r\nAccept: text/plain\r\n\r\n".encode()
    last = request.replace(b"Accept", b"Connection: close\r\nAccept")
    with socket.create_connection((target.host, target.port), timeout=10) as connection:
        connection.sendall(15 * request + last)
        answers = b"".join(iter(lambda: connection.recv(65536), b""))
    count = answers.count(b"Hello, World!")
    demand(count == 16, f"/plaintext: 16 pipelined requests got {count} answers")


def check_json(target):
    answer = target.json("/json")
    demand(answer == {"message": "Hello, World!"}, f"/json: {answer}")
    check_date(target, "/json")


def check_no_route(target):
    """There is a router."""
    status = target.get("/no-such-route").status
    demand(status == 404, f"/no-such-route: {status}")


def check_row(path, row, worlds=None):
    demand(isinstance(row, dict) and set(row) == {"id", "randomNumber"}, f"{path}: no row of World: {row}")
    for name, value in row.items():
        demand(type(value) is int and 1 <= value <= WORLDS, f"{path}: {name} is {value!r}")
    demand(worlds is None or worlds[row["id"]] == row["randomNumber"],
           f"{path}: {row} is not in the database, which has {worlds and worlds[row['id']]}")


def check_varies(path, ids):
    demand(len(set(ids)) > len(ids) * 3 // 4, f"{path}: rows are not chosen at random: {sorted(ids)[:20]}")


def check_db(target):
    worlds = target.worlds()
    with target.statements("/db, 20 times", 20):
        rows = [target.json("/db") for _ in range(20)]
    for row in rows:
        check_row("/db", row, worlds)
    check_varies("/db", [row["id"] for row in rows])
    check_date(target, "/db")


def argument(path, name, text):
    return path if text is None else f"{path}?{name}={text}"


def rows_of(target, path, count, worlds=None):
    rows = target.json(path)
    demand(isinstance(rows, list), f"{path}: no array: {rows}")
    demand(len(rows) == count, f"{path}: {len(rows)} rows, not {count}")
    for row in rows:
        check_row(path, row, worlds)
    return rows


def check_queries(target):
    worlds = target.worlds()
    for text, count in COUNTS.items():
        path = argument("/queries", "queries", text)
        with target.statements(path, count):
            rows = rows_of(target, path, count, worlds)
        check_varies(path, [row["id"] for row in rows])


def check_updates(target):
    for text, count in COUNTS.items():
        path = argument("/updates", "queries", text)
        before = target.worlds()
        with target.statements(path, count):
            rows = rows_of(target, path, count)
        after = target.worlds()
        if before:
            check_changes(path, before, after, rows)


def check_changes(path, before, after, rows):
    """The database holds what was answered, nothing else, and nearly all of it is new."""
    answered = {row["id"]: row["randomNumber"] for row in rows}
    wrong = {id: (number, after[id]) for id, number in answered.items() if after[id] != number}
    demand(not wrong, f"{path}: answered and in the database: {dict(list(wrong.items())[:5])}")
    changed = {id for id in after if after[id] != before[id]}
    demand(changed <= set(answered), f"{path}: rows changed that were not answered: {changed - set(answered)}")
    demand(len(rows) < 20 or len(changed) > 0.95 * len(rows), f"{path}: {len(changed)} of {len(rows)} rows changed")


def check_cached(target):
    for text, count in COUNTS.items():
        rows = rows_of(target, argument("/cached-queries", "count", text), count)
        check_varies(argument("/cached-queries", "count", text), [row["id"] for row in rows])
    for _ in range(40):     # whatever the cache does not hold before it is asked
        rows_of(target, "/cached-queries?count=500", 500)
    with target.statements("/cached-queries?count=100, 10 times", most=500):
        for _ in range(10):
            rows_of(target, "/cached-queries?count=100", 100)


class FortunesPage(html.parser.HTMLParser):
    """doctype, title, heads and rows of the table, names of the tags."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.doctype, self.title, self.heads, self.rows, self.tags = "", "", [], [], set()
        self._cell = None
        self.feed(text)
        self.close()

    def handle_decl(self, decl):
        self.doctype = decl.lower()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th", "title"):
            self._cell = ""

    def handle_data(self, data):
        if self._cell is not None:
            self._cell += data

    def handle_endtag(self, tag):
        if tag == "title":
            self.title = self._cell
        if tag == "th":
            self.heads.append(self._cell)
        if tag == "td":
            self.rows[-1].append(self._cell)
        if tag in ("td", "th", "title"):
            self._cell = None


def fortunes_of(target):
    """[(id, message)] of the page."""
    text = target.page("/fortunes", HTML_TYPES).decode()
    page = FortunesPage(text)
    demand(page.doctype == "doctype html", f"/fortunes: the doctype is '{page.doctype}'")
    demand(page.title == "Fortunes", f"/fortunes: the title is '{page.title}'")
    demand(page.heads == ["id", "message"], f"/fortunes: the table's head is {page.heads}")
    demand("script" not in page.tags, "/fortunes: a message's '<' is not escaped")
    return [(int(row[0]), row[1]) for row in page.rows if row]


def check_fortunes(target):
    with target.statements("/fortunes, 20 times", 20):
        for _ in range(20):
            fortunes = fortunes_of(target)
    demand((0, ADDED_FORTUNE) in fortunes, f"/fortunes: the one added is not among {fortunes}")
    messages = [message for _, message in fortunes]
    demand(messages == sorted(messages), f"/fortunes: not sorted: {messages}")
    demand(any(message.startswith("<script>alert(") for message in messages), "/fortunes: the script is not there")
    demand("\u30d5\u30ec\u30fc\u30e0\u30ef\u30fc\u30af\u306e\u30d9\u30f3\u30c1\u30de\u30fc\u30af" in messages,
           f"/fortunes: UTF-8 is broken: {messages[-1]}")
    demand(len(fortunes) == 13, f"/fortunes: {len(fortunes)} rows, not 13")


def check_more_fortunes(target):
    """One more row in the table is one more on the page: nothing is cached, and the list grows."""
    if not target.database:
        return
    message = "\"A & B\" <i>isn't</i> / = + (as) `code`"
    connection = target.database.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO Fortune (id, message) VALUES (13, %s)", message)
        try:
            fortunes = fortunes_of(target)
        finally:
            cursor.execute("DELETE FROM Fortune WHERE id = 13")
    demand((13, message) in fortunes and len(fortunes) == 14, f"/fortunes: a new row is not shown as it is: {fortunes}")


CHECKS = {
    "/plaintext": [check_plaintext, check_pipelined, check_no_route],
    "/json": [check_json],
    "/db": [check_db],
    "/queries": [check_queries],
    "/fortunes": [check_fortunes, check_more_fortunes],
    "/updates": [check_updates],
    "/cached-queries": [check_cached],
}


def check(base_url, routes, database=None):
    """What is wrong, as texts."""
    problems = []
    for route in CHECKS:
        for one in CHECKS[route] if route in routes else []:
            target = Target(base_url, database)
            try:
                one(target)
            except (Wrong, OSError, http.client.HTTPException, ValueError) as error:
                problems.append(str(error) if isinstance(error, Wrong) else f"{route}: {error!r}")
            finally:
                target.close()
    return problems


def main():
    problems = check(sys.argv[1], set(sys.argv[2:]) or set(CHECKS))
    print("\n".join(problems) or "all as the rules want it")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
