"""A virtual machine's host takes its processors away in bursts. A turn in which it took more than a limit is measured again, for as
long as the run has patience: whoever's turn it is, and by what the host took alone, never by what came out."""

import time

PAUSE_S = 1.0           # after a second turn that was disturbed; twice as long after each further one
LONGEST_PAUSE_S = 10.0


class Patience:
    """`limit` is a share of the cores' time; `budget_s` is what all turns of a run that are measured again may take, with the pauses
    between them."""

    def __init__(self, limit, budget_s, clock=time.monotonic, sleep=time.sleep):
        self.limit, self.left_s = limit, budget_s
        self._clock, self._sleep = clock, sleep

    def measure(self, once, again=lambda stolen: None):
        """Call once() until a turn is quiet, or patience ends: then the one counts of which the host took least. A guest that does
        nothing is not taken anything, so there is no other way to see whether it is quiet. `again` hears of each repetition. Gives
        the figures that count, and a list of the others."""
        turns, pause_s = [once()], 0.0
        while disturbed(turns[-1], self.limit) and self.left_s > 0:
            began, left_s = self._clock(), self.left_s
            again(turns[-1]["stolen"])
            self._sleep(min(pause_s, left_s))
            turns.append(once())
            self.left_s = left_s - (self._clock() - began)      # once() may have called us, and counted its own part already
            pause_s = min(max(2 * pause_s, PAUSE_S), LONGEST_PAUSE_S)
        counts = min(turns, key=lambda figures: figures.get("stolen", 0))
        return counts, [figures for figures in turns if figures is not counts]


def disturbed(figures, limit):
    """Whether the host took more than `limit`; where nobody looked, or no limit was set, it did not."""
    return limit is not None and figures.get("stolen", 0) > limit
