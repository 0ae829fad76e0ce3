"""Results as tables: for the terminal, as JSON and charts in a folder, and in the documents between their marks."""

import datetime
import functools
import json
import os
import pathlib
import platform
import subprocess

from . import ROOT, chart, patience, targets

COLUMNS = [
    ("requests/s", "requests_per_s", "{:,.0f}"),
    ("requests/CPU s", "requests_per_cpu_s", "{:,.0f}"),
    ("CPU µs", "cpu_us", "{:,.2f}"),
    ("p50 µs", "p50_us", "{:,.0f}"),
    ("p99 µs", "p99_us", "{:,.0f}"),
    ("p99.9 µs", "p99_9_us", "{:,.0f}"),
    ("undisturbed p50 µs", "undisturbed_p50_us", "{:,.0f}"),
    ("undisturbed p99 µs", "undisturbed_p99_us", "{:,.0f}"),
    ("left out", "left_out", "{:.0%}"),
    ("sent late p99 µs", "sent_late_p99_us", "{:,.0f}"),
    ("load's core", "load_share", "{:.0%}"),
    ("RSS MiB", "rss_mib", "{:,.1f}"),
    ("PSS MiB", "pss_mib", "{:,.1f}"),
    ("KiB each", "kib_each", "{:,.2f}"),
]
NAMES = {"requests_per_s": "requests/s", "requests_per_cpu_s": "requests per CPU s", "cpu_us": "CPU", "undisturbed_p99_us": "undisturbed p99",
         "rss_mib": "RSS"}


MARK = "†"              # stands beside what the host disturbed, although it was measured again


def marked(disturbed):
    return f" {MARK}" if disturbed else ""


def disturbed_turns(result):
    """{label: how many of the turns that count} for the rows of which the host took more than the limit in one."""
    counts = {label: sum(patience.disturbed(one, result.get("steal_limit")) for one in row["rounds"])
              for label, row in result["rows"].items()}
    return {label: count for label, count in counts.items() if count}


def limit_of(result):
    return f"{result['steal_limit']:.0%} of the cores' time"


def columns(result):
    """Those that any row has."""
    return [one for one in COLUMNS if any(one[1] in row["median"] for row in result["rows"].values())]


def cells(result):
    """The table: a head, and a line for each row."""
    used = columns(result)
    ratio = [f"rounds' ratio to {result['ratio_to']}"] if result["ratio_to"] in result["rows"] else []
    lines = [["", *(name for name, _, _ in used), *ratio]]
    for label, row in result["rows"].items():
        values = [form.format(row["median"][key]) if key in row["median"] else "-" for _, key, form in used]
        lines.append([label + marked(label in disturbed_turns(result)), *values, *([f"{row['ratio']:.2f}" if row["ratio"] else "-"] if ratio else [])])
    return lines


ERRORS = {"bad_status": "answered with an error", "lost": "lost with their connection",
          "unanswered": "without an answer ten seconds after the end"}


def errors(rounds):
    """How many requests failed, by how; "" when none did."""
    counts = {what: sum(one.get(kind, 0) for one in rounds) for kind, what in ERRORS.items()}
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def notes(result):
    """What must not be overlooked: who failed, who lost requests, what the ratio is of, what else the machine did."""
    found = []
    rows = result["rows"]
    for label, row in rows.items():
        if row.get("failed"):
            found.append(f"{label} failed: {row['failed']}")
        elif errors(row["rounds"] + row.get("again", [])):
            found.append(f"{label}: requests beside those counted: {errors(row['rounds'] + row.get('again', []))}")
    if result["ratio_to"] in rows:
        found.append(f"the ratio is of {NAMES.get(result['ratio_of'], result['ratio_of'])}: the median of the ratios within each round, "
                     f"which need not be that of the columns{apart(result)}")
    rounds = [one for row in rows.values() for one in row["rounds"]]
    if any(one.get("left_out", 0) is None for one in rounds):
        found.append("stalls of the cores could not be watched, which needs root's rights: nothing is left out")
    stolen = [one["stolen"] for one in rounds if one.get("stolen") is not None]
    if any(stolen):
        found.append(f"the machine's host took {sum(stolen) / len(stolen):.1%} of the cores' time in the turns that count")
    return found + patience_notes(result)


def apart(result):
    """Where the two ways to compare do not agree, what else happened differed between the rounds: the reader is told."""
    base = result["rows"][result["ratio_to"]]["median"].get(result["ratio_of"])
    found = {label: row["median"].get(result["ratio_of"], 0) / base for label, row in result["rows"].items() if base and row["ratio"]}
    return "".join(f"; {label} has {ratio:.2f} by the columns" for label, ratio in found.items()
                   if abs(ratio / result["rows"][label]["ratio"] - 1) > 0.05)


def patience_notes(result):
    """Which turns were measured again, and which are disturbed in spite of that."""
    rows, found = result["rows"], []
    again = sum(len(row.get("again", [])) for row in rows.values())
    if again:
        turns = sum(len(row["rounds"]) for row in rows.values())
        found.append(f"turns that were measured again, since the host took more than {limit_of(result)}: {again}, beside the {turns} "
                     "that count")
    disturbed = disturbed_turns(result)
    if disturbed:
        which = ", ".join(f"{count} of {len(rows[label]['rounds'])} of {label}" for label, count in disturbed.items())
        found.append(f"{MARK} the host took more than {limit_of(result)} in turns that count: {which}; "
                     "the time for measuring again was used up")
    return found


def text(result):
    """For a terminal."""
    lines = cells(result)
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    rows = ["  ".join(cell.ljust(width) if not column else cell.rjust(width)
                      for column, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in lines]
    return "\n".join([f"{result['test']}: {result['title']}", *rows, *notes(result), ""])


def markdown_table(lines):
    head, *rows = lines
    align = ["---", *("---:" for _ in head[1:])]
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, align, *rows])


def markdown(result):
    parts = [f"## {result['test']}", f"{result['title']}.", f"![{result['title']}]({result['test']}.svg)",
             markdown_table(cells(result))]
    remarks = notes(result)
    if remarks:
        parts.append("\n".join(f"- {one}" for one in remarks))
    return "\n\n".join(parts)


def number(value, unit=""):
    return "-" if value is None else f"{value:.2f}{unit}" if value < 100 else f"{value:,.0f}{unit}"


def target_table(results):
    lines = [["What", "wanted", "measured", "met"]]
    for one in targets.TARGETS:
        value = one.measure(results)
        met = {None: "not measured", True: "yes", False: "**no**"}[one.met(value)]
        disturbed = any(test in results and disturbed_turns(results[test]) for test in one.tests)
        lines.append([one.what, f"{'≥' if one.least else '≤'} {one.wanted:g}{one.unit}", number(value, one.unit) + marked(disturbed), met])
    return markdown_table(lines) + footnote(lines)


def footnote(lines):
    """What the mark means, below a table that has one."""
    if not any(MARK in cell for line in lines for cell in line):
        return ""
    return f"\n\n{MARK} In a turn of this test that counts, the machine's host took more of the cores' time than the limit."


def short_table(results):
    """For the README: what each candidate does in a CPU second."""
    shown = ("plaintext-256", "json-256", "db-256", "queries-20", "fortunes", "updates-20")
    tests = [(test, results[test]) for test in shown if test in results]
    if not tests:
        return "Nothing has been measured yet."
    names = list(dict.fromkeys(label for _, result in tests for label in result["rows"] if label not in ("limit libuv",)))
    lines = [["requests per CPU second", *names]]
    for test, result in tests:
        values = (result["rows"].get(name, {}).get("median", {}).get("requests_per_cpu_s") for name in names)
        lines.append([test + marked(disturbed_turns(result)), *(f"{value:,.0f}" if value else "-" for value in values)])
    return markdown_table(lines) + footnote(lines)


# --- files ---

WRITTEN = ("bench/results", "docs/performance.md", "README.md")


def machine():
    model = next((line.partition(":")[2].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    return {"processor": model, "cores": os.cpu_count(), "kernel": platform.release(), "version": version()}


@functools.cache
def version():
    """Of the sources, without what is written here."""
    git = ["git", "-C", str(ROOT)]
    done = subprocess.run([*git, "describe", "--always"], capture_output=True, text=True)
    changed = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", ":/", *(f":(top,exclude){path}" for path in WRITTEN)],
                             capture_output=True)
    return done.stdout.strip() + ("-dirty" if changed.returncode else "") if done.returncode == 0 else "unknown"


def make(test, found, settings, steal_limit, versions):
    """The result of a test as it is written. `versions` is of the programs that the run measures, {name: version}."""
    return {"test": test.name, "title": test.title, "figures": list(test.figures), "ratio_to": test.ratio_to, "ratio_of": test.ratio_of,
            "rounds": settings.rounds, "seconds": settings.seconds, "steal_limit": steal_limit, "when": datetime.date.today().isoformat(),
            "machine": machine(), "versions": versions, **found}


def write(folder, result):
    """NAME.json and NAME.svg, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / f"{result['test']}.json", json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    _replace(folder / f"{result['test']}.svg", chart.draw(result, disturbed_turns(result)))


def read_all(folder, names):
    """Those of the tests that have a result, in this order."""
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in names if (folder / f"{name}.json").exists()}


def versions_table(results):
    """Of the programs; where the tests differ, each of their versions."""
    found = {}
    for result in results.values():
        for name, version in result.get("versions", {}).items():
            found.setdefault(name, []).append(version)
    return markdown_table([["Program", "version"], *([name, ", ".join(dict.fromkeys(every))] for name, every in found.items())])


def readme(results):
    about = sorted({f"{one['machine']['processor']}, {one['machine']['cores']} cores, Linux {one['machine']['kernel']}, {one['when']}, "
                    f"version {one['machine']['version']}, {one['rounds']} rounds of {one['seconds']:g} s" for one in results.values()})
    parts = ["# Results", "Written by `./dev bench`; [how to measure, and what limits each test](../../docs/performance.md).",
             "\n".join(f"- {one}" for one in about) or "Nothing has been measured yet.", "## Versions", versions_table(results), "## Wanted and measured", target_table(results),
             *(markdown(one) for one in results.values())]
    return "\n\n".join(parts) + "\n"


def write_readme(folder, results):
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / "README.md", readme(results))


def filled(text, mark, content):
    """The text of a document with `content` between its <!-- bench MARK --> and <!-- /bench -->, if it has them."""
    begin, end = f"<!-- bench {mark} -->", "<!-- /bench -->"
    before, found, rest = text.partition(begin)
    return before + begin + "\n" + content + "\n" + end + rest.partition(end)[2] if found and end in rest else text


def _replace(path, content):
    making = path.with_name(f".{path.name}.{os.getpid()}")
    making.write_text(content)
    making.replace(path)
