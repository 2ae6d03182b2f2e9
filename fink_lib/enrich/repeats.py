"""Repeats: an alert that arrives again is told apart from its first arrival, also when a batch is replayed."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NIGHTS_KEPT = 4


@dataclass(frozen=True)
class Arrivals:
    """Alerts and the Kafka position that each came from; columns of equal length.

    Attributes
    ----------
    alert_id, topic, partition, offset
        Identity and position; a topic is an integer code.
    """

    alert_id: Ints
    topic: Ints
    partition: Ints
    offset: Ints

    def __len__(self) -> int:
        return len(self.alert_id)

    def take(self, rows: "Ints | Flags") -> "Arrivals":
        """Return some of the arrivals."""
        return Arrivals(self.alert_id[rows], self.topic[rows], self.partition[rows], self.offset[rows])

    def order(self) -> Ints:
        """Return the order by alert, then by position."""
        return np.lexsort((self.offset, self.partition, self.topic, self.alert_id))


NO_ARRIVALS = Arrivals(*(np.empty(0, np.int64) for _ in range(4)))


def first_arrivals(arrivals: Arrivals) -> Arrivals:
    """Return, sorted by alert, the arrival of each alert that has the lowest position."""
    ordered = arrivals.take(arrivals.order())
    return ordered.take(_starts(ordered.alert_id))


def find_repeats(batch: Arrivals, seen: Arrivals) -> Flags:
    """Return which arrivals of a batch are repeats.

    An alert's first arrival is the one on record in `seen`, or, for an alert that is not, the one with the
    lowest (topic, partition, offset) in the batch. Every other arrival is a repeat. A replayed batch whose own
    first arrivals are on record already gets the same answer again.

    Parameters
    ----------
    batch
        Arrivals in any order.
    seen
        First arrivals on record, sorted by alert, each alert once.
    """
    order = batch.order()
    ordered = batch.take(order)
    repeat = ~_starts(ordered.alert_id)
    if len(seen):
        place = np.minimum(np.searchsorted(seen.alert_id, ordered.alert_id), len(seen) - 1)
        record = seen.take(place)
        known = record.alert_id == ordered.alert_id
        same = (
            (record.topic == ordered.topic)
            & (record.partition == ordered.partition)
            & (record.offset == ordered.offset)
        )
        repeat = np.where(known, ~same, repeat)
    flags = np.zeros(len(batch), dtype=bool)
    flags[order] = repeat
    return flags


def _starts(sorted_ids: Ints) -> Flags:
    starts = np.ones(len(sorted_ids), dtype=bool)
    starts[1:] = sorted_ids[1:] != sorted_ids[:-1]
    return starts


class SeenNights:
    """First arrivals on record, of the last few nights; a night is loaded when it is first asked for.

    Parameters
    ----------
    load
        Reads the first arrivals of a night (days since 1970-01-01) from the tables.
    """

    def __init__(self, load: Callable[[int], Arrivals]) -> None:
        self._load = load
        self._nights: OrderedDict[int, Arrivals] = OrderedDict()

    def of(self, night: int) -> Arrivals:
        """Return the first arrivals of a night, sorted by alert."""
        if night not in self._nights:
            self._nights[night] = first_arrivals(self._load(night))
            while len(self._nights) > NIGHTS_KEPT:
                self._nights.popitem(last=False)
        self._nights.move_to_end(night)
        return self._nights[night]

    def clear(self) -> None:
        """Forget everything: the tables are asked again."""
        self._nights.clear()

    def add(self, night: int, arrivals: Arrivals) -> None:
        """Record the first arrivals of a batch, once they are committed."""
        old = self.of(night)
        new = arrivals.take(~np.isin(arrivals.alert_id, old.alert_id))
        columns = (np.concatenate(pair) for pair in zip(_columns(old), _columns(new), strict=True))
        self._nights[night] = first_arrivals(Arrivals(*columns))


def _columns(arrivals: Arrivals) -> tuple[Ints, Ints, Ints, Ints]:
    return arrivals.alert_id, arrivals.topic, arrivals.partition, arrivals.offset
