"""Stands around the work of a micro-batch: one that fails three times is done in halves, and one alert set aside.

The first failures end the driver: most pass with another one. What the third one tells is no accident. A driver that
dies without an exception has failed too: that a batch is begun is noted before (`fink_lib.streams.deaths`).

An error with a known cause (configuration, lost data, a schema, a disk that is full, a Kafka that is away) is no
alert's fault and always ends the driver, which is started again with pauses or not at all (`fink_lib.streams.faults`).
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from fink_lib.processes.error_summary import sentence_of
from fink_lib.processes.faults import may_be_of_an_alert
from fink_lib.streams.attempts import Attempts, Key
from fink_lib.streams.deaths import DeathSearch
from fink_lib.streams.halves import Blamed, Halves
from fink_lib.streams.spec import StreamSpec
from fink_lib.streams.stop import PlanOutdated

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

logger = logging.getLogger(__name__)

ATTEMPTS = 3

Item = TypeVar("Item")


@dataclass(frozen=True)
class Parts(Generic[Item]):
    """A micro-batch that can be done in parts.

    Attributes
    ----------
    items
        Its alerts that are not done yet, in the order of their places in Kafka.
    do
        Does some of them, as the whole batch is done; returns how many went all the way.
    set_aside
        Keeps the alerts that are to blame, with what they raised, where the stream keeps such; once each.
    key
        Tells the items apart, and sorts them as they come.
    before
        Alerts of the batch that went all the way before and are not among the items: a driver may have died after it
        wrote them and before it could note so.
    rows
        How many rows of the batch were read without Spark; None where Spark read them.
    """

    items: Sequence[Item]
    do: Callable[[Sequence[Item]], int]
    set_aside: Callable[[Sequence[Blamed[Item]]], None]
    key: Callable[[Item], Key]
    before: int = 0
    rows: int | None = None


class Guard(Generic[Item]):
    """Does micro-batches.

    Parameters
    ----------
    spec
        Which stream.
    whole
        Does a batch in one; done again, it changes nothing. Returns how many rows it read without Spark.
    parts
        Takes a batch apart.
    """

    def __init__(
        self,
        spec: StreamSpec,
        whole: "Callable[[DataFrame, int], int | None]",
        parts: "Callable[[DataFrame, int], Parts[Item]]",
    ) -> None:
        self._name, self._attempts = spec.name, Attempts(spec.checkpoint)
        self._whole, self._parts = whole, parts

    def __call__(self, frame: "DataFrame", batch_id: int) -> int | None:
        """Do one batch; return how many rows it read, None where Spark read them.

        Raises
        ------
        Exception
            What it failed with, where no alert is to blame, or not yet.
        """
        tried = self._attempts.begin(batch_id)
        try:
            return self._do(frame, batch_id, after_deaths=tried.deaths >= ATTEMPTS)
        except Exception:
            self._attempts.end(batch_id)
            raise

    def _do(self, frame: "DataFrame", batch_id: int, *, after_deaths: bool) -> int | None:
        try:
            if not after_deaths:
                return self._whole(frame, batch_id)
            parts = self._parts(frame, batch_id)
            self._after_deaths(parts, batch_id)
        except Exception as error:
            if not _may_blame(error):
                raise
            failed = self._attempts.failed(batch_id, sentence_of(error))
            logger.warning("batch failed stream=%s batch_id=%d attempt=%d", self._name, batch_id, failed)
            if failed < ATTEMPTS:
                raise
            parts = self._parts(frame, batch_id)
            self._by_halves(parts, batch_id, error)
        return parts.rows

    def _after_deaths(self, parts: Parts[Item], batch_id: int) -> None:
        if parts.before:
            self._attempts.prove(batch_id)
        search = DeathSearch(self._name, self._attempts, batch_id, parts.key)
        self._set_aside(parts, batch_id, search.run(parts.items, parts.do, _may_blame))

    def _by_halves(self, parts: Parts[Item], batch_id: int, error: Exception) -> None:
        logger.warning("batch done in halves stream=%s batch_id=%d alerts=%d", self._name, batch_id, len(parts.items))
        if parts.before:
            self._attempts.prove(batch_id)
        halves = Halves(parts.do, _may_blame, lambda: self._attempts.prove(batch_id))
        if parts.items:
            halves.search(parts.items)
        self._set_aside(parts, batch_id, halves.blamed, error)

    def _set_aside(
        self, parts: Parts[Item], batch_id: int, blamed: Sequence[Blamed[Item]], error: Exception | None = None
    ) -> None:
        if blamed and not self._is_just(batch_id, len(blamed)):
            logger.error("batch failed stream=%s batch_id=%d: no single alert is to blame", self._name, batch_id)
            self._attempts.forget_deaths(batch_id)
            raise error or blamed[-1].error
        parts.set_aside(blamed)
        logger.warning("batch done in parts stream=%s batch_id=%d aside=%d", self._name, batch_id, len(blamed))

    def _is_just(self, batch_id: int, blamed: int) -> bool:
        """Tell whether alerts may be blamed: others went all the way, or it is one alone and not one in each batch."""
        tried = self._attempts.of(batch_id)
        if tried.proved:
            return True
        if blamed > 1 or tried.alone == batch_id - 1:
            return False
        self._attempts.blame_alone(batch_id)
        return True


def _may_blame(error: Exception) -> bool:
    return not isinstance(error, PlanOutdated) and may_be_of_an_alert(error)
