"""The benchmark's database: tables World and Fortune with the rows of the TechEmpower benchmark, on a MariaDB of its own.

`Database()` starts that server and fills it; `close()` ends it. `Database(server)` fills a database on a server that runs
already, as the tests do. By hand: `/usr/bin/python3 bench/database.py` prints the address and stays until it is interrupted.
"""

import pathlib
import random
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "integration"))

from support.mariadb import MariaDB     # noqa: E402

WORLDS = 10_000

# As in the benchmark: one text that must be escaped, one outside of Latin letters, two with an em dash.
FORTUNES = [
    "fortune: No such file or directory",
    "A computer scientist is someone who fixes things that aren't broken.",
    "After enough decimal places, nobody gives a damn.",
    "A bad random number generator: 1, 1, 1, 1, 1, 4.33e+67, 1, 1, 1",
    "A computer program does what you tell it to do, not what you want it to do.",
    "Emacs is a nice operating system, but I prefer UNIX. \u2014 Tom Christaensen",
    "Any program that runs right is obsolete.",
    "A list is only as strong as its weakest link. \u2014 Donald Knuth",
    "Feature: A bug with seniority.",
    "Computers make very fast, very accurate mistakes.",
    '<script>alert("This should not be displayed in a browser alert box.");</script>',
    "\u30d5\u30ec\u30fc\u30e0\u30ef\u30fc\u30af\u306e\u30d9\u30f3\u30c1\u30de\u30fc\u30af",
]
ADDED_FORTUNE = "Additional fortune added at request time."

# What the benchmark's own server is set to, as far as it matters here: no disk is waited for, memory holds everything.
SERVER_OPTIONS = ["--max-connections=2000", "--back-log=1024", "--thread-cache-size=256", "--table-open-cache=800",
                  "--max-prepared-stmt-count=1048576", "--innodb-buffer-pool-size=256M", "--sync-binlog=0"]

TABLES = [
    "CREATE TABLE World (id INT UNSIGNED NOT NULL AUTO_INCREMENT, randomNumber INT NOT NULL DEFAULT 0,"
    " PRIMARY KEY (id)) ENGINE=InnoDB",
    "CREATE TABLE Fortune (id INT UNSIGNED NOT NULL AUTO_INCREMENT, message VARCHAR(2048) NOT NULL,"
    " PRIMARY KEY (id)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
]


class Database:
    """host, port, user, password, name; url."""

    def __init__(self, server=None):
        self._own = None if server else MariaDB(*SERVER_OPTIONS)
        self.server = server or self._own
        self.host, self.port = self.server.host, self.server.port
        self.user, self.password = self.server.user, self.server.password
        self.name = self.server.create_database()
        self._fill()

    @property
    def url(self):
        return f"mysql://{self.user}:{self.password}@{self.host}:{self.port}/{self.name}"

    def _fill(self):
        connection = self.connect()
        with connection, connection.cursor() as cursor:
            for table in TABLES:
                cursor.execute(table)
            cursor.executemany("INSERT INTO World (id, randomNumber) VALUES (%s, %s)",
                               [(id, random.randint(1, WORLDS)) for id in range(1, WORLDS + 1)])
            cursor.executemany("INSERT INTO Fortune (id, message) VALUES (%s, %s)", enumerate(FORTUNES, 1))

    def connect(self):
        """A pymysql connection to it."""
        return self.server.connect(database=self.name)

    def worlds(self):
        """{id: randomNumber} as they are now."""
        connection = self.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT id, randomNumber FROM World")
            return dict(cursor.fetchall())

    def close(self):
        if self._own:
            self._own.close()
        else:
            self.server.drop_database(self.name)


ENDS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def main():
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)      # what sigwait() waits for; and none ends it before its server is there
    database = Database()
    try:
        print(f"TFB_DB_URL={database.url}", flush=True)
        signal.sigwait(ENDS)
    finally:
        database.close()


if __name__ == "__main__":
    main()
