"""How long the disk of a home will do, by how it filled since the monitor began to look."""

import shutil
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

KEPT_S = 6 * 3600.0
LEAST_S = 600.0  # a shorter look back takes one compaction for a trend
SAMPLE_S = 60.0


@dataclass
class Disk:
    """The free room of one disk over the last hours.

    Attributes
    ----------
    samples
        Unix time and free bytes, oldest first.
    """

    samples: deque[tuple[float, int]] = field(default_factory=deque)

    def look(self, folder: Path, now: float) -> None:
        """Take a sample, once a minute.

        Parameters
        ----------
        folder
            An existing folder of the disk.
        now
            Unix time.
        """
        self.note(now, shutil.disk_usage(folder).free)

    def note(self, now: float, free: int) -> None:
        """Keep a sample; those that are too close, or too old, are left out.

        Parameters
        ----------
        now
            Unix time; within 60 s of the last sample nothing is kept, and samples older than 6 h go.
        free
            Free bytes.
        """
        if self.samples and now - self.samples[-1][0] < SAMPLE_S:
            return
        self.samples.append((now, free))
        while now - self.samples[0][0] > KEPT_S:
            self.samples.popleft()

    @property
    def free(self) -> int | None:
        """Free bytes when it was last looked at."""
        return self.samples[-1][1] if self.samples else None

    @property
    def full_in_h(self) -> float | None:
        """Hours until it is full at the mean rate; None where it does not fill, or too little is known."""
        if not self.samples:
            return None
        (then, before), (now, free) = self.samples[0], self.samples[-1]
        if now - then < LEAST_S or free >= before:
            return None
        return free / (before - free) * (now - then) / 3600
