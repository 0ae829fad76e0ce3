"""`./dev bench`: what libhoot's programs do beside bare servers and, with --peers, beside other frameworks.

The server has a core of its own, the load the other; who is measured takes turns in each round. docs/performance.md says more.
"""

import argparse
import dataclasses
import os
import pathlib
import shutil
import signal
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
os.environ.setdefault("HOOT_BIN", str(HERE.parent / "build" / "release" / "bin"))

from runner import ROOT, patience, progress, publish, report, servers, tests, usage, versions     # noqa: E402

import candidates as all_candidates     # noqa: E402
import database as tables               # noqa: E402
import peers                            # noqa: E402
from support import paths               # noqa: E402

PATIENCE_S = 300
PLAIN_USER = "plain"                    # has no password: the bare client knows no other login


@dataclasses.dataclass(frozen=True)
class Settings:
    rounds: int
    seconds: float
    first_s: float


class Context:
    """What tests need to run: settings, cores, candidates, and a database that is started when the first one wants it."""

    def __init__(self, settings, patient, peers, database_core=False):
        self.settings, self.patience, self._peers = settings, patient, peers
        self.cores = usage.Cores(database_core)
        self.progress = None
        self._database = self._plain_user = None

    def candidates(self, peers):
        return [one for one in all_candidates.CANDIDATES
                if one.name == tests.HOOT or (peers and self._peers and one.available())]

    def missing_peers(self):
        return [one.name for one in all_candidates.CANDIDATES if self._peers and one.name != tests.HOOT and not one.available()]

    def database(self):
        if not self._database:
            with self.cores.on(self.cores.database):
                self._database = tables.Database()
        return self._database

    def plain_user(self):
        """The name of a user without a password."""
        if not self._plain_user:
            self.database().server.run_sql(f"CREATE USER {PLAIN_USER}@localhost IDENTIFIED BY ''",
                                           f"GRANT SELECT ON *.* TO {PLAIN_USER}@localhost")
            self._plain_user = PLAIN_USER
        return self._plain_user

    def versions(self):
        """{program: version} of all that is measured."""
        return {**versions.ours(), **versions.known(peers.measured([one.name for one in self.candidates(True)]))}

    def close(self):
        if self._database:
            self._database.close()


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description="Measures libhoot's programs beside bare servers.",
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="tests:\n" + "\n".join(f"  {one.name:22}{one.title}" for one in tests.TESTS))
    parser.add_argument("names", nargs="*", metavar="TEST", help="which to run; a name's beginning is enough (default: all)")
    parser.add_argument("--peers", action="store_true", help="other frameworks too")
    parser.add_argument("--rounds", type=int, default=3, metavar="N",
                        help="that count, besides the first: an odd number, so that a median is of one of them (3)")
    parser.add_argument("--seconds", type=float, default=2.0, metavar="S", help="of each round (2)")
    parser.add_argument("--database-core", action="store_true",
                        help="with two cores: the database shares the load's core only, not the server's too")
    parser.add_argument("--steal-limit", type=float, default=5.0, metavar="PERCENT",
                        help="a turn in which the machine's host took more of the cores' time is measured again (5)")
    parser.add_argument("--patience", type=float, metavar="S",
                        help="how long a run may take longer for that; what is disturbed still is marked (300; with --quick 0)")
    parser.add_argument("--quick", action="store_true",
                        help="one short round, to see that it works; results go to build/bench/results")
    parser.add_argument("--out", type=pathlib.Path, metavar="DIR", help="where results go (bench/results)")
    parser.add_argument("--publish", action="store_true",
                        help="at the end put all results into bench/results, and the tables into README.md and docs/performance.md, "
                        "if nothing failed: at least 3 rounds of 1 s, with --peers; with TESTs, beside the results of the others "
                        "that wait in build/bench/publish")
    parser.add_argument("--report", action="store_true", help="measure nothing: make tables and charts of what is there again")
    given = parser.parse_args()
    if given.rounds < 1 or given.rounds % 2 == 0 or not 0.05 <= given.seconds <= 600:
        parser.error("an odd number of rounds, and 0.05 to 600 seconds")
    if not 0 <= given.steal_limit <= 100 or not 0 <= (given.patience or 0) <= 24 * 3600:
        parser.error("a steal limit is 0 to 100 percent, patience 0 seconds to a day")
    too_little = (not given.peers or given.rounds < publish.WANTED_ROUNDS or given.seconds < publish.WANTED_S
                  or given.steal_limit > 100 * publish.WANTED_LIMIT)
    if given.publish and not given.report and (given.quick or given.out or given.database_core or too_little):
        parser.error("--publish wants --peers, at least 3 rounds of 1 s, a steal limit of at most 10 %, and no --quick, --out or --database-core")
    return parser, given


def chosen(parser, names):
    """The tests whose names begin so; an exact name means only itself."""
    found = []
    for name in names:
        exact = [one for one in tests.TESTS if one.name == name]
        these = exact or [one for one in tests.TESTS if one.name.startswith(name)]
        if not these:
            parser.error(f"no test '{name}'; ./dev bench --help lists them")
        found += [one for one in these if one not in found]
    return found or list(tests.TESTS)


def missing_tools(wanted):
    """What must be there before anything starts, with the command that brings it."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
    for name in ("limit", "load", "tfb", "echo", "hooter"):
        if not (paths.binaries() / name).exists():
            return f"{paths.binaries() / name} is not built: ./dev build release"
    if not shutil.which("mariadbd", path=path) and any(one.needs_database() for one in wanted):
        return "mariadbd is not installed: ./dev setup test"
    return None


ALL = [one.name for one in tests.TESTS]


def put_in_place(folder):
    """Publish what is in `folder`, if it may be. Gives the exit status."""
    for number in ENDS:
        signal.signal(number, signal.SIG_IGN)           # it takes milliseconds
    results = report.read_all(folder, ALL)
    objection = publish.objection(results, ALL)
    if objection:
        print(f"nothing is published: {objection}. What was measured is in {folder}", file=sys.stderr)
        return 1
    publish.publish(folder, results)
    marked = [name for name, one in results.items() if report.disturbed_turns(one)]
    print("published" + (f"; marked, since the host disturbed them: {', '.join(marked)}" if marked else ""))
    return 0


def run(context, wanted, folder):
    """Gives how many tests or candidates failed."""
    failures, about = 0, context.versions()
    for test in wanted:
        context.progress.start(test.name, test.planned_s(context))
        try:
            found = test.run(context)
        except servers.Failed as failure:
            context.progress.clear()
            print(f"{test.name}: {failure}\n", flush=True)
            failures += 1
            continue
        result = report.make(test, found, test.settings(context), context.patience.limit, about)
        report.write(folder, result)
        report.write_readme(folder, report.read_all(folder, ALL))
        context.progress.clear()
        print(report.text(result), flush=True)
        failures += sum(bool(row.get("failed")) for row in result["rows"].values())
    return failures


ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end(*_):
    """The first of SIGINT, SIGTERM and SIGHUP stops everything in order; what follows does not disturb that."""
    for number in ENDS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def folder_of(given):
    """Where this run's results go."""
    if given.out:
        return given.out.resolve()
    if given.publish and not given.report:
        return publish.WAITING
    return ROOT / "build" / "bench" / "results" if given.quick else publish.RESULTS


def prepared(given, wanted):
    """The context of a run, and what is said in advance."""
    settings = Settings(1, 0.3, 0.2) if given.quick else Settings(given.rounds, given.seconds, 1.0)
    budget_s = given.patience if given.patience is not None else 0 if given.quick else PATIENCE_S
    context = Context(settings, patience.Patience(given.steal_limit / 100, budget_s), given.peers, given.database_core)
    if not context.cores.enough:
        print("One core only: the load takes from the server's time. Requests per CPU second still mean something.", file=sys.stderr)
    if context.missing_peers():
        print(f"Not installed, and left out: {', '.join(context.missing_peers())}", file=sys.stderr)
    context.progress = progress.Progress(sum(one.planned_s(context) for one in wanted), len(wanted))
    return context


def measured(context, wanted, folder, publishing):
    """Run the tests. Gives the exit status; what is there when it is interrupted depends on what is to be published."""
    try:
        if publishing:
            publish.make_room([one.name for one in wanted], ALL, report.version())
        failures = run(context, wanted, folder)
        return put_in_place(folder) if publishing else int(failures > 0)
    except KeyboardInterrupt:
        context.progress.clear()
        print("stopped; nothing is published, and all that was is as it was" if publishing else
              "stopped; what was measured by then is written", file=sys.stderr)
        return 130
    finally:
        context.close()


def main():
    parser, given = arguments()
    wanted = chosen(parser, given.names)
    folder = folder_of(given)
    if given.report:
        if given.publish:
            return put_in_place(folder)
        report.write_readme(folder, report.read_all(folder, ALL))
        return 0
    if missing_tools(wanted):
        print(f"./dev bench: {missing_tools(wanted)}", file=sys.stderr)
        return 1
    report.version()                # as it is when the run begins
    context = prepared(given, wanted)
    if given.publish and context.missing_peers():
        print("./dev bench: --publish wants all peers", file=sys.stderr)
        return 1
    for number in ENDS:
        signal.signal(number, end)
    os.sched_setaffinity(0, context.cores.load)
    return measured(context, wanted, folder, given.publish)


if __name__ == "__main__":
    sys.exit(main())
