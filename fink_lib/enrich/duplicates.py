"""Repeats: an alert that arrives again is told apart from its first arrival, also when a batch is replayed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


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

    @property
    def columns(self) -> tuple[Ints, Ints, Ints, Ints]:
        """The four columns."""
        return self.alert_id, self.topic, self.partition, self.offset

    def order(self) -> Ints:
        """Return the order by alert, then by position."""
        return np.lexsort((self.offset, self.partition, self.topic, self.alert_id))


NO_ARRIVALS = Arrivals(*(np.empty(0, np.int64) for _ in range(4)))


def first_arrivals(arrivals: Arrivals) -> Arrivals:
    """Return, sorted by alert, the arrival of each alert that has the lowest position."""
    ordered = arrivals.take(arrivals.order())
    return ordered.take(_starts(ordered.alert_id))


def find_repeats(batch: Arrivals, *runs: Arrivals) -> Flags:
    """Return which arrivals of a batch are repeats.

    An alert's first arrival is the one on record, or, for an alert that is not, the one with the
    lowest (topic, partition, offset) in the batch. Every other arrival is a repeat. A replayed batch whose own
    first arrivals are on record already gets the same answer again.

    Parameters
    ----------
    batch
        Arrivals in any order.
    runs
        First arrivals on record: each run sorted by alert, each alert once in all of them.
    """
    order = batch.order()
    ordered = batch.take(order)
    repeat = ~_starts(ordered.alert_id)
    for run in runs:
        known, place = stands_in(ordered.alert_id, run)
        record = run.take(place)
        same = (
            (record.topic == ordered.topic[known])
            & (record.partition == ordered.partition[known])
            & (record.offset == ordered.offset[known])
        )
        repeat[known] = ~same
    flags = np.zeros(len(batch), dtype=bool)
    flags[order] = repeat
    return flags


def stands_in(alert_ids: Ints, run: Arrivals) -> tuple[Ints, Ints]:
    """Return which of some alerts stand in a sorted run, and where; the cost is that of a few steps an alert.

    Parameters
    ----------
    alert_ids
        Shape (alerts,), in any order.
    run
        Sorted by alert, each alert once.

    Returns
    -------
    Two arrays of one shape (found,): indices into the alerts, and the index into the run of each.
    """
    place = np.searchsorted(run.alert_id, alert_ids)
    inside = np.flatnonzero(place < len(run))
    known = inside[run.alert_id[place[inside]] == alert_ids[inside]]
    return known, place[known]


def merged(first: Arrivals, second: Arrivals) -> Arrivals:
    """Return two sorted runs that have no alert in common as one; two runs in order are merged, not sorted.

    Parameters
    ----------
    first, second
        Each sorted by alert.
    """
    both = Arrivals(*(np.concatenate(pair) for pair in zip(first.columns, second.columns, strict=True)))
    return both.take(np.argsort(both.alert_id, kind="stable"))


def _starts(sorted_ids: Ints) -> Flags:
    starts = np.ones(len(sorted_ids), dtype=bool)
    starts[1:] = sorted_ids[1:] != sorted_ids[:-1]
    return starts
