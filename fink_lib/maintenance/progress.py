"""How far a long work is, told now and then."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

EVERY_S = 5.0
Say = Callable[[str], None]


def silent(_line: str) -> None:
    """Say nothing."""


@dataclass
class Progress:
    """Counts rows.

    Attributes
    ----------
    say
        Told a line at most every few seconds, and at the end.
    what
        What is being worked on.
    total, done
        Rows altogether, and rows that are done.
    clock
        Seconds of any beginning.
    """

    say: Say
    what: str
    total: int
    done: int = 0
    clock: Callable[[], float] = time.monotonic
    _told: float = field(default=float("-inf"), init=False)

    def add(self, rows: int) -> None:
        """Count rows that are done."""
        self.done += rows
        if self.done >= self.total or self.clock() - self._told >= EVERY_S:
            self._told = self.clock()
            self.say(f"{self.what}: {self.done:,} of {self.total:,} rows")
