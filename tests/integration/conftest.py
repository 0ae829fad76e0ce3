"""The fixtures that integration tests share; what they do is in support/."""

import os

import pytest

from support import process
from support.mariadb import MariaDB
from support.server import Server


def _needs_database(item):
    params = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return (getattr(item.module, "EVERY_SERVER", False) or "mariadb" in params or
            any("mariadb" in name for name in item.fixturenames))


def pytest_collection_modifyitems(config, items):
    """Against another server than the installed one (see support/mariadb.py): the tests that need one, and no others."""
    if os.environ.get("HOOT_TEST_SERVER"):
        config.hook.pytest_deselected(items=[item for item in items if not _needs_database(item)])
        items[:] = [item for item in items if _needs_database(item)]


@pytest.fixture
def free_port():
    """A TCP port on 127.0.0.1 that is free now."""
    return process.free_port()


@pytest.fixture(scope="session")
def _mariadb_of_session():
    server = MariaDB()
    yield server
    server.close()


@pytest.fixture
def mariadb(_mariadb_of_session):
    """The session's database server: MariaDB, or what HOOT_TEST_SERVER names. Tests may stop, kill or freeze it: the next test finds it running."""
    yield _mariadb_of_session
    _mariadb_of_session.revive()


@pytest.fixture
def own_mariadb():
    """A server that no other test has."""
    server = MariaDB()
    yield server
    server.close()


@pytest.fixture
def database(mariadb):
    """The name of a new, empty database on `mariadb`, dropped after the test."""
    name = mariadb.create_database()
    yield name
    mariadb.revive()
    mariadb.drop_database(name)


@pytest.fixture
def start_server(tmp_path):
    """start_server(name, *args, env=None, bind=None): runs build/.../bin/NAME and waits until it accepts connections.

    Its working directory is the test's tmp_path. When the test ends, it gets SIGTERM and must end with status 0,
    without a sanitizer's report.
    """
    started = []

    def start(name, *args, env=None, bind=None):
        server = Server(name, tmp_path, *args, env=env, bind=bind)
        started.append(server)
        return server.start()

    yield start
    failures = []
    for server in started:
        try:
            if server.process:
                server.stop()
        except AssertionError as failure:
            failures.append(str(failure))
        finally:
            if server.process:
                server.kill()
    assert not failures, "\n".join(failures)


@pytest.fixture
def hooter_server(start_server):
    """hooter_server(*args, env=None, bind=None): start_server() for hooter."""
    def start(*args, env=None, bind=None):
        return start_server("hooter", *args, env=env, bind=bind)
    return start
