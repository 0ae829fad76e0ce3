"""Does a server keep the rules of the TechEmpower benchmark? Each route is asked as the benchmark's verifier does.

    checker.check("http://127.0.0.1:8080", {"/plaintext", "/db"}, database)     # [] or what is wrong, as texts

`database` is a database.Database that the server uses: rows are then compared with its, and its counters of statements and
rows are read before and after. Cached rows are compared too, so a server that has cached rows must not be asked for them
again after updates. Without a database (None) only the answers are looked at.

By hand, and without a database: `/usr/bin/python3 bench/checker.py http://127.0.0.1:8080 [route...]`. Exit status: 0 nothing
is wrong, 1 something is, 2 this is no way to call it.
"""

import collections
import contextlib
import email.utils
import html.parser
import http.client
import io
import json
import re
import socket
import sys
import time
import urllib.parse

WORLDS = 10_000
COUNTS = {"2": 2, "0": 1, "foo": 1, "501": 500, "": 1, None: 1, "20": 20, "-3": 1, "500": 500}
ADDED_FORTUNE = "Additional fortune added at request time."
JSON_TYPES = {"application/json", "application/json;charset=utf-8"}
TEXT_TYPES = {"text/plain", "text/plain;charset=utf-8"}
HTML_TYPES = {"text/html;charset=utf-8"}
ONCE = ("Server", "Date", "Content-Type", "Content-Length", "Transfer-Encoding")
DATE_SECONDS = 10       # that Date may be from now
CELL = re.compile(r"<td>(.*?)</td>", re.DOTALL)
UNESCAPED = re.compile(r"[<>\"]|&(?!#?\w+;)")

COUNTERS = {      # what the database servers call each: "Rows_read" is MariaDB's
    "selects": ["Com_select"], "read": ["Rows_read", "Innodb_rows_read"], "updated": ["Handler_update"], "sorted": ["Sort_rows"]}

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
            return json.loads(body.decode(), object_pairs_hook=distinct_members)
        except ValueError as error:
            raise Wrong(f"{path}: no JSON ({error}): {body[:200]}") from None

    def close(self):
        self._connection.close()

    def worlds(self):
        return self.database.worlds() if self.database else None

    @contextlib.contextmanager
    def counted(self, what, selects=0, rows=0, most=1_000_000):
        """What is asked inside of it must make the database run so many SELECTs, at least and at most, and read so many rows
        at least; it sorts none. (Connections being opened ask, too.)"""
        before = self.counters()
        yield
        count = self.counters() - before
        if self.database:
            demand(selects <= count["selects"] <= most,
                   f"{what}: the database ran {count['selects']} SELECTs; at least {selects} and at most {most} are right")
            demand(rows <= count["read"], f"{what}: the database read {count['read']} rows; at least {rows} are right")
            demand(count["sorted"] == 0, f"{what}: the database sorted {count['sorted']} rows")

    def counters(self):
        """What the database counted since it started."""
        if not self.database:
            return collections.Counter()
        connection = self.database.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute("SHOW GLOBAL STATUS")
            status = dict(cursor.fetchall())
        return collections.Counter({name: max(int(status.get(one, 0)) for one in ones) for name, ones in COUNTERS.items()})


def distinct_members(pairs):
    demand(len(pairs) == len(dict(pairs)), f"a JSON object has a member twice: {pairs}")
    return dict(pairs)


def check_head(path, headers, types):
    for name in ONCE:
        demand(len(headers.get_all(name, [])) <= 1, f"{path}: {name} is there more than once")
    demand(headers.get("Server"), f"{path}: no Server header")
    check_form_of_date(path, headers.get("Date", ""))
    demand(("Content-Length" in headers) != (headers.get("Transfer-Encoding") == "chunked"),
           f"{path}: one of Content-Length and chunked is needed")
    demand(headers.get("Content-Length", "0").isdecimal(), f"{path}: Content-Length is {headers.get('Content-Length')}")
    demand("Content-Encoding" not in headers, f"{path}: the body is compressed")
    demand(re.sub(r"\s*;\s*", ";", headers.get("Content-Type", "").lower()) in types,
           f"{path}: Content-Type is {headers.get('Content-Type')}")


def check_form_of_date(path, text):
    """An IMF-fixdate (RFC 9110 section 5.6.7) of about now."""
    try:
        seconds = email.utils.parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError):
        seconds = 0
    demand(email.utils.formatdate(seconds, usegmt=True) == text, f"{path}: Date is '{text}', which is no IMF-fixdate")
    demand(abs(seconds - time.time()) < DATE_SECONDS, f"{path}: Date is '{text}', which is not now")


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
    """Sixteen requests in one piece get sixteen answers, each a whole one."""
    request = f"GET /plaintext HTTP/1.1\r\nHost: {target.host}\r\nAccept: text/plain\r\n\r\n".encode()
    last = request.replace(b"Accept", b"Connection: close\r\nAccept")
    with socket.create_connection((target.host, target.port), timeout=10) as connection:
        connection.sendall(15 * request + last)
        answers = b"".join(iter(lambda: connection.recv(65536), b""))
    stream = Received(answers)
    for number in range(1, 17):
        check_pipelined_answer(f"/plaintext, pipelined, answer {number} of 16", stream)
    rest = stream.read()
    demand(not rest, f"/plaintext: after 16 pipelined answers comes {rest[:200]}")


class Received(io.BytesIO):
    """Bytes that came, as http.client wants a socket; it does not end with the first answer."""

    def makefile(self, _mode):
        return self

    def close(self):
        pass


def check_pipelined_answer(name, stream):
    response = http.client.HTTPResponse(stream, method="GET")
    try:
        response.begin()
        body = response.read()
    except http.client.HTTPException as error:
        raise Wrong(f"{name}: {error!r}") from None
    demand((response.version, response.status) == (11, 200), f"{name}: {response.version}, {response.status}")
    check_head(name, response.headers, TEXT_TYPES)
    demand(body == b"Hello, World!", f"{name}: {body[:200]}")


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


def check_varies(path, numbers, what="rows are not chosen"):
    demand(len(set(numbers)) > len(numbers) * 3 // 4, f"{path}: {what} at random: {sorted(numbers)[:20]}")


def check_db(target):
    worlds = target.worlds()
    with target.counted("/db, 20 times", 20, 20):
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
        with target.counted(path, count, count):
            rows = rows_of(target, path, count, worlds)
        check_varies(path, [row["id"] for row in rows])


def check_updates(target):
    for text, count in COUNTS.items():
        path = argument("/updates", "queries", text)
        before, counted = target.worlds(), target.counters()
        with target.counted(path, count, count):
            rows = rows_of(target, path, count)
        counted, after = target.counters() - counted, target.worlds()
        check_varies(path, [row["randomNumber"] for row in rows], "new numbers are not chosen")
        if before:
            check_changes(path, before, after, rows)
            check_updated(path, counted, rows)


def check_changes(path, before, after, rows):
    """The database holds what was answered, nothing else, and nearly all of it is new."""
    answered = {row["id"]: row["randomNumber"] for row in rows}
    wrong = {id: (number, after[id]) for id, number in answered.items() if after[id] != number}
    demand(not wrong, f"{path}: answered and in the database: {dict(list(wrong.items())[:5])}")
    changed = {id for id in after if after[id] != before[id]}
    demand(changed <= set(answered), f"{path}: rows changed that were not answered: {changed - set(answered)}")
    demand(len(rows) < 20 or len(changed) > 0.95 * len(rows), f"{path}: {len(changed)} of {len(rows)} rows changed")


def check_updated(path, counted, rows):
    """The database counts a row that is read, one that is found to be updated, and one that is changed by it."""
    ids = len({row["id"] for row in rows})
    read, updated = counted["read"], counted["updated"]
    demand(read >= len(rows) + ids, f"{path}: the database read {read} rows; {len(rows)} to be read and {ids} to be updated are right")
    demand(updated <= len(rows), f"{path}: the database updated {updated} rows, not {len(rows)}")


def check_cached(target):
    worlds = target.worlds()
    for text, count in COUNTS.items():
        path = argument("/cached-queries", "count", text)
        check_varies(path, [row["id"] for row in rows_of(target, path, count, worlds)])
    for _ in range(40):     # whatever the cache does not hold before it is asked
        rows_of(target, "/cached-queries?count=500", 500, worlds)
    with target.counted("/cached-queries?count=100, 10 times", most=500):
        for _ in range(10):
            rows_of(target, "/cached-queries?count=100", 100, worlds)


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
    for cell in CELL.findall(text):
        demand(not UNESCAPED.search(cell), f"/fortunes: not all is escaped in {cell}")
    return [(int(row[0]), row[1]) for row in page.rows if row]


def check_fortunes(target):
    with target.counted("/fortunes, 20 times", 20, 20 * 12):
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
    message = "\"A & B\" &amp; &lt; <i>isn't</i> / = + (as) `code`"
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
    "/cached-queries": [check_cached],      # before the rows change
    "/updates": [check_updates],
}
NO_DATABASE = {"/plaintext", "/json"}


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


def refuse(text):
    print(f"checker.py: {text}", file=sys.stderr)
    return 2


def why_not(arguments):
    """What is wrong with the command's arguments; None: nothing."""
    if not arguments:
        return "which server? checker.py http://HOST[:PORT] [ROUTE...]"
    try:
        address = urllib.parse.urlsplit(arguments[0])
        right = address.scheme == "http" and address.hostname and address.port != 0 and address.path in ("", "/")
    except ValueError:
        right = False
    if not right or address.query or address.fragment:
        return f"'{arguments[0]}' is no http://HOST[:PORT]"
    unknown = sorted(set(arguments[1:]) - set(CHECKS))
    return f"no route {', '.join(unknown)}; there are {', '.join(CHECKS)}" if unknown else None


def main(arguments):
    wrong = why_not(arguments)
    if wrong:
        return refuse(wrong)
    address, routes = urllib.parse.urlsplit(arguments[0]), set(arguments[1:]) or set(CHECKS)
    try:
        socket.create_connection((address.hostname, address.port or 80), timeout=10).close()
    except OSError as error:
        return refuse(f"{arguments[0]}: {error}")
    problems = check(arguments[0], routes)
    print("\n".join(problems) or "all answers are as the rules want them")
    if routes - NO_DATABASE:
        print("left out, as by hand there is no database: whether rows, statements and updates are those of the database")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
