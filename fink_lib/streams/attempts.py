"""How often a micro-batch was tried, in a file of the stream's checkpoint: it outlives the drivers that tried it.

A try is noted before its work begins. A driver that raises notes its end; one that is gone without a word, killed or
crashed in native code, does not: so the next one knows what the last one died at.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeAlias

from fink_lib.files import replace_text, to_json

FILE = "attempts.json"
NONE, NEVER = -1, -2  # no batch, and none that batch 0 follows
Key: TypeAlias = tuple[str | int, ...]
"""What tells an alert of a batch from the others, in the order in which they are done: its place in Kafka."""


@dataclass(frozen=True)
class Tried:
    """What is kept of the batch that was tried last.

    Attributes
    ----------
    batch_id
        Which batch.
    failed
        How often it failed in a way that an alert may be to blame for.
    proved
        True once alerts of it went all the way while others did not: it is not the code or the machine.
    alone
        The last batch of which one alert was blamed though no other one went all the way.
    sentence
        What went wrong last.
    at_work
        True from the beginning of a try to its end: where it stands when a driver starts, the last one died at it.
    deaths
        How many drivers died at the batch as a whole.
    part
        First and last alert of the part of it that is being done.
    deaths_alone
        How many drivers died at that part, since it is a single alert.
    killers
        Alerts at each of which drivers died again and again, when it was done alone.
    """

    batch_id: int = NONE
    failed: int = 0
    proved: bool = False
    alone: int = NEVER
    sentence: str = ""
    at_work: bool = False
    deaths: int = 0
    part: tuple[Key, Key] | None = None
    deaths_alone: int = 0
    killers: tuple[Key, ...] = ()

    @property
    def is_single(self) -> bool:
        """Whether a single alert was being done."""
        return self.part is not None and self.part[0] == self.part[1]

    def died(self) -> "Tried":
        """Return what is known once a driver is found to have died at the batch."""
        if self.part is None:
            return replace(self, deaths=self.deaths + 1)
        return replace(self, deaths_alone=self.deaths_alone + 1) if self.is_single else self


class Attempts:
    """Reads and writes the file.

    Parameters
    ----------
    checkpoint
        Folder of the query's checkpoint: whoever moves or restores it takes the count along.
    """

    def __init__(self, checkpoint: Path) -> None:
        self._path = checkpoint / FILE

    @property
    def is_kept(self) -> bool:
        """Whether tries are noted here at all: a driver that dies at an alert is no fault that lasts."""
        return self._path.exists()

    def of(self, batch_id: int) -> Tried:
        """Return what is known of a batch."""
        last = self._read()
        return last if last.batch_id == batch_id else Tried(batch_id, alone=last.alone)

    def begin(self, batch_id: int) -> Tried:
        """Note durably that work on a batch begins; return what is known of it, a death that is found now included."""
        last = self.of(batch_id)
        last = last.died() if last.at_work else last
        return self._write(replace(last, at_work=True))

    def begin_part(self, batch_id: int, first: Key, last: Key) -> None:
        """Note durably which part of a batch is about to be done.

        Parameters
        ----------
        batch_id
            The batch that the part is of.
        first, last
            Keys of the first and the last alert of the part; alike for a single alert.
        """
        known, part = self.of(batch_id), (first, last)
        again = known.deaths_alone if known.part == part else 0
        self._write(replace(known, part=part, deaths_alone=again))

    def end_part(self, batch_id: int) -> None:
        """Note that no driver died at the part."""
        self._write(replace(self.of(batch_id), part=None, deaths_alone=0))

    def end(self, batch_id: int) -> None:
        """Note that a try ended with an error: the driver lives to tell of it."""
        self._write(replace(self.of(batch_id), at_work=False))

    def failed(self, batch_id: int, sentence: str) -> int:
        """Count a failure; return how many there have been.

        Parameters
        ----------
        batch_id
            The batch that failed; of another one than the last, the count begins at 1.
        sentence
            What went wrong.
        """
        last = self.of(batch_id)
        return self._write(replace(last, failed=last.failed + 1, sentence=sentence)).failed

    def prove(self, batch_id: int) -> None:
        """Note that alerts of a batch went all the way while others did not."""
        last = self.of(batch_id)
        if not last.proved:
            self._write(replace(last, proved=True))

    def blame_alone(self, batch_id: int) -> None:
        """Note that an alert is blamed which nothing can be compared with."""
        self._write(replace(self.of(batch_id), alone=batch_id))

    def found(self, batch_id: int, killer: Key) -> Tried:
        """Note an alert that drivers died at.

        Parameters
        ----------
        batch_id
            The batch that the alert is of.
        killer
            Key of the alert; it joins those found before.

        Returns
        -------
        What is now known of the batch; the part that was being done is forgotten.
        """
        last = self.of(batch_id)
        return self._write(replace(last, killers=(*last.killers, killer), part=None, deaths_alone=0))

    def forget_deaths(self, batch_id: int) -> None:
        """Begin the search anew: what was learned did not lead to an alert."""
        last = self.of(batch_id)
        self._write(replace(last, deaths=0, part=None, deaths_alone=0, killers=()))

    def forget(self) -> None:
        """Forget everything."""
        self._path.unlink(missing_ok=True)

    def _read(self) -> Tried:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            part, killers = found.get("part"), found.get("killers", ())
            ends = None if part is None else (tuple(part[0]), tuple(part[1]))
            return Tried(**{**found, "part": ends, "killers": tuple(map(tuple, killers))})
        except (OSError, ValueError, TypeError, AttributeError, IndexError):
            return Tried()

    def _write(self, tried: Tried) -> Tried:
        replace_text(self._path, to_json(asdict(tried)), durable=True)
        return tried
