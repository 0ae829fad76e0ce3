"""Workers that come and go: restarts that lose nothing, crashes that are mended, stops that finish what is under way."""

import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from support import process
from support.server import Server


def workers(server):
    """The worker processes, by id, in no order."""
    return set(process.tree(server.pid)) - {server.pid}


def wait_serving(server):
    """Until every worker is ready: the master's socket takes connections before."""
    process.wait_until(lambda: "serves on" in server.log, 30, "every worker ready")


class Wrk:
    """wrk with keep-alive connections, in the background."""

    def __init__(self, url, seconds, connections=32, *options):
        self.seconds = seconds
        self.process = subprocess.Popen(["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", *options, url],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def result(self):
        """Gives the number of requests, and every kind of failure that wrk counts."""
        output = self.process.communicate(timeout=self.seconds + 60)[0]
        requests = int(re.search(r"(\d+) requests in", output).group(1))
        failures = [line.strip() for line in output.splitlines() if "Socket errors" in line or "Non-2xx" in line]
        return requests, failures


def test_four_rolling_restarts_in_six_seconds_lose_no_request(start_server):
    server = start_server("mischief", "--workers", 2)
    wait_serving(server)
    first = workers(server)
    load = Wrk(f"{server.url}/ok", 7)
    for _ in range(4):
        time.sleep(1.5)
        server.signal(signal.SIGHUP)
    requests, failures = load.result()
    print(f"\n{requests} requests over four restarts, failures: {failures or 'none'}")
    assert requests > 100 and failures == []
    process.wait_until(lambda: len(workers(server)) == 2, 15, "the old workers gone")
    assert not workers(server) & first
    assert server.log.count("every worker was replaced") >= 2


def test_a_restart_runs_the_binary_that_is_on_disk_now(start_server, tmp_path):
    import shutil
    from support import paths
    copy = tmp_path / "service"
    shutil.copy2(paths.binary("mischief"), copy)
    port = process.free_port()
    log = open(tmp_path / "log", "wb")
    master = subprocess.Popen([copy, "--bind", f"127.0.0.1:{port}", "--workers", "1"], stdout=log, stderr=log,
                              preexec_fn=process.die_with_parent)
    try:
        process.wait_until(lambda: b"serves on" in (tmp_path / "log").read_bytes(), 20, "it serving")
        old = process.tree(master.pid)[1]
        os.replace(shutil.copy2(copy, tmp_path / "new"), copy)      # another file under the same name
        master.send_signal(signal.SIGHUP)
        process.wait_until(lambda: old not in process.tree(master.pid), 20, "the old worker gone")
        (new,) = process.tree(master.pid)[1:]
        assert os.readlink(f"/proc/{new}/exe") == str(copy)

        copy.unlink()                                               # a restart that cannot work changes nothing
        master.send_signal(signal.SIGHUP)
        process.wait_until(lambda: b"could not be started" in (tmp_path / "log").read_bytes(), 10, "it saying so")
        assert process.tree(master.pid)[1:] == [new]
        assert process.can_connect(("127.0.0.1", port))
    finally:
        master.terminate()
        assert master.wait(40) == 0


def test_a_crashed_worker_is_replaced(start_server):
    server = start_server("mischief", "--workers", 2)
    wait_serving(server)
    first = workers(server)
    with pytest.raises(OSError):
        server.request("GET", "/crash")
    process.wait_until(lambda: len(workers(server)) == 2 and workers(server) != first, 10, "a new worker")
    assert "was ended by signal 11" in server.log or "AddressSanitizer" in server.log
    assert len(workers(server) & first) == 1
    for _ in range(20):
        assert server.request("GET", "/ok").status == 200
    server.log_path.write_text("")      # the crash was asked for: nothing of it is a finding


def test_a_worker_that_dies_at_each_start_is_tried_ever_more_slowly(start_server):
    server = start_server("mischief", "--workers", 1)
    assert server.request("GET", "/ok").status == 200
    began = time.monotonic()
    deaths = 0
    while time.monotonic() - began < 4:
        for worker in workers(server):
            try:
                os.kill(worker, signal.SIGKILL)
                deaths += 1
            except ProcessLookupError:
                pass
        time.sleep(0.02)
    assert 3 <= deaths <= 12, deaths
    process.wait_until(lambda: server.request("GET", "/ok").status == 200, 15, "it serving again")


def test_sigterm_lets_requests_under_way_finish(start_server):
    server = start_server("mischief", "--workers", 2)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(server.request("GET", "/sleep?ms=1500")), daemon=True)
    thread.start()
    time.sleep(0.5)
    server.signal(signal.SIGTERM)
    thread.join()
    assert answers[0].status == 200 and answers[0].headers["Connection"] == "close"
    server.stop()


def test_a_stop_signalled_to_the_whole_group_cuts_nothing(start_server):
    """As a service manager does it, or a terminal."""
    server = start_server("mischief", "--workers", 2)
    wait_serving(server)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(server.request("GET", "/sleep?ms=700").status), daemon=True)
               for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    server.signal(signal.SIGTERM)
    for worker in workers(server):
        os.kill(worker, signal.SIGTERM)
        os.kill(worker, signal.SIGHUP)
    for thread in threads:
        thread.join()
    assert answers == [200] * 4
    server.stop()


def test_who_comes_during_a_stop_is_refused_at_once(start_server):
    for count in (2, 0):
        server = start_server("mischief", "--workers", count)
        wait_serving(server)
        with socket.create_connection(server.address) as client:
            client.sendall(b"GET /sleep?ms=1500 HTTP/1.1\r\nHost: x\r\n\r\n")
            time.sleep(0.3)
            server.signal(signal.SIGTERM)
            time.sleep(0.3)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(server.address, timeout=5)
            assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
        server.stop()


def test_a_stop_asked_for_again_and_again_is_still_clean(start_server):
    """The second signal may come at any moment of the end, also when the loop is closed already."""
    for count in (2, 0):
        server = start_server("mischief", "--workers", count)
        wait_serving(server)
        while server.process.poll() is None:
            server.signal(signal.SIGTERM)
            time.sleep(0.001)
        assert server.process.returncode == 0, server.log


def test_a_slot_without_a_worker_takes_no_connections(start_server):
    server = start_server("mischief", "--workers", 2)
    wait_serving(server)
    victim = min(workers(server))
    other = max(workers(server))
    for _ in range(5):      # young deaths: the next try is a while away
        os.kill(victim, signal.SIGKILL)
        process.wait_until(lambda: workers(server) - {other, victim} or "left" in server.log, 10, "the next one")
        (victim,) = workers(server) - {other, victim} or {victim}
        time.sleep(0.05)
    os.kill(victim, signal.SIGKILL)
    process.wait_until(lambda: victim not in workers(server), 5, "it gone")
    time.sleep(0.2)         # the master has heard of it: who came before that shares the dead one's fate
    for _ in range(24):
        assert server.request("GET", "/ok", timeout=5).status == 200


def test_a_worker_that_never_gets_ready_is_given_up(tmp_path):
    import shutil
    from support import paths
    copy = tmp_path / "service"
    shutil.copy2(paths.binary("mischief"), copy)
    port = process.free_port()
    log = tmp_path / "log"
    with open(log, "wb") as output:
        master = subprocess.Popen([copy, "--bind", f"127.0.0.1:{port}", "--workers", "1", "--start-timeout", "2"], stdout=output,
                                  stderr=output, preexec_fn=process.die_with_parent)
    try:
        process.wait_until(lambda: b"serves on" in log.read_bytes(), 20, "it serving")
        (old,) = process.tree(master.pid)[1:]
        sleeper = tmp_path / "sleeper"
        sleeper.write_text("#!/bin/sh\nexec sleep 100\n")
        sleeper.chmod(0o755)
        os.replace(sleeper, copy)
        master.send_signal(signal.SIGHUP)
        process.wait_until(lambda: b"was not ready in time: killed" in log.read_bytes(), 15, "it given up")
        assert old in process.tree(master.pid)
        process.wait_until(lambda: process.tree(master.pid)[1:] == [old], 10, "only the old one left")
        os.replace(shutil.copy2(paths.binary("mischief"), tmp_path / "good"), copy)
        master.send_signal(signal.SIGHUP)
        process.wait_until(lambda: old not in process.tree(master.pid), 20, "the old one replaced after all")
    finally:
        master.terminate()
        assert master.wait(40) == 0


def test_what_outlasts_the_drain_time_is_cut(start_server):
    server = start_server("mischief", "--workers", 1, "--drain-timeout", 1)
    with socket.create_connection(server.address) as client:
        client.sendall(b"GET /sleep?ms=30000 HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.3)
        server.stop(20)
    assert "did not end within" in server.log


def test_workers_leave_when_their_master_is_killed(start_server):
    server = start_server("mischief", "--workers", 2)
    wait_serving(server)
    left = workers(server)
    os.kill(server.pid, signal.SIGKILL)
    server.process.wait()
    process.wait_until(lambda: not any(map(process.running, left)), 20, "the workers gone")
    assert "the master process is gone" in server.log
    server.process = None


def test_both_workers_serve(start_server):
    server = start_server("mischief", "--workers", 2)
    wait_serving(server)
    Wrk(f"{server.url}/ok", 1).result()
    for worker in workers(server):
        assert process.cpu_seconds(worker) > 0.05


def test_a_start_that_cannot_work_ends(tmp_path):
    server = Server("mischief", tmp_path, "--workers", 2, env={"MISCHIEF_DB_URL": "nonsense://x"})
    try:
        server.start()
    except AssertionError:
        pass        # it may have ended before anybody could connect
    assert server.process.wait(20) == 1
    assert "giving up" in server.log and "nonsense" in server.log
