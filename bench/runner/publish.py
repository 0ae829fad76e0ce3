"""Results are published when all tests have one, of one version, and nothing failed: bench/results and the tables of two documents
are then put in place at once. Until then they wait in build/bench/publish, and what is published stays as it was."""

import contextlib
import os

from . import ROOT, report

RESULTS = ROOT / "bench" / "results"
WAITING = ROOT / "build" / "bench" / "publish"
WANTED_ROUNDS, WANTED_S, WANTED_LIMIT = 3, 1.0, 0.10


def _files(folder, name):
    return [folder / f"{name}.json", folder / f"{name}.svg"]


def make_room(wanted, names, version, folder=WAITING):
    """What waits of other versions goes, and what is to be measured now."""
    for name, result in report.read_all(folder, names).items():
        if name in wanted or result["machine"]["version"] != version:
            for path in _files(folder, name):
                path.unlink(missing_ok=True)


def objection(results, names):
    """Why these results may not be published; "" if they may."""
    missing = [name for name in names if name not in results]
    if missing:
        return f"there is no result of {', '.join(missing)}"
    versions = sorted({one["machine"]["version"] for one in results.values()})
    if len(versions) > 1:
        return f"they are of several versions: {', '.join(versions)}"
    short = [name for name, one in results.items() if one["rounds"] < WANTED_ROUNDS or one["seconds"] < WANTED_S
             or one.get("steal_limit") is None or one["steal_limit"] > WANTED_LIMIT]
    if short:
        return f"{', '.join(short)}: fewer than {WANTED_ROUNDS} rounds of {WANTED_S:g} s, or a steal limit above {WANTED_LIMIT:.0%}"
    failed = [f"{label} failed in {name}" for name, one in results.items() for label, row in one["rows"].items() if row.get("failed")]
    return "; ".join(failed)


def publish(folder, results, target=RESULTS, root=ROOT):
    """Put the results of `folder` into `target`, and their tables into the documents: all of it, or, where something cannot be
    written, nothing."""
    files = {}
    if folder != target:
        for name in results:
            files |= {target / path.name: path.read_text() for path in _files(folder, name)}
    files[target / "README.md"] = report.readme(results)
    for page, mark, table in ((root / "docs" / "performance.md", "targets", report.target_table(results)),
                              (root / "README.md", "table", report.short_table(results))):
        files[page] = report.filled(page.read_text(), mark, table)
    put(files)
    for path in set(target.glob("*.json")) | set(target.glob("*.svg")):
        if path.stem not in results:
            path.unlink()                       # of a test that there is no more


def put(files):
    """{path: content}, all or none."""
    made = []
    try:
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            made.append(path.with_name(f".{path.name}.{os.getpid()}"))
            made[-1].write_text(content)
    except BaseException:
        for one in made:
            with contextlib.suppress(OSError):
                one.unlink()
        raise
    for one, path in zip(made, files):
        one.replace(path)
