"""The arithmetic of rounds. A round's candidates were measured one right after the other, so what a shared machine does to one
it mostly does to all: ratios are taken within a round, and the median of the rounds counts."""

import statistics


def medians(rounds):
    """The median of each figure over the rounds that have it; figures that two thirds of the rounds lack are left out."""
    names = dict.fromkeys(name for one in rounds for name in one)
    found = {name: [one[name] for one in rounds if one.get(name) is not None] for name in names}
    return {name: statistics.median(values) for name, values in found.items() if values and 3 * len(values) >= len(rounds)}


def ratio(rounds, base, figure):
    """The median of rounds[i][figure] / base[i][figure]; None where there is nothing to divide."""
    pairs = [(one.get(figure), other.get(figure)) for one, other in zip(rounds, base)]
    found = [one / other for one, other in pairs if one is not None and other]
    return statistics.median(found) if found else None


def best(names, key):
    """The name with the largest key(name) that is not None; None when there is none."""
    found = [name for name in names if key(name) is not None]
    return max(found, key=key) if found else None


def spread(values):
    """The largest of the values divided by the smallest."""
    values = list(values)
    return max(values) / min(values) if values and min(values) > 0 else None
