"""What runs, which round, how long it will take still: one line that is written over, or on no terminal one line a test."""

import sys
import time


class Progress:
    """`total_s` is what all tests are planned to take; it is corrected by how long they really take."""

    def __init__(self, total_s, tests, out=sys.stderr):
        self.total_s, self.tests, self.out = max(total_s, 0.001), tests, out
        self.began, self.done_s, self.test, self.title = time.monotonic(), 0.0, 0, ""
        self._after_s = 0.0
        self._waits_since, self._told = None, 0

    def start(self, title, planned_s):
        """What was planned for the tests before is done, whatever became of them."""
        self.done_s = self._after_s
        self._after_s += planned_s
        self.test += 1
        self.title = title
        if not self.out.isatty():
            self._print(f"[{self.test}/{self.tests}] {title}, {self.left()} left\n")

    def step(self, what, planned_s):
        """`what` runs now; when it is over, so much of the plan is done."""
        if self.out.isatty():
            self._print(f"\r\x1b[K[{self.test}/{self.tests}] {self.title}: {what}, {self.left()} left")
        self.done_s += planned_s

    def again(self, what):
        """What was not planned begins: until resume() it does not count, neither as done nor as time. On no terminal only the first
        of a test is told."""
        if self._waits_since is None:
            self._waits_since = time.monotonic()
        if not self.out.isatty() and self._told != self.test:
            self._told = self.test
            self._print(f"  {what}\n")
        if self.out.isatty():
            self._print(f"\r\x1b[K[{self.test}/{self.tests}] {self.title}: {what}, {self.left()} left besides")

    def resume(self):
        if self._waits_since is not None:
            self.began += time.monotonic() - self._waits_since
            self._waits_since = None

    def clear(self):
        if self.out.isatty():
            self._print("\r\x1b[K")

    def left(self):
        spent = (self._waits_since or time.monotonic()) - self.began
        pace = spent / self.done_s if self.done_s > 10 else 1.0
        seconds = int(max(self.total_s - self.done_s, 0) * max(pace, 0.5))
        return f"{seconds // 60}:{seconds % 60:02d}"

    def _print(self, text):
        self.out.write(text)
        self.out.flush()
