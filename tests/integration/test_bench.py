"""The benchmark's runner: that its figures mean what they say, and that it leaves nothing running."""

import io
import json
import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree

import pytest

from support import paths, process

sys.path.insert(0, str(paths.ROOT / "bench"))

from runner import (chart, load, measure, patience, progress, publish, report, servers, stats, targets, tests,  # noqa: E402
                    usage, versions)

import peers     # noqa: E402

RUN = paths.ROOT / "bench" / "run.py"


# --- arithmetic ---

def test_a_ratio_is_taken_within_each_round_and_the_median_counts():
    ours = [{"x": 50}, {"x": 10}, {"x": 90}]        # the machine was slow in the second round, for all
    limit = [{"x": 100}, {"x": 20}, {"x": 100}]
    assert stats.ratio(ours, limit, "x") == 0.5
    assert stats.ratio([{"x": None}], [{"x": 2}], "x") is None
    assert stats.ratio([{"x": 1}], [{"x": 0}], "x") is None
    assert stats.ratio([], limit, "x") is None


def test_medians_leave_out_what_most_rounds_lack():
    assert stats.medians([{"a": 1, "b": None}, {"a": 3, "b": None, "c": 5}, {"a": 2, "b": None, "c": 7}]) == {"a": 2, "c": 6}
    rounds = [{"a": 1}] + 3 * [{"a": None}]
    assert stats.medians(rounds[:3]) == {"a": 1} and stats.medians(rounds) == {}
    assert stats.medians([]) == {}


def test_the_spread_is_the_largest_by_the_smallest():
    assert stats.spread([2.0, 3.0, 2.5]) == 1.5
    assert stats.spread([]) is None


def test_figures_are_per_second_and_per_cpu_second():
    done = {"requests": 3000, "seconds": 2.0, "bad_status": 1, "lost": 2, "unanswered": 4, "own_cpu_s": 0.5,
            "latency_us": {"requests": 3000, "mean": 9, "p50": 10, "p99": 20, "p99_9": 30}}
    found = load.figures(done, 1.5, 2048, 1024)
    assert (found["requests_per_s"], found["requests_per_cpu_s"], found["cpu_us"]) == (1500, 2000, 500)
    assert (found["rss_mib"], found["pss_mib"], found["errors"]) == (2, 1, 7)
    nothing = load.figures({**done, "requests": 0}, 0.0, 0, 0)
    assert nothing["requests_per_cpu_s"] is None and nothing["cpu_us"] is None
    assert "undisturbed_p99_us" not in found


def test_a_p99_of_undisturbed_time_is_that_of_all_where_nobody_watched_and_none_where_little_is_left():
    done = {"requests": 3000, "bad_status": 0, "lost": 0, "unanswered": 0, "seconds": 2.0, "own_cpu_s": 0.5,
            "latency_us": {"requests": 3000, "p50": 10, "p99": 20}, "sent_late_us": {"requests": 3000, "p99": 5}}
    assert load.at_a_rate(done) == {"load_share": 0.25, "sent_late_p99_us": 5, "undisturbed_p50_us": 10, "undisturbed_p99_us": 20,
                                    "left_out": None}
    quiet = {"requests": 2000, "p50": 8, "p99": 15}
    found = load.at_a_rate({**done, "undisturbed_us": quiet, "left_out": 0.3})
    assert (found["undisturbed_p99_us"], found["left_out"]) == (15, 0.3)
    found = load.at_a_rate({**done, "undisturbed_us": {**quiet, "requests": 20}, "left_out": 0.99})
    assert found["undisturbed_p99_us"] is None


def test_a_percentile_that_falls_among_requests_without_an_answer_is_not_known():
    done = {"requests": 990, "bad_status": 0, "lost": 5, "unanswered": 5, "seconds": 1.0,
            "latency_us": {"p50": 1.0, "p99": 2.0, "p99_9": 3.0, "mean": 1.0}}
    found = load.figures(done, 0.5, 0, 0)
    assert (found["p50_us"], found["p99_us"], found["p99_9_us"]) == (1.0, None, None)
    assert load.figures({**done, "lost": 0, "unanswered": 0}, 0.5, 0, 0)["p99_us"] == 2.0


def test_what_failed_is_named_by_its_kind():
    rounds = [{"bad_status": 0, "lost": 2, "unanswered": 0}, {"bad_status": 0, "lost": 1, "unanswered": 5}]
    assert report.errors(rounds) == "3 lost with their connection, 5 without an answer ten seconds after the end"
    assert report.errors([{}, {"bad_status": 0}]) == ""


def test_hoot_is_compared_with_the_peer_that_is_hardest_to_beat():
    rows = [measure.Row("hoot", "hoot", None, [{"requests_per_s": 200, "requests_per_cpu_s": 300, "undisturbed_p99_us": 10}]),
            measure.Row("slow", "peer", None, [{"requests_per_s": 20, "requests_per_cpu_s": 100, "undisturbed_p99_us": 40}]),
            measure.Row("fast", "peer", None, [{"requests_per_s": 100, "requests_per_cpu_s": 60, "undisturbed_p99_us": 5}])]
    results = {"db-256": measure.summary(rows, {"gone": "not there"}, "", "", tests.kind_of)}
    assert targets.to_best_peer("db-256", "requests_per_s")(results) == 2
    assert targets.to_best_peer("db-256", "requests_per_cpu_s")(results) == 3
    assert targets.p99_to_best_peer("db-256")(results) == 2
    assert results["db-256"]["rows"]["gone"]["failed"] == "not there"
    assert targets.to_best_peer("json-256", "requests_per_s")(results) is None


def test_a_target_is_met_missed_or_not_measured():
    assert [targets.Target("x", 0.9, None).met(value) for value in (0.9, 0.89, None)] == [True, False, None]
    assert [targets.Target("x", 30, None, least=False).met(value) for value in (30, 31)] == [True, False]


def test_cpu_time_of_a_tree_counts_children_that_have_ended():
    burn = """import os, sys, time
if os.fork() == 0:
    while time.process_time() < 0.3: pass
    os._exit(0)
os.wait(); print(flush=True); sys.stdin.read()"""
    with subprocess.Popen([sys.executable, "-c", burn], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        assert usage.cpu_seconds(child.pid) >= 0.29
        rss, pss = usage.memory_kib(child.pid)
        assert rss >= pss > 1000
        child.stdin.close()


def test_the_database_shares_both_cores_where_there_are_two_or_the_loads_only(monkeypatch):
    for cores, alone, database in (([3], False, {3}), ([1, 2], False, {1, 2}), ([1, 2], True, {2}), ([4, 5, 6], False, {6})):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, cores=cores: set(cores))
        found = usage.Cores(alone)
        assert found.server == {cores[0]} and found.load == {cores[-1] if len(cores) < 3 else cores[1]}
        assert found.database == database and found.busy == set(cores)


# --- the load generator, against a server of our own ---

class Scripted:
    """A server that gives each connection in turn the next of its scripts: a function that gets the socket."""

    def __init__(self, *scripts):
        import socket
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.scripts, self.threads = self.listener.getsockname()[1], list(scripts), []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
            threading.Thread(target=self._serve, args=(script, connection), daemon=True).start()

    @staticmethod
    def _serve(script, connection):
        try:
            with connection:
                script(connection)
        except OSError:
            pass

    def close(self):
        self.listener.close()


def read_request(connection):
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        piece = connection.recv(4096)
        if not piece:
            raise OSError("the client left")
        data += piece
    return data


def answer_all(connection, reply=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"):
    while True:
        connection.sendall(reply * read_request(connection).count(b"\r\n\r\n"))


@pytest.fixture
def scripted():
    servers = []

    def make(*scripts):
        servers.append(Scripted(*scripts))
        return servers[-1]
    yield make
    for server in servers:
        server.close()


def run_load(port, *options, depth=1, seconds=0.5):
    import tempfile
    with tempfile.NamedTemporaryFile() as file:
        load.write_requests(file, [load.request("/a"), load.request("/b")], depth)
        done = subprocess.run([paths.binary("load"), "--port", str(port), "--requests", file.name, "--seconds", str(seconds), *options],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    begin, end, result = done.stdout.splitlines()
    assert (begin, end) == ("begin", "end")
    return json.loads(result)


def test_load_asks_all_requests_in_turn_and_counts_pipelined_answers(scripted):
    seen = []

    def remember(connection):
        while True:
            data = read_request(connection)
            seen.append(data)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" * data.count(b"\r\n\r\n"))
    result = run_load(scripted(remember).port, depth=3, seconds=0.2)
    assert result["requests"] >= 6 and result["bad_status"] == result["lost"] == 0
    assert seen[0].count(b"GET /a ") == 3 and seen[1].count(b"GET /b ") == 3


def test_load_counts_what_fails_apart(scripted):
    bad = run_load(scripted(lambda connection: answer_all(connection, b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")).port, seconds=0.2)
    assert bad["requests"] == 0 and bad["bad_status"] > 0
    lost = run_load(scripted(read_request).port, seconds=0.2)
    assert lost["requests"] == 0 and lost["lost"] > 0


@pytest.mark.parametrize("what", ["is silent", "is gone"])
def test_a_server_that_answers_nobody_has_no_figures(scripted, what):
    server = scripted(lambda connection: connection.recv(65536) and time.sleep(5))
    with subprocess.Popen(["sleep", "60"]) as other:
        if what == "is gone":
            other.kill()
            other.wait()
        player = load.Load([load.request("/")], 2)
        with pytest.raises(load.LoadFailed, match="no request was answered" if what == "is silent" else "ended while it was measured"):
            player.run(server.port, other.pid, 0.0, 0.2)
        player.close()
        other.kill()


def test_load_opens_a_connection_anew_when_the_server_ends_it(scripted):
    def once(connection):
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
    for options in ([], ["--one-each"]):
        result = run_load(scripted(once).port, "--connections", "2", *options)
        assert result["requests"] > 2 and result["lost"] == 0


def test_at_a_constant_rate_a_pause_of_the_server_is_in_the_latency_of_all_that_were_due(scripted):
    pause = 0.4

    def pausing(connection):
        read_request(connection)
        time.sleep(pause)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        answer_all(connection)
    result = run_load(scripted(pausing).port, "--rate", "200", seconds=0.8)
    assert result["requests"] == 160 and result["unanswered"] == 0      # as many as were due, not as many as there was time for
    assert result["latency_us"]["max"] >= 0.95e6 * pause
    assert result["latency_us"]["p90"] >= 0.5e6 * pause                 # half of them were due while it paused


def test_what_the_load_generator_is_late_itself_is_no_latency_of_the_server_and_its_stalls_are_left_out(scripted):
    port, stop = scripted(answer_all).port, 0.3
    command = [paths.binary("load"), "--port", str(port), "--connections", "200", "--rate", "500", "--seconds", "1.5",
               "--watch", str(min(os.sched_getaffinity(0)))]
    import tempfile
    with tempfile.NamedTemporaryFile() as file:
        load.write_requests(file, [load.request("/")])
        with subprocess.Popen([*command, "--requests", file.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              preexec_fn=process.die_with_parent) as run:
            assert run.stdout.readline() == "begin\n"
            run.stdin.write("\n")
            run.stdin.flush()
            time.sleep(0.4)
            run.send_signal(signal.SIGSTOP)
            time.sleep(stop)
            run.send_signal(signal.SIGCONT)
            assert run.stdout.readline() == "end\n"
            result = json.loads(run.stdout.readline())
            run.stdin.close()
    assert result["requests"] == 750 and result["unanswered"] == 0
    assert result["sent_late_us"]["max"] >= 0.95e6 * stop
    assert result["latency_us"]["p99"] < 0.5e6 * stop
    if "left_out" in result:                            # with root's rights
        assert result["left_out"] >= stop / 1.5
        assert result["undisturbed_us"]["requests"] <= 750 * (1 - stop / 1.5)


def test_the_measured_time_begins_when_who_started_it_is_ready(scripted):
    port = scripted(answer_all).port
    import tempfile
    with tempfile.NamedTemporaryFile() as file:
        load.write_requests(file, [load.request("/")])
        with subprocess.Popen([paths.binary("load"), "--port", str(port), "--requests", file.name, "--rate", "100", "--seconds", "0.2"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=process.die_with_parent) as run:
            assert run.stdout.readline() == "begin\n"
            ready, _, _ = select.select([run.stdout], [], [], 0.5)
            assert not ready                            # it goes on, and does not count yet
            run.stdin.close()
            assert run.stdout.readline() == "end\n"
            assert json.loads(run.stdout.readline())["requests"] == 20


def test_load_says_what_is_wrong_with_its_requests(tmp_path):
    file = tmp_path / "requests"
    file.write_text("1 100\nGET /")
    done = subprocess.run([paths.binary("load"), "--port", "1", "--requests", file], capture_output=True, text=True)
    assert done.returncode == 2 and "holds no requests" in done.stderr


def test_the_bare_servers_answer_each_pipelined_request_in_one_write():
    for mode in ("epoll", "libuv"):
        port = process.free_port()
        with subprocess.Popen([paths.binary("limit"), mode, str(port), "json"], preexec_fn=process.die_with_parent) as server:
            try:
                process.wait_until(lambda: process.can_connect(("127.0.0.1", port)), 10, "limit")
                import socket
                with socket.create_connection(("127.0.0.1", port)) as connection:
                    connection.sendall(load.request("/json") * 100 + b"GET /cut HTTP/1.1\r\nHost: x\r")
                    data = b""
                    while data.count(b"HTTP/1.1 200 OK\r\n") < 100 or not data.endswith(b"}\n"):
                        data += connection.recv(65536)
                    connection.sendall(b"\n\r\n")       # the rest of the one that was cut
                    assert connection.recv(65536).endswith(b'\r\n\r\n{"message":"Hello, World!"}\n')
            finally:
                server.kill()


# --- what is written ---

def result_of(**rows):
    found = measure.summary([measure.Row(name.replace("_", " "), tests.kind_of(name), None,
                                         [{"requests_per_cpu_s": value, "requests_per_s": value, "errors": 0} for value in values])
                             for name, values in rows.items()],
                            {"broken": "no <such> thing"}, "limit epoll", "requests_per_cpu_s", tests.kind_of)
    return {"test": "json-32", "title": "JSON & <more>", "figures": ["requests_per_cpu_s", "requests_per_s"], "ratio_to": "limit epoll",
            "ratio_of": "requests_per_cpu_s", "rounds": 3, "seconds": 2.0, "steal_limit": 0.05, "when": "2026-01-01", "machine": report.machine(),
            "versions": {"libuv": "1.44.2"}, **found}


def test_a_chart_is_well_formed_and_its_bars_are_in_proportion():
    root = xml.etree.ElementTree.fromstring(chart.draw(result_of(limit_epoll=[200, 200, 200], hoot=[90, 100, 120])))
    bars = [float(one.get("width")) for one in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert len(bars) == 4 and bars[0] == pytest.approx(2 * bars[1], rel=0.01)
    words = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "JSON & <more>" in words and "failed" in words and "100 (0.50 of the limit)" in [re.sub(" +", " ", one) for one in words]
    height = float(root.get("height"))
    assert all(float(one.get("y")) < height for one in root.iter("{http://www.w3.org/2000/svg}text"))


def test_a_chart_leaves_out_what_a_round_does_not_have():
    draw = chart.draw(result_of(limit_epoll=[200, None, 100], hoot=[None, None, None]))
    words = [one.text for one in xml.etree.ElementTree.fromstring(draw).iter("{http://www.w3.org/2000/svg}text")]
    assert words.count("150") == 2 and words.count("not measured") == 2


def test_results_are_read_back_as_they_were_written(tmp_path):
    result = result_of(limit_epoll=[200, 200, 200], hoot=[90, 100, 120])
    report.write(tmp_path, result)
    assert report.read_all(tmp_path, ["json-32", "json-256"]) == {"json-32": result}
    report.write_readme(tmp_path, {"json-32": result})
    text = (tmp_path / "README.md").read_text()
    assert "| hoot | 100 | 100 | 0.50 |" in text and "broken failed: no <such> thing" in text and "](json-32.svg)" in text


def test_a_table_goes_between_the_marks_of_a_document_and_nowhere_else():
    page = "before\n<!-- bench table -->\nold\n<!-- /bench -->\nafter\n"
    for _ in range(2):
        page = report.filled(page, "table", "new")
    assert page == "before\n<!-- bench table -->\nnew\n<!-- /bench -->\nafter\n"
    assert report.filled(page, "other", "newer") == page


def test_the_time_left_is_what_is_planned_and_not_done():
    shown = progress.Progress(100, 2, open(os.devnull, "w"))
    shown.start("one", 60)
    shown.step("round 1", 5)
    assert shown.left() == "1:35"
    shown.start("two", 40)      # what the first did not take is not waited for
    shown.began = time.monotonic() - 60
    assert shown.left() in ("0:40", "0:39")


def test_time_that_was_not_planned_does_not_slow_the_rest_down():
    shown = progress.Progress(100, 1, open(os.devnull, "w"))
    shown.start("one", 100)
    shown.step("round 1", 50)
    shown.began -= 50
    assert shown.left() == "0:50"
    shown.again("round 1, again")
    shown.began -= 100              # so long ago
    shown._waits_since -= 100
    assert shown.left() == "0:50"
    shown.resume()
    assert shown.left() == "0:50"


def test_a_log_tells_once_a_test_that_something_is_measured_again():
    shown = progress.Progress(100, 1, io.StringIO())
    shown.start("one", 100)
    for _ in range(2):
        shown.again("hoot, round 1 of 3, again: the host took 23%")
        shown.resume()
    assert shown.out.getvalue().count("  hoot, round 1 of 3, again: the host took 23%\n") == 1


# --- turns that the host disturbs ---

class Host:
    """A machine whose host takes these shares of the cores' time in one turn after the other. A turn lasts 2 s, by its own clock."""

    def __init__(self, *stolen):
        self.stolen, self.now, self.slept, self.turns = list(stolen), 0.0, [], 0

    def turn(self, *_):
        self.now, self.turns = self.now + 2, self.turns + 1
        return {"stolen": self.stolen.pop(0), "x": self.turns, "errors": 0}

    def sleep(self, seconds):
        self.now += seconds
        self.slept.append(seconds)

    def patience(self, limit, budget_s):
        return patience.Patience(limit, budget_s, lambda: self.now, self.sleep)


def test_a_disturbed_turn_is_measured_again_until_one_is_quiet():
    host = Host(0.3, 0.06, 0.2, 0.05, 0.0)
    patient, heard = host.patience(0.05, 100), []
    figures, others = patient.measure(host.turn, heard.append)
    assert (figures["x"], [one["x"] for one in others]) == (4, [1, 2, 3])       # 5 % is not more than 5 %
    assert heard == [0.3, 0.06, 0.2] and host.slept == [0, 1, 2]                # at once, then after a while
    assert patient.left_s == 100 - 3 * 2 - 3
    assert patient.measure(host.turn) == ({"stolen": 0.0, "x": 5, "errors": 0}, [])


def test_what_came_out_does_not_decide_which_turn_counts():
    for best in (1, 9):
        results = iter([{"stolen": 0.2, "x": best}, {"stolen": 0.0, "x": 5}, {"stolen": 0.0, "x": best}])
        assert Host().patience(0.05, 100).measure(lambda: next(results))[0]["x"] == 5


def test_when_patience_ends_the_turn_counts_of_which_least_was_taken():
    host = Host(0.3, 0.1, 0.2, 0.4, 0.0)
    patient = host.patience(0.05, 4)
    figures, others = patient.measure(host.turn)
    assert (figures["x"], len(others)) == (2, 2) and patient.left_s <= 0        # 2 s, and 1 s + 2 s
    assert patient.measure(host.turn) == ({"stolen": 0.4, "x": 4, "errors": 0}, [])     # nothing is left for the next one


def test_without_patience_or_a_limit_or_somebody_who_looks_each_turn_counts():
    assert Host(0.9).patience(0.05, 0).measure(Host(0.9).turn)[1] == []
    assert Host().patience(0.05, 9).measure(lambda: {"x": 1}) == ({"x": 1}, [])
    assert not patience.disturbed({"stolen": 0.5}, None)


def test_a_turn_within_a_turn_uses_the_same_patience_once():
    host = Host(0.5, 0.0, 0.5, 0.0, 0.0)
    patient = host.patience(0.05, 100)

    def outer():
        patient.measure(host.turn)      # as a rate is tried before what is measured at it
        return host.turn()
    patient.measure(outer)
    assert host.now == 10 and patient.left_s == 100 - 2 - 4


def test_in_each_round_every_row_is_measured_until_its_turn_is_quiet_but_not_in_the_first():
    limit, ours = Host(0.9, 0.0, 0.0), Host(0.0, 0.3, 0.01, 0.02)
    rows = [measure.Row("limit epoll", "limit", limit.turn), measure.Row("hoot", "hoot", ours.turn)]
    shown = progress.Progress(100, 1, open(os.devnull, "w"))
    settings = type("Settings", (), {"rounds": 2, "seconds": 2.0, "first_s": 1.0})
    measure.run_rounds(settings, rows, shown, ours.patience(0.05, 100))
    found = measure.summary(rows, {}, "limit epoll", "x", tests.kind_of)["rows"]
    assert [one["x"] for one in found["limit epoll"]["rounds"]] == [2, 3] and found["limit epoll"]["again"] == []
    assert [one["x"] for one in found["hoot"]["rounds"]] == [3, 4] and [one["x"] for one in found["hoot"]["again"]] == [2]


def test_a_row_that_fails_while_it_is_measured_again_is_out():
    host = Host(0.0, 0.0, 0.5)

    def once(*_):
        if not host.stolen:
            raise servers.Failed("gone")
        return host.turn()
    row = measure.Row("hoot", "hoot", once)
    settings = type("Settings", (), {"rounds": 3, "seconds": 2.0, "first_s": 1.0})
    measure.run_rounds(settings, [row], progress.Progress(9, 1, open(os.devnull, "w")), host.patience(0.05, 100))
    assert (row.failed, row.rounds, row.again) == ("gone", [], [])


def disturbed_result():
    result = result_of(limit_epoll=[200, 200, 200], hoot=[90, 100, 120])
    for number, one in enumerate(result["rows"]["hoot"]["rounds"]):
        one["stolen"] = 0.2 * (number == 1)
    result["rows"]["hoot"]["again"] = [{"stolen": 0.3, "lost": 2}, {"stolen": 0.4}]
    return result


def test_what_is_disturbed_in_spite_of_patience_is_marked_in_every_table(tmp_path):
    quiet, result = result_of(limit_epoll=[200, 200, 200], hoot=[90, 100, 120]), disturbed_result()
    text = report.markdown(result)
    assert "| hoot † |" in text and "| limit epoll |" in text and "1 of 3 of hoot" in text and "5% of the cores' time" in text
    assert "the host took more than 5% of the cores' time: 2, beside the 6 that count" in text
    assert "hoot: requests beside those counted: 2 lost" in text        # what failed in a turn that does not count has failed
    assert "†" not in report.markdown(quiet)
    for table, line in ((report.target_table, "json-256: requests per CPU second, to the epoll limit | ≥ 0.9 | 0.50 †"),
                        (report.short_table, "| json-256 † | 200 | 100 |")):
        assert line in table({"json-256": result}) and "\n\n† " in table({"json-256": result})
        assert "†" not in table({"json-256": quiet})
    report.write(tmp_path, result)
    assert "hoot †" in (tmp_path / "json-32.svg").read_text()


def test_where_the_columns_and_the_rounds_tell_different_ratios_the_reader_is_told():
    assert "hoot has 0.50 by the columns" in report.markdown(result_of(limit_epoll=[100, 200, 400], hoot=[80, 100, 300]))
    assert "by the columns" not in report.markdown(result_of(limit_epoll=[200, 200, 200], hoot=[90, 100, 120]))


# --- versions ---

def test_versions_are_found_in_what_programs_print():
    printed = {versions.MARIADB: ("mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)\n",
                                  "10.11.19-MariaDB-0+deb12u1"),
               peers.NGINX: ("nginx version: nginx/1.22.1\n", "1.22.1"), peers.GO: ("build/peers/go: go1.19.8\n", "1.19.8"),
               peers.NODE: ("v24.21.0\n", "24.21.0"), peers.PYTHON_VERSION: ("Python 3.11.2\n", "3.11.2")}
    assert all(versions.first(pattern, text) == version for pattern, (text, version) in printed.items())
    assert versions.first(versions.MARIADB, "") is None and versions.output("/nonexistent", "-v") == ""


def test_a_program_tells_which_compiler_made_it(tmp_path):
    program = tmp_path / "program"
    gcc, clang = b"\0GCC: (Debian 12.2.0-14+deb12u1) 12.2.0\0", b"\0Debian clang version 14.0.6\0"
    for content, name in ((gcc, "GCC (Debian 12.2.0-14+deb12u1) 12.2.0"), (gcc + clang, "Debian clang version 14.0.6"), (b"", None)):
        program.write_bytes(b"\x7fELF" + content)
        assert versions.compiler(program) == name


def test_the_versions_of_all_tests_are_one_table():
    results = {name: {**result_of(limit_epoll=[200]), "versions": {"Linux": linux, "libuv": "1.44.2"}}
               for name, linux in (("json-32", "6.1"), ("json-256", "6.2"))}
    text = report.readme(results)
    assert "| Linux | 6.1, 6.2 |" in text and "| libuv | 1.44.2 |" in text
    assert {"Linux", "compiler", "libuv"} <= set(versions.ours())


# --- publishing ---

@pytest.fixture
def published(tmp_path):
    """A repository's folder with what was published before."""
    for path, text in (("docs/performance.md", "<!-- bench targets -->\nold\n<!-- /bench -->\n"), ("bench/results/gone.json", "{}"),
                       ("README.md", "<!-- bench table -->\nold\n<!-- /bench -->\n"), ("bench/results/README.md", "old\n")):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def whole(**given):
    result = {**result_of(limit_epoll=[200, 200, 200], hoot=[90, 100, 120]), **given}
    del result["rows"]["broken"]
    return result


def test_all_that_is_published_is_put_in_place_at_once(published, tmp_path_factory):
    waiting = tmp_path_factory.mktemp("waiting")
    report.write(waiting, whole())
    publish.publish(waiting, {"json-32": whole()}, published / "bench" / "results", published)
    found = contents(published)
    assert {str(path) for path in found} == {"README.md", "docs/performance.md", "bench/results/README.md",
                                             "bench/results/json-32.json", "bench/results/json-32.svg"}
    assert not any(b"old" in text for text in found.values())


def test_what_cannot_be_written_leaves_all_as_it_was(published, tmp_path_factory, monkeypatch):
    waiting = tmp_path_factory.mktemp("waiting")
    report.write(waiting, whole())
    before, written = contents(published), []
    write_text = type(published).write_text

    def full(path, text):
        written.append(path)
        if len(written) == 4:
            raise OSError("no space left")
        return write_text(path, text)
    monkeypatch.setattr(type(published), "write_text", full)
    with pytest.raises(OSError):
        publish.publish(waiting, {"json-32": whole()}, published / "bench" / "results", published)
    assert contents(published) == before


def test_only_whole_results_of_one_version_are_published():
    names = ["json-32", "json-256"]
    both = {name: whole() for name in names}
    assert publish.objection(both, names) == ""
    for wrong, why in ((None, "no result of json-256"), ({"machine": {"version": "other"}}, "several versions"),
                       ({"rounds": 1}, "fewer than 3"), ({"seconds": 0.3}, "fewer than 3"),
                       ({"steal_limit": 0.5}, "steal limit"), ({"steal_limit": None}, "steal limit")):
        results = {**both, "json-256": whole(**wrong)} if wrong else {"json-32": whole()}
        assert why in publish.objection(results, names)
    assert publish.objection({**both, "json-32": result_of(hoot=[1])}, names) == "broken failed in json-32"


def test_results_of_the_same_version_wait_for_those_that_are_measured(tmp_path):
    for name, version in (("json-32", "a"), ("json-256", "a"), ("plaintext-32", "b")):
        report.write(tmp_path, whole(test=name, machine={"version": version}))
    publish.make_room(["json-32"], ["json-32", "json-256", "plaintext-32"], "a", tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"json-256.json", "json-256.svg"}


class Planned:
    """A test of a run that is not run: its outcome is a result, or what it raises."""

    name, title, figures, ratio_to, ratio_of = "json-32", "JSON", [], "", ""

    def __init__(self, outcome):
        self.outcome = outcome

    def planned_s(self, _context):
        return 1.0

    def settings(self, context):
        return context.settings

    def run(self, _context):
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


@pytest.mark.parametrize("outcome, status, said", [
    (KeyboardInterrupt(), 130, "stopped; nothing is published"),
    (servers.Failed("no port"), 1, "nothing is published: there is no result of json-32"),
    ({"rows": {"hoot": {"kind": "hoot", "median": {}, "rounds": [], "ratio": None, "failed": "gone"}}}, 1, "hoot failed in json-32"),
    ({"rows": {"hoot": {"kind": "hoot", "median": {}, "rounds": [], "ratio": None}}}, 0, "")])
def test_a_run_that_is_not_whole_publishes_nothing(tmp_path, monkeypatch, capsys, outcome, status, said):
    monkeypatch.setenv("HOOT_BIN", str(paths.binaries()))       # or importing it sets that
    import run
    handlers = {number: signal.getsignal(number) for number in run.ENDS}
    done = []
    monkeypatch.setattr(run, "ALL", ["json-32"])
    monkeypatch.setattr(publish, "make_room", lambda *_: None)
    monkeypatch.setattr(publish, "publish", lambda folder, results: done.append((folder, list(results))))
    context = run.Context(run.Settings(3, 2.0, 1.0), patience.Patience(0.05, 0), False)
    context.progress = progress.Progress(1, 1, open(os.devnull, "w"))
    try:
        assert run.measured(context, [Planned(outcome)], tmp_path, True) == status
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert said in capsys.readouterr().err
    assert done == ([(tmp_path, ["json-32"])] if status == 0 else [])


# --- the whole ---

def environment():
    return {**os.environ, "HOOT_BIN": str(paths.binaries())}


def test_a_quick_run_writes_the_results_of_its_tests(tmp_path):
    done = subprocess.run([sys.executable, RUN, "--quick", "--out", tmp_path, "json-32", "queries-20", "fortunes", "cached"], env=environment(),
                          capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stdout + done.stderr
    json_rows = json.loads((tmp_path / "json-32.json").read_text())["rows"]
    assert set(json_rows) == {"limit epoll", "limit libuv", "hoot"}
    assert all(row["median"]["requests_per_cpu_s"] > 0 and row["median"]["errors"] == 0 for row in json_rows.values())
    assert json_rows["limit epoll"]["ratio"] == 1
    queries = json.loads((tmp_path / "queries-20.json").read_text())
    assert queries["ratio_to"] == "limit mysql" and queries["rows"]["hoot"]["ratio"] > 0
    for test, limit in (("fortunes", "limit mysql"), ("cached-queries-100", "limit epoll")):
        rows = json.loads((tmp_path / f"{test}.json").read_text())["rows"]
        assert rows[limit]["ratio"] == 1 and rows["hoot"]["ratio"] > 0
    assert (tmp_path / "queries-20.svg").exists() and "queries-20" in (tmp_path / "README.md").read_text()


def test_only_a_whole_run_is_published():
    done = subprocess.run([sys.executable, RUN, "--publish", "--rounds", "1"], env=environment(), capture_output=True, text=True)
    assert done.returncode == 2 and "--publish wants --peers" in done.stderr


@pytest.mark.parametrize("options", [["--rounds", "2"], ["--steal-limit", "101"], ["--patience", "-1"]])
def test_settings_that_mean_nothing_are_refused(options):
    done = subprocess.run([sys.executable, RUN, *options], env=environment(), capture_output=True, text=True)
    assert done.returncode == 2 and ("an odd number of rounds" in done.stderr or "a steal limit is" in done.stderr)


def test_an_unknown_test_is_one_clear_line():
    done = subprocess.run([sys.executable, RUN, "nosuch"], env=environment(), capture_output=True, text=True)
    assert done.returncode == 2 and "no test 'nosuch'" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_leaves_nothing_running(tmp_path, number):
    with subprocess.Popen([sys.executable, RUN, "--seconds", "60", "--out", tmp_path, "json-32"], env=environment(),
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
        process.wait_until(lambda: any(process.name_of(one) == "load" for one in process.tree(run.pid)), 30, "under load")
        started = process.tree(run.pid)[1:]
        assert {process.name_of(one) for one in started} >= {"load", "limit", "tfb"}
        run.send_signal(number)
        assert run.wait(20) == 130
        assert "stopped" in run.stderr.read()
    process.wait_until(lambda: not any(map(process.running, started)), 10, "all ended")
