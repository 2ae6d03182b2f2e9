"""How often a micro-batch has failed, in a file of the stream's checkpoint: it outlives the drivers that failed."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from fink_lib.files import replace_text, to_json

FILE = "attempts.json"
NONE = -1


@dataclass(frozen=True)
class Tried:
    """What is kept of the batch that failed last.

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
    """

    batch_id: int = NONE
    failed: int = 0
    proved: bool = False
    alone: int = NONE
    sentence: str = ""


class Attempts:
    """Reads and writes the file; it is not touched while batches succeed.

    Parameters
    ----------
    checkpoint
        Folder of the query's checkpoint: whoever moves or restores it takes the count along.
    """

    def __init__(self, checkpoint: Path) -> None:
        self._path = checkpoint / FILE

    def of(self, batch_id: int) -> Tried:
        """Return what is known of a batch."""
        last = self._read()
        return last if last.batch_id == batch_id else Tried(batch_id, alone=last.alone)

    def failed(self, batch_id: int, sentence: str) -> int:
        """Count a failure; return how many there have been."""
        last = self.of(batch_id)
        self._write(Tried(batch_id, last.failed + 1, last.proved, last.alone, sentence))
        return last.failed + 1

    def prove(self, batch_id: int) -> None:
        """Note that alerts of a batch went all the way while others did not."""
        last = self.of(batch_id)
        if not last.proved:
            self._write(Tried(batch_id, last.failed, True, last.alone, last.sentence))

    def blame_alone(self, batch_id: int) -> None:
        """Note that an alert is blamed which nothing can be compared with."""
        last = self.of(batch_id)
        self._write(Tried(batch_id, last.failed, last.proved, batch_id, last.sentence))

    def _read(self) -> Tried:
        try:
            return Tried(**json.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return Tried()

    def _write(self, tried: Tried) -> None:
        replace_text(self._path, to_json(asdict(tried)), durable=True)
