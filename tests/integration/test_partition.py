"""A network that fails between the service and its database: while connecting, and under load (F10 of the fault plan)."""

import json
import time

import pytest

from support import process
from support.fault_proxy import FaultProxy
from test_faults import Load, report


@pytest.fixture
def behind_proxy(start_server, mariadb, database):
    """behind_proxy(stall_after=None, connect_ms=10000): (mischief with one worker, the proxy to its database)."""
    proxies = []

    def start(stall_after=None, connect_ms=10000):
        proxy = FaultProxy((mariadb.host, mariadb.port), stall_after)
        proxies.append(proxy)
        mariadb.run_sql("CREATE TABLE IF NOT EXISTS markers (marker VARCHAR(100) PRIMARY KEY)", database=database)
        env = {"MISCHIEF_DB_URL": f"mysql://{mariadb.user}:{mariadb.password}@127.0.0.1:{proxy.port}/{database}",
               "MISCHIEF_DB_CONNECT_MS": str(connect_ms)}
        return start_server("mischief", "--workers", 1, env=env), proxy

    yield start
    for proxy in proxies:
        proxy.close()


def pool_state(server):
    return json.loads(server.request("GET", "/db/pool").body)


@pytest.mark.parametrize("stage, stall_after", [("no greeting", 0), ("half a greeting", 20), ("no answer to the login", 100),
                                                ("half of the session's setup", 160)])
def test_one_deadline_bounds_all_of_connecting(behind_proxy, stage, stall_after):
    server, proxy = behind_proxy(stall_after, connect_ms=700)
    began = time.monotonic()
    answer = server.request("GET", "/db/echo?marker=m")
    took = time.monotonic() - began
    assert answer.status == 503
    assert took > 0.65, f"{stage}: {took:.2f} s"
    process.wait_until(lambda: pool_state(server)["connecting"] == 0, 5, "the connecting ended")
    proxy.stall_after = None
    assert server.request("GET", "/db/echo?marker=m").body == b"m"


def test_connections_that_are_reset_fail_at_once_and_are_replaced(behind_proxy):
    server, proxy = behind_proxy()
    assert server.request("GET", "/db/echo?marker=m").body == b"m"
    load = Load(server, 4, lambda n: f"/db/echo?marker=m{n}&ms=200")
    process.wait_until(lambda: pool_state(server)["lent"] == 4, 10, "four statements under way")
    proxy.set("reset")
    process.wait_until(lambda: load.statuses()[503] >= 4, 20, "four failures")
    assert "(HOOT_ECONNLOST)" in server.log and "(HOOT_ETIMEOUT)" not in server.log     # not by their deadlines
    proxy.set("pass")
    process.wait_until(lambda: server.request("GET", "/db/echo?marker=m").status == 200, 20, "an answer")
    load.stop()
    assert all(a[4] == b"m%d" % a[3] for a in load.answers if a[2] == 200)


@pytest.mark.fault
@pytest.mark.parametrize("fault", ["stall", "reset"])
def test_f10_partition_between_service_and_database(behind_proxy, mariadb, database, fault):
    server, proxy = behind_proxy(connect_ms=2000)
    assert server.request("GET", "/db/echo?marker=warm").body == b"warm"
    fds, rss = process.fd_count(server.pid), process.rss_kib(server.pid)
    other = Load(server, 2, lambda n: "/ok", pause=0.01)
    load = Load(server, 8, lambda n: f"/db/insert?marker=w{n}", method="POST", pause=0.01)
    time.sleep(2)
    parted = time.monotonic()
    proxy.set(fault)
    time.sleep(15)
    healed = time.monotonic()
    proxy.set("pass")
    time.sleep(6)
    load.stop(), other.stop()

    times = [a[1] - a[0] for a in load.answers if parted < a[0] and a[1] < healed]
    first_good = min(a[1] for a in load.answers if a[2] == 200 and a[1] > healed)
    acknowledged = {b"w%d" % a[3] for a in load.answers if a[2] == 200}
    stored = {row[0].encode() for row in mariadb.run_sql("SELECT marker FROM markers", database=database)}
    state = pool_state(server)
    report(f"F10 {fault}", f"{len(load.answers)} writes {dict(load.statuses())}; during 15 s each failed after {min(times):.2f} to "
           f"{max(times):.2f} s (the route's 3 s is the bound); first good answer {first_good - healed:.2f} s after the end; acknowledged "
           f"writes lost {len(acknowledged - stored)}; other routes {dict(other.statuses())}, the longest "
           f"{max(a[1] - a[0] for a in other.answers) * 1000:.0f} ms; pool {state}; descriptors {fds} before, "
           f"{process.fd_count(server.pid)} after; resident {rss} KiB before, {process.rss_kib(server.pid)} after")
    assert max(times) <= 3.3
    assert first_good - healed <= 4
    assert not acknowledged - stored
    assert set(other.statuses()) == {200}
    assert state["waiting"] == 0 and state["lent"] == 0 and state["open"] <= 4
    assert process.fd_count(server.pid) <= fds + 12
