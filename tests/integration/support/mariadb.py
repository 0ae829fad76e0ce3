"""A database server of the tests' own: private data directory, free port, no system service, no system configuration.

It is the MariaDB that this machine has installed, or, where HOOT_TEST_SERVER names the folder of a server that
`./dev servers` made, that one: another MariaDB, or MySQL.
"""

import getpass
import hashlib
import itertools
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pymysql

from . import paths, process

USER = "hoot"
PASSWORD = "hoot-test-password"
FOLDER = pathlib.Path(os.environ["HOOT_TEST_SERVER"]) if os.environ.get("HOOT_TEST_SERVER") else None
KIND = (FOLDER / "kind").read_text().strip() if FOLDER else "mariadb"
OPTIONS = {     # what only one of the two takes
    "mariadb": ["--innodb-log-file-size=16M"],
    "mysql": ["--innodb-redo-log-capacity=32M", "--skip-log-bin"],
}


def _program(name):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    assert path, f"{name} is not installed: ./dev setup test"
    return path


def _pristine():
    """A fresh data directory, made once for each version of the server and then copied: making one takes seconds."""
    if FOLDER:
        return FOLDER / "data"
    version = subprocess.run([_program("mariadbd"), "--version"], check=True, capture_output=True).stdout
    cached = paths.BUILD / ("mariadb-" + hashlib.sha256(version).hexdigest()[:12])
    if not cached.exists():
        paths.BUILD.mkdir(exist_ok=True)
        making = pathlib.Path(tempfile.mkdtemp(prefix="mariadb-", dir=paths.BUILD))
        command = [_program("mariadb-install-db"), "--no-defaults", "--auth-root-authentication-method=normal",
                   "--skip-test-db", "--skip-name-resolve", f"--user={getpass.getuser()}", f"--datadir={making}",
                   "--innodb-log-file-size=16M"]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, f"mariadb-install-db failed:\n{done.stdout}{done.stderr}"
        try:
            making.rename(cached)
        except OSError:
            shutil.rmtree(making)       # somebody else was faster
    return cached


class MariaDB:
    """host, port, socket; start, stop, kill9, sigstop, sigcont; run_sql; create_database."""

    host = "127.0.0.1"
    prefix = []         # a command that runs the server
    run_as = None       # a user of the system; None: who runs the tests

    def __init__(self, *options):
        self.port = process.free_port()
        self.user = USER
        self.password = PASSWORD
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="hoot-db-"))
        self.socket = str(self.directory / "socket")
        self.log = self.directory / "error.log"
        self._options = options
        self._process = None
        self._has_user = False
        self._numbers = itertools.count(1)
        shutil.copytree(_pristine(), self.directory / "data")
        if self.run_as:
            subprocess.run(["chown", "-R", self.run_as, self.directory], check=True)
        self.start()
        self._make_user()

    def _make_user(self):
        self.run_sql(f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}'",
                     f"GRANT ALL ON *.* TO '{USER}'@'%' WITH GRANT OPTION")
        self._has_user = True
        self._remember_password()

    @property
    def pid(self):
        return self._process.pid

    @property
    def running(self):
        return self._process is not None and self._process.poll() is None

    def revive(self):
        """Running again, whatever a test did to it."""
        if self.running:
            self.sigcont()
        else:
            self.start()

    def start(self):
        """Start it, again on the same port and data; returns when it answers."""
        command = [
            str(FOLDER / "server") if FOLDER else _program("mariadbd"), "--no-defaults",
            f"--datadir={self.directory}/data", f"--socket={self.socket}", f"--port={self.port}",
            f"--bind-address={self.host}", f"--pid-file={self.directory}/pid",
            f"--log-error={self.log}", f"--tmpdir={self.directory}", f"--user={getpass.getuser()}",
            "--skip-name-resolve", "--performance-schema=OFF", "--innodb-buffer-pool-size=32M",
            "--innodb-flush-log-at-trx-commit=2", "--key-buffer-size=1M", "--max-connections=500",
            "--character-set-server=utf8mb4", *OPTIONS[KIND], *self._options,
        ]
        with open(self.directory / "output.log", "ab") as output:
            self._process = subprocess.Popen([*self.prefix, *command], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                             start_new_session=True, user=None if self.prefix else self.run_as, preexec_fn=process.die_with_parent)
        process.wait_until(self._answers, 60, f"a database server that answers; see {self.log}")
        if self._has_user:
            self._remember_password()

    def _remember_password(self):
        """MySQL forgets passwords when it stops, and asks for one in full, by a safe way, before it knows its hash."""
        if KIND == "mysql":
            self.connect(unix_socket=self.socket).close()

    def _answers(self):
        assert self._process.poll() is None, f"the database server ended:\n{self._log_tail()}"
        try:
            self.connect(user="root", password="", unix_socket=self.socket).close()
            return process.can_connect((self.host, self.port))
        except pymysql.err.OperationalError:
            return False

    def _log_tail(self):
        return "\n".join(path.read_text(errors="replace")[-3000:]
                         for path in (self.log, self.directory / "output.log") if path.exists())

    def stop(self):
        """An orderly shutdown; nothing happens when it does not run."""
        if self.running:
            self.sigcont()
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill9()

    def kill9(self):
        self._process.kill()
        self._process.wait()

    def sigstop(self):
        os.kill(self.pid, signal.SIGSTOP)

    def sigcont(self):
        os.kill(self.pid, signal.SIGCONT)

    def close(self):
        """Stop it for good and remove its directory."""
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def connect(self, **options):
        """A pymysql connection; by default as the tests' user over TCP, in autocommit mode."""
        given = {"host": self.host, "port": self.port, "user": self.user, "password": self.password,
                 "autocommit": True, "charset": "utf8mb4", "connect_timeout": 10, **options}
        return pymysql.connect(**given)

    def run_sql(self, *statements, database=None):
        """Run the statements as root, over the socket; the rows of the last one."""
        connection = self.connect(user="root", password="", unix_socket=self.socket, database=database)
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall()

    def create_database(self):
        """A new, empty database; its name."""
        name = f"hoot_{os.getpid()}_{next(self._numbers)}"
        self.run_sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return name

    def drop_database(self, name):
        self.run_sql(f"DROP DATABASE IF EXISTS {name}")

    def connection_count(self):
        """How many clients are connected, the one that asks not counted."""
        return self.run_sql("SELECT COUNT(*) FROM information_schema.processlist "
                            "WHERE command <> 'Daemon' AND id <> CONNECTION_ID()")[0][0]
