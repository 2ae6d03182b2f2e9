"""Alerts that enrich set aside for an error that nobody foresaw, tried again when a person asks for it.

They stand in bronze and in quarantine. What is tried again goes through the same triage and the same science as ever;
one that reaches silver or rejected is released, by the name of who asked. One that raises again, or at which the driver
dies, stays in the quarantine as it was. A driver that died between the two writes has left the alert in silver: the
next one finds it there, and only records that it is released.
"""

import datetime as dt
import logging
from collections.abc import Callable, Sequence

import pyarrow as pa

from fink_lib import __version__
from fink_lib.lake.places import Places
from fink_lib.lake.releases import Action, Release, record_releases
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.processes.faults import may_be_of_an_alert
from fink_lib.streams.attempts import Attempts
from fink_lib.streams.halves import Halves
from fink_lib.streams.requests import Asked, Requests
from fink_lib.streams.spec import StreamSpec

logger = logging.getLogger(__name__)

FOLDER = "replays"  # where it is noted that a driver is at work on requests


class Replays:
    """Does what is asked.

    Parameters
    ----------
    spec
        The enrich stream.
    decided
        Which alerts stand in silver or rejected.
    write
        Writes alerts that do, by their facts, and returns how many went to silver.
    """

    def __init__(self, spec: StreamSpec, decided: Places, write: Callable[[pa.Table], int]) -> None:
        self._spec, self._decided, self._write = spec, decided, write
        self._requests = Requests(spec)
        self._attempts = Attempts(spec.paths.root / FOLDER)

    @property
    def are_there(self) -> bool:
        """Whether anything is asked for."""
        return self._requests.are_there

    def run(self, facts_at: Callable[[Sequence[Asked]], pa.Table]) -> None:
        """Try what is asked for, and record what became of it.

        Parameters
        ----------
        facts_at
            Reads the facts of alerts out of bronze, as the stream does.
        """
        if asked := self._requests.read():
            try:
                self._do(asked, facts_at)
            except Exception:
                self._attempts.end(0)
                raise

    def _do(self, asked: Sequence[Asked], facts_at: Callable[[Sequence[Asked]], pa.Table]) -> None:
        if self._attempts.begin(0).deaths:
            logger.error("replay given up stream=%s alerts=%d: a driver died at it", self._spec.name, len(asked))
        else:
            self._try(facts_at(asked))
        self._decided.reset()
        done = self._stand(asked)
        record_releases(self._spec.settings.lake, self._spec.survey, [_release(one) for one in done])
        self._requests.drop(asked)
        self._attempts.forget()
        logger.info("replayed stream=%s asked=%d released=%d", self._spec.name, len(asked), len(done))

    def _try(self, table: pa.Table) -> None:
        left = table.filter(pa.array(~self._decided.held(table))).sort_by([(name, "ascending") for name in KAFKA_KEY])
        halves: Halves[int] = Halves(
            lambda rows: self._write(left.take(pa.array(rows))), may_be_of_an_alert, lambda: None
        )  # fmt: skip
        if left.num_rows:
            halves.search(range(left.num_rows))
        for one in halves.blamed:
            place = left.select(list(KAFKA_KEY)).take(pa.array([one.item])).to_pylist()[0]
            logger.error("alert set aside again stream=%s %s: %s", self._spec.name, place, one.error)

    def _stand(self, asked: Sequence[Asked]) -> list[Asked]:
        """Return the alerts that stand in silver or rejected now."""
        topics, partitions, offsets = zip(*(one.place for one in asked), strict=True)
        arrays = [pa.array(topics), pa.array(partitions, pa.int32()), pa.array(offsets, pa.int64())]
        found = self._decided.held(pa.table(arrays, names=list(KAFKA_KEY)))
        return [one for one, stands in zip(asked, found.tolist(), strict=True) if stands]


def _release(one: Asked) -> Release:
    return Release(
        night=dt.date.fromisoformat(one.night),
        alert_id=one.alert_id,
        kafka_topic=one.topic,
        kafka_partition=one.partition,
        kafka_offset=one.offset,
        stage="enrich",
        action=str(Action.REPLAYED),
        who=one.who,
        why=one.why,
        release_time=dt.datetime.now(dt.UTC),
        code_version=__version__,
    )
