"""What the figures are wanted to be, and what they are."""

import dataclasses

from . import stats

DATABASE = ("db-256", "queries-20", "fortunes", "updates-20")


@dataclasses.dataclass(frozen=True)
class Target:
    """`measure(results)` gives the figure, or None where a test or a peer of it has not run. `least`: it may not be below `wanted`;
    otherwise not above."""

    what: str
    wanted: float
    measure: object
    least: bool = True
    unit: str = ""

    @property
    def tests(self):
        """The names that `what` begins with."""
        return self.what.partition(":")[0].split(", ")

    def met(self, value):
        return None if value is None else (value >= self.wanted if self.least else value <= self.wanted)


def _row(results, test, label):
    return results.get(test, {}).get("rows", {}).get(label, {})


def to_limit(test, label="hoot"):
    return lambda results: _row(results, test, label).get("ratio")


def to_best_peer(test, figure):
    """Beside the peer that is hardest to beat: the smallest ratio."""
    def measure(results):
        beside = results.get(test, {}).get("beside_peers", {})
        return min((one[figure] for one in beside.values() if one.get(figure)), default=None)
    return measure


def to_quart(tests, figure="requests_per_cpu_s"):
    """Beside the faster one of the two Quarts, in the test where it comes closest; all of the tests must have run."""
    def measure(results):
        found = [[one[figure] for name, one in results.get(test, {}).get("beside_peers", {}).items()
                  if "quart" in name and one.get(figure)] for test in tests]
        return min(map(min, found)) if all(found) else None
    return measure


def p99_to_best_peer(test):
    """The larger the worse: hoot's p99 by the smallest of the peers', in undisturbed time."""
    def measure(results):
        beside = results.get(test, {}).get("beside_peers", {})
        return max((one["undisturbed_p99_us"] for one in beside.values() if one.get("undisturbed_p99_us")), default=None)
    return measure


def flat(figure):
    def measure(results):
        rows = results.get("connections", {}).get("rows", {})
        return stats.spread(row["median"][figure] for row in rows.values() if row["kind"] == "hoot" and row["median"].get(figure))
    return measure


def median(test, label, figure):
    return lambda results: _row(results, test, label).get("median", {}).get(figure)


def megabytes(test, label):
    """Resident, in units of 1,000,000 bytes."""
    def measure(results):
        mib = median(test, label, "rss_mib")(results)
        return None if mib is None else mib * 1.048576
    return measure


CPU, RATE = "requests_per_cpu_s", "requests_per_s"
TARGETS = [
    *(Target(f"{test}: requests per CPU second, to the epoll limit", 0.90, to_limit(test))
      for test in ("plaintext-32", "plaintext-256", "json-32", "json-256")),
    Target("plaintext-pipelined: requests per CPU second, to the epoll limit", 0.75, to_limit("plaintext-pipelined")),
    Target("db-256: requests per second, to the best peer", 2.0, to_best_peer("db-256", RATE)),
    Target("db-256: requests per CPU second, to the best peer", 2.0, to_best_peer("db-256", CPU)),
    Target("queries-20: statements per second, to the bare client", 0.85, to_limit("queries-20")),
    Target("queries-20: requests per CPU second, to the best peer", 1.6, to_best_peer("queries-20", CPU)),
    Target("fortunes: requests per CPU second, to the best peer", 1.5, to_best_peer("fortunes", CPU)),
    Target("updates-20: requests per CPU second, to the best peer", 1.5, to_best_peer("updates-20", CPU)),
    Target("plaintext-256, json-256: requests per CPU second, to Quart", 15, to_quart(("plaintext-256", "json-256"))),
    Target("db-256, queries-20, fortunes, updates-20: requests per CPU second, to Quart", 8, to_quart(DATABASE)),
    Target("json-half: p99 in undisturbed time, to the best peer's", 1.0, p99_to_best_peer("json-half"), least=False),
    Target("db-half: p99 in undisturbed time, to the best peer's", 1.0, p99_to_best_peer("db-half"), least=False),
    Target("connections: CPU per request, most to least", 1.15, flat("cpu_us"), least=False),
    Target("connections: median latency in undisturbed time, most to least", 1.15, flat("undisturbed_p50_us"), least=False),
    Target("connections: p99 in undisturbed time, most to least", 1.15, flat("undisturbed_p99_us"), least=False),
    Target("idle-memory: resident with 10,000 connections", 30, megabytes("idle-memory", "hoot"), least=False, unit=" MB"),
    Target("waiting-memory: a request that waits on the database", 12, median("waiting-memory", "hoot", "kib_each"),
           least=False, unit=" KiB"),
]
