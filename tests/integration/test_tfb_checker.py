"""The benchmark's checker finds what is wrong: servers that break one rule each."""

import html
import http.server
import sys
import threading

import pytest

from support import paths

sys.path.insert(0, str(paths.ROOT / "bench"))

import checker      # noqa: E402
from database import ADDED_FORTUNE, FORTUNES        # noqa: E402

JSON, TEXT, HTML = "application/json", "text/plain", "text/html; charset=utf-8"


def page(fortunes, escape=True, title="Fortunes"):
    def cell(text):
        return html.escape(text) if escape else text

    rows = "".join(f"<tr><td>{id}</td><td>{cell(message)}</td></tr>" for id, message in fortunes)
    return (f"<!DOCTYPE html><html><head><title>{title}</title></head><body><table>"
            f"<tr><th>id</th><th>message</th></tr>{rows}</table></body></html>")


SORTED = sorted([*enumerate(FORTUNES, 1), (0, ADDED_FORTUNE)], key=lambda fortune: fortune[1])
ROW = '{"id":1,"randomNumber":5}'

WRONG = [
    ("/plaintext", TEXT, "Hello, world!", "Hello, world!"),
    ("/plaintext", "text/html", "Hello, World!", "Content-Type is text/html"),
    ("/plaintext", TEXT, "Hello, World!", "/no-such-route: 200"),
    ("/json", JSON, '{"Message":"Hello, World!"}', "Message"),
    ("/json", JSON, '{"message":"Hello, World!"', "no JSON"),
    ("/db", JSON, '{"id":1,"randomNumber":10001}', "randomNumber is 10001"),
    ("/db", JSON, '{"id":1,"randomNumber":"5"}', "randomNumber is '5'"),
    ("/db", JSON, '{"id":1}', "no row of World"),
    ("/db", JSON, ROW, "not chosen at random"),
    ("/queries", JSON, f"[{ROW}]", "/queries?queries=2: 1 rows, not 2"),
    ("/updates", JSON, ROW, "no array"),
    ("/cached-queries", JSON, "[]", "0 rows, not 2"),
    ("/fortunes", HTML, page(SORTED, escape=False), "not escaped"),
    ("/fortunes", HTML, page(sorted(SORTED)), "not sorted"),
    ("/fortunes", HTML, page([one for one in SORTED if one[0]]), "the one added is not among"),
    ("/fortunes", HTML, page(SORTED[1:]), "the script is not there"),
    ("/fortunes", HTML, page(SORTED, title="fortunes"), "the title is"),
    ("/fortunes", "text/html", page(SORTED), "Content-Type is text/html"),
]


@pytest.fixture
def serve():
    """serve(content_type, body): a server that answers every request so; its address."""
    running = []

    def start(content_type, body):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                data = body.encode()
                self.send_response(200)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("route, content_type, body, problem", WRONG, ids=[f"{one[0][1:]}: {one[3]}" for one in WRONG])
def test_finds_what_is_wrong(serve, route, content_type, body, problem):
    problems = checker.check(serve(content_type, body), {route})
    assert any(problem in one for one in problems), problems


def test_lets_a_right_page_pass(serve):
    assert checker.check(serve(HTML, page(SORTED)), {"/fortunes"}) == []


def test_tells_lost_and_foreign_changes():
    before = dict.fromkeys(range(1, 101), 1)
    rows = [{"id": id, "randomNumber": 2} for id in range(1, 21)]
    after = {**before, **dict.fromkeys(range(1, 21), 2)}
    checker.check_changes("/updates", before, after, rows)
    for wrong in ({**after, 7: 1}, {**after, 50: 2}, {**after, 3: 9}):
        with pytest.raises(checker.Wrong):
            checker.check_changes("/updates", before, wrong, rows)
