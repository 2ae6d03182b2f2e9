"""What was sent: `published`, asked by alert and filter, so that no alert leaves twice by the same filter.

Silver holds each alert once, so that an alert and a filter name a message; how that is remembered and looked up is
`fink_lib.lake.places`.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fink_lib.kafka.message import Sent
from fink_lib.lake.places import Book, Ids, Partition
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.storage import LakePath

KEY = ("filter", "alert_id")


class Ledger:
    """Remembers and records what was sent.

    Parameters
    ----------
    published
        The table, existing.
    lake
        Root folder of the tables.
    spans
        File that keeps what the topics held at the last start.
    """

    def __init__(self, published: TableSpec, lake: LakePath, spans: Path) -> None:
        self._book = Book(published, KEY, lake, spans)

    def was_sent(self, night: dt.date, alert_id: int, by: str) -> bool:
        """Return whether the alert stands on the topic of a filter already; its night was loaded.

        Parameters
        ----------
        night
            Night of the alert.
        alert_id
            The alert.
        by
            Name of the filter.
        """
        return self._book.holds(night, by, alert_id)

    def sent_by(self, night: dt.date, alert_ids: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.bool_]]:
        """Return which of some alerts of a night that was loaded were sent, by each filter that sent any of them.

        Parameters
        ----------
        night
            Night of the alerts.
        alert_ids
            Shape (alerts,).

        Returns
        -------
        Name of the filter → shape (alerts,), true where the alert was sent.
        """
        return self._book.held(night, alert_ids)

    def record(self, sent: Sequence[Sent]) -> None:
        """Append messages to `published` and remember them."""
        self._book.append([_row(one) for one in sent])

    def next_offsets(self, now: Ids) -> dict[Partition, int]:
        """Return, for each (topic, partition) of the topics that exist, the offset after the last one recorded."""
        return self._book.next_offsets(now)

    def ids_of(self, topic: str) -> set[str | None]:
        """Return the ids of topics of a name that messages were recorded of; `next_offsets` has looked."""
        return self._book.ids_of(topic)

    def load(self, nights: Iterable[dt.date]) -> None:
        """Read what was sent of these nights, where it is not in memory yet."""
        self._book.load(nights)


def _row(sent: Sent) -> dict[str, object]:
    """Return a message as a row of `published`."""
    place = {"topic": sent.topic, "topic_id": sent.topic_id, "partition": sent.partition, "offset": sent.offset}
    return {**vars(sent.facts), **place, "publish_time": sent.publish_time}
