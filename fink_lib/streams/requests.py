"""Alerts that a person asks enrich to try again: a file beside the stream, which its driver empties. Needs no JVM.

Silver has one writer, the driver that has the lease. So a command does not write it, it asks; the driver looks for what
is asked every few seconds, and records what it did.
"""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from fink_lib.errors import LakeError
from fink_lib.files import replace_text, to_json
from fink_lib.locks import locked
from fink_lib.streams.spec import Stage, StreamSpec

FILE = "replays.json"
POLL_S = 0.5


@dataclass(frozen=True)
class Asked:
    """An alert that was set aside, and who wants it to be tried again.

    Attributes
    ----------
    night
        Of the alert, YYYY-MM-DD.
    alert_id
        Its name.
    topic, partition, offset
        Its place in Kafka.
    who, why
        Who asks, and for what reason.
    """

    night: str
    alert_id: int
    topic: str
    partition: int
    offset: int
    who: str
    why: str

    @property
    def place(self) -> tuple[str, int, int]:
        """Its place in Kafka."""
        return self.topic, self.partition, self.offset


class Requests:
    """The requests of a survey.

    Parameters
    ----------
    spec
        Its enrich stream.
    """

    def __init__(self, spec: StreamSpec) -> None:
        if spec.stage is not Stage.ENRICH:
            raise ValueError(f"{spec.name} takes no requests: alerts are tried again by enrich")
        self._path = spec.paths.root / FILE
        self._lock = self._path.with_suffix(".lock")

    @property
    def are_there(self) -> bool:
        """Whether anything is asked for."""
        return self._path.exists()

    def read(self) -> list[Asked]:
        """Return what is asked for.

        Raises
        ------
        LakeError
            When the file is damaged.
        """
        try:
            return [Asked(**one) for one in json.loads(self._path.read_text(encoding="utf-8"))]
        except FileNotFoundError:
            return []
        except (ValueError, TypeError) as damage:
            raise LakeError(f"{self._path} is damaged: delete it and ask for the replay again") from damage

    def add(self, asked: Sequence[Asked]) -> int:
        """Ask for alerts; return how many were not asked for yet."""
        with locked(self._lock):
            known = {one.place: one for one in self.read()}
            new = {one.place: one for one in asked if one.place not in known}
            if new:
                self._write([*known.values(), *new.values()])
        return len(new)

    def drop(self, done: Iterable[Asked]) -> None:
        """Take requests out that were dealt with."""
        gone = {one.place for one in done}
        with locked(self._lock):
            self._write([one for one in self.read() if one.place not in gone])

    def wait(self, asked: Sequence[Asked], timeout_s: float) -> list[Asked]:
        """Wait until the driver has dealt with requests; return those that it has not after a time.

        Parameters
        ----------
        asked
            The requests; they are told apart by their places in Kafka.
        timeout_s
            Seconds to wait at the most; it is looked every 0.5 s.

        Raises
        ------
        LakeError
            When the file is damaged.
        """
        deadline, mine = time.monotonic() + timeout_s, {one.place for one in asked}
        while True:
            waiting = [one for one in self.read() if one.place in mine]
            if not waiting or time.monotonic() > deadline:
                return waiting
            time.sleep(POLL_S)

    def _write(self, asked: Sequence[Asked]) -> None:
        if asked:
            replace_text(self._path, to_json([asdict(one) for one in asked]), durable=True)
        else:
            self._path.unlink(missing_ok=True)
