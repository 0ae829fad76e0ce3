"""Rounds: who is measured takes turns within each, after a first round that does not count."""

import contextlib
import dataclasses
import typing

from . import load, servers, stats

# A shorter time before each measured one brings caches and connections up; a candidate's first round, which does not count, compiles.
WARMUP_S = 0.3
OVERHEAD_S = 0.15       # of starting load and connecting


@dataclasses.dataclass
class Row:
    """One line of a test's table: a candidate, or a candidate under one of several loads. `measure(warmup_s, seconds, first)` gives
    the figures of a round; `first` is true in the round that does not count."""

    label: str
    kind: str           # limit, hoot or peer
    measure: typing.Callable
    rounds: list = dataclasses.field(default_factory=list)
    again: list = dataclasses.field(default_factory=list)       # turns that do not count: they were measured again
    failed: str = ""


def planned_s(settings, rows, extra_s=0.0):
    """About how long run_rounds() takes for so many rows."""
    each = WARMUP_S + settings.seconds + OVERHEAD_S + extra_s
    return rows * (settings.first_s + OVERHEAD_S + extra_s + settings.rounds * each)


def run_rounds(settings, rows, progress, patience, extra_s=0.0):
    """Fill each row's rounds. Who fails is out from then on, with the reason; the others go on."""
    for number in range(settings.rounds + 1):
        for row in rows:
            seconds = settings.seconds if number else settings.first_s
            warmup_s = WARMUP_S if number else 0.0
            what = f"{row.label}, round {number} of {settings.rounds}" if number else f"{row.label}, warming up"
            progress.step(what, warmup_s + seconds + OVERHEAD_S + extra_s)
            if row.failed:
                continue
            try:
                if number:
                    _turn(row, lambda: row.measure(warmup_s, seconds, False), what, progress, patience)
                else:
                    row.measure(warmup_s, seconds, True)
            except (servers.Failed, load.LoadFailed) as failure:
                row.failed, row.rounds, row.again = str(failure), [], []


def _turn(row, once, what, progress, patience):
    """A disturbed turn is measured again at once, before the next one's, so that those of a round are near each other, and each of
    two that are compared is quiet."""
    try:
        figures, again = patience.measure(once, lambda stolen: progress.again(f"{what}, again: the host took {stolen:.0%}"))
    finally:
        progress.resume()
    row.rounds.append(figures)
    row.again += again


@contextlib.contextmanager
def started(cores, programs, request):
    """Start the programs on the server's core; each must answer `request` with 200 (None: it is not asked). Gives those that do, and
    {name: why not} of the others; stops all of them afterwards."""
    ready, failed = [], {}
    try:
        for program in programs:
            try:
                with cores.on(cores.server):
                    program.start()
                ready.append(program)
                if request:
                    program.check(request)
            except servers.Failed as failure:
                failed[program.name] = str(failure)
        yield [program for program in ready if program.name not in failed], failed
    finally:
        for program in ready:
            program.stop()


def summary(rows, failed, ratio_to, ratio_of, kinds):
    """What the rounds come to: for each row its medians, its rounds and its ratio; for hoot beside each peer the ratios of what is
    compared."""
    base = next((row.rounds for row in rows if row.label == ratio_to), None)
    found = {row.label: {"kind": row.kind, "median": stats.medians(row.rounds), "rounds": row.rounds, "again": row.again,
                         "ratio": stats.ratio(row.rounds, base, ratio_of) if base else None,
                         **({"failed": row.failed} if row.failed else {})} for row in rows}
    for name, why in failed.items():
        found[name] = {"kind": kinds(name), "median": {}, "rounds": [], "again": [], "ratio": None, "failed": why}
    ours = next((row for row in rows if row.kind == "hoot" and row.rounds), None)
    beside = {row.label: {figure: stats.ratio(ours.rounds, row.rounds, figure)
                          for figure in ("requests_per_s", "requests_per_cpu_s", "undisturbed_p99_us")}
              for row in rows if row.kind == "peer" and row.rounds} if ours else {}
    return {"rows": found, "beside_peers": beside}
