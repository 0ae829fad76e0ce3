"""hooter while its database is away: 503, then recovery without a restart."""

import threading
import time

from support import hooter, process
from support.hooter import ADA, PASSWORD

CLIENTS = 64


def test_it_starts_before_its_database(mariadb, database, hooter_server):
    mariadb.stop()
    server = hooter_server("--workers", 2, env=hooter.environment(mariadb, database))
    assert server.request("GET", "/session").status == 401
    answer = server.post_json("/login", {"email": ADA["email"], "password": PASSWORD})
    assert answer.status == 503 and answer.headers["Retry-After"]
    answer = server.request("GET", "/healthz")
    assert answer.status == 503 and b'"database":"starting"' in answer.body
    process.wait_until(lambda: server.log.count("the database is not ready (try 2") >= 2, 10, "a line for each try")
    mariadb.start()
    hooter.wait_ready(server, 10)
    assert server.post_json("/signup", ADA).status == 200


class Clients:
    """Threads that log in again and again and note what they were answered."""

    def __init__(self, server, people):
        self.server = server
        self.answers = []       # (time, status, right)
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(person,), daemon=True) for person in people]
        for thread in self._threads:
            thread.start()

    def _run(self, person):
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                answer = self.server.post_json("/login", {"email": person["email"], "password": PASSWORD}, timeout=30)
                name = person["name"].encode()
                right = answer.status != 200 or name in answer.body
                self.answers.append((began, time.monotonic(), answer.status, right))
            except OSError as failure:
                self.answers.append((began, time.monotonic(), repr(failure), False))
            time.sleep(0.05)

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()


def test_a_database_killed_under_64_logins(mariadb, database, hooter_server):
    server = hooter.wait_ready(hooter_server("--workers", 2, env=hooter.environment(mariadb, database)))
    people = [{**ADA, "name": f"Person {n} of many", "email": f"person{n}@hooter.example"} for n in range(CLIENTS)]
    for person in people:
        assert server.post_json("/signup", person, timeout=60).status == 200
    clients = Clients(server, people)
    time.sleep(3)
    fds_before = process.fd_count(server.pid)

    killed = time.monotonic()
    mariadb.kill9()
    time.sleep(3)
    revived = time.monotonic()
    mariadb.start()
    back = time.monotonic()
    time.sleep(8)
    clients.stop()

    statuses = {status for _, _, status, _ in clients.answers}
    assert all(right for _, _, _, right in clients.answers), "an answer for somebody else, or none"
    assert statuses == {200, 503}, statuses
    down = [status for began, ended, status, _ in clients.answers if began > killed + 0.2 and ended < revived]
    assert down and set(down) == {503}
    late = [status for began, _, status, _ in clients.answers if began > back + 5]
    assert late and set(late) == {200}, "not all well 5 s after the database was back"
    first_good = min(ended for _, ended, status, _ in clients.answers if status == 200 and ended > revived)
    print(f"\n{len(clients.answers)} answers, {sum(s == 503 for _, _, s, _ in clients.answers)} of them 503; first good answer "
          f"{first_good - back:+.2f} s after the database answered again")
    assert process.fd_count(server.pid) <= fds_before + 8
    assert server.request("GET", "/healthz").status == 200


def test_nothing_stays_connected_after_a_stop(own_mariadb, hooter_server):
    server = hooter_server("--workers", 2, env=hooter.environment(own_mariadb, own_mariadb.create_database()))
    hooter.wait_ready(server)
    for _ in range(8):
        server.request("GET", "/healthz")
    assert own_mariadb.connection_count() >= 2
    server.stop()
    process.wait_until(lambda: own_mariadb.connection_count() == 0, 5, "no connection of hooter's left")
