"""hooter as its tests start it, and the requests that they make of it with curl, as a person would."""

import json
import subprocess

SECRET = "a secret of the tests"
PASSWORD = "correct horse battery"

ADA = {"name": "Ada Lovelace", "number": "+91 98765-43210", "email": "ada@hooter.example", "password": PASSWORD}


def environment(mariadb=None, database=None, **more):
    """hooter's variables for a database on `mariadb`; without one: SQLite."""
    env = {"HOOTER_SECRET_KEY": SECRET}
    if mariadb:
        env.update(HOOTER_DB_HOST=mariadb.host, HOOTER_DB_PORT=str(mariadb.port), HOOTER_DB_USER=mariadb.user,
                   HOOTER_DB_PASSWORD=mariadb.password, HOOTER_DB=database)
    env.update(more)
    return env


def wait_ready(server, seconds=30):
    """Until its tables are there, for each worker: which of them a connection meets is chance."""
    from . import process
    process.wait_until(lambda: all(server.request("GET", "/healthz").status == 200 for _ in range(16)), seconds,
                       "hooter with its database")
    return server


class Curl:
    """One person at a terminal: curl with a cookie jar."""

    def __init__(self, server, directory, name="jar"):
        self.server = server
        self.jar = directory / f"{name}.cookies"

    def __call__(self, method, path, body=None, content_type="application/json", headers=()):
        """Gives status, the JSON of the answer (None: it is none), and the headers with names in lower case."""
        command = ["curl", "-sS", "--max-time", "30", "-X", method, "-b", str(self.jar), "-c", str(self.jar),
                   "-D", "-", "-o", "-", self.server.url + path]
        if body is not None:
            text = body if isinstance(body, (str, bytes)) else json.dumps(body)
            command += ["-H", f"Content-Type: {content_type}", "--data-binary", "@-"]
        else:
            text = ""
        for header in headers:
            command += ["-H", header]
        done = subprocess.run(command, input=text if isinstance(text, bytes) else text.encode(), capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        return self._parse(done.stdout)

    @staticmethod
    def _parse(output):
        head, _, body = output.partition(b"\r\n\r\n")
        while head.startswith(b"HTTP/1.1 100"):
            head, _, body = body.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers.setdefault(name.lower(), []).append(value.strip())
        try:
            value = json.loads(body)
        except ValueError:
            value = None
        return int(lines[0].split()[1]), value, headers
