"""One chart a test, with a panel for each of its figures: a bar for each row, the range of its rounds as a thin line. Plain SVG,
readable on white and on dark."""

from xml.sax.saxutils import escape

WIDTH, LABEL, VALUE, ROW = 760, 190, 200, 30
TITLE, CAPTION, FOOT, GAP = 40, 30, 28, 12      # heights of what is above, between and below the bars
COLOURS = {"hoot": "#d9730d", "peer": "#5b8db8", "limit": "#8a9099"}
# One grey for all text: it reads on white and on dark alike, and a picture does not know which it is shown on.
STYLE = """
text { font: 14px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", Arial, sans-serif; fill: #6e7781; }
.title { font-size: 18px; font-weight: 600; }
.small { font-size: 12px; }
.range { stroke: #24292f; stroke-width: 2; }
.range-out { stroke: #6e7781; stroke-width: 2; }
"""

FIGURES = {
    "requests_per_cpu_s": ("requests per CPU second of the server", "longer is better", lambda v: f"{v:,.0f}"),
    "requests_per_s": ("requests per second", "longer is better", lambda v: f"{v:,.0f}"),
    "undisturbed_p99_us": ("99th percentile of the latency, in undisturbed time", "shorter is better", lambda v: f"{v / 1000:,.2f} ms" if v >= 1000 else f"{v:,.0f} µs"),
    "cpu_us": ("CPU time of the server per request", "shorter is better", lambda v: f"{v:,.2f} µs"),
    "rss_mib": ("resident memory of the server's processes", "shorter is better", lambda v: f"{v:,.1f} MiB"),
    "kib_each": ("memory for each connection", "shorter is better", lambda v: f"{v:,.2f} KiB"),
}


def _text(x, y, text, classes="", anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{classes}" text-anchor="{anchor}">{escape(text)}</text>'


def _line(classes, low, high, y, scale):
    middle = y + ROW / 2 - 0.5
    return f'<line class="{classes}" x1="{LABEL + low * scale:.1f}" x2="{LABEL + high * scale:.1f}" y1="{middle}" y2="{middle}"/>'


def _bar(label, row, y, figure, scale):
    """One row: its name, its bar, the range of its rounds, its figure."""
    value = row["median"].get(figure)
    parts = [_text(LABEL - 10, y + 19, label, anchor="end")]
    if value is None:
        return parts + [_text(LABEL, y + 19, "failed" if row.get("failed") else "not measured", "small")]
    low, high = (pick(one[figure] for one in row["rounds"] if one.get(figure) is not None) for pick in (min, max))
    colour = COLOURS[row["kind"]]
    parts.append(f'<rect x="{LABEL}" y="{y + 4}" width="{max(value * scale, 1):.1f}" height="{ROW - 9}" rx="2" fill="{colour}"/>')
    if high > low:      # dark within the bar, grey outside of it
        parts += [_line("range", low, value, y, scale), _line("range-out", value, high, y, scale)]
    ratio = f"  ({row['ratio']:.2f} of the limit)" if row.get("ratio") and row.get("show_ratio") else ""
    parts.append(_text(LABEL + max(value, high) * scale + 8, y + 19, FIGURES[figure][2](value) + ratio))
    return parts


def _panel(result, figure, top, disturbed):
    """The bars of one figure, from `top` on. Gives the parts and where they end."""
    name, direction, _ = FIGURES[figure]
    largest = max((one[figure] for row in result["rows"].values() for one in row["rounds"] if one.get(figure)), default=1)
    scale = (WIDTH - LABEL - VALUE) / largest
    parts = [_text(14, top + 14, f"{name}; {direction}")]
    of_limit = result["ratio_of"] == figure == "requests_per_cpu_s" and result["ratio_to"].startswith("limit")
    for number, (label, row) in enumerate(result["rows"].items()):
        shown = {**row, "show_ratio": of_limit and row["kind"] != "limit"}
        parts += _bar(label + (" †" if label in disturbed else ""), shown, top + CAPTION + number * ROW, figure, scale)
    return parts, top + CAPTION + ROW * len(result["rows"]) + GAP


def draw(result, disturbed=()):
    """The SVG of a result; the rows in `disturbed` are marked."""
    drawn, bottom = [], TITLE
    for figure in result["figures"]:
        parts, bottom = _panel(result, figure, bottom, disturbed)
        drawn += parts
    height = bottom + FOOT - GAP
    rounds = max((len(row["rounds"]) for row in result["rows"].values()), default=0)
    foot = f"median of {rounds} rounds of {result['seconds']:g} s; the thin line is their range" if rounds > 1 else "one measurement"
    foot += "; † the machine's host took too much meanwhile" if disturbed else ""
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(result["title"])}">', f"<style>{STYLE}</style>", _text(14, 28, result["title"], "title"), *drawn,
        _text(14, height - 10, foot, "small"), "</svg>"]) + "\n"
