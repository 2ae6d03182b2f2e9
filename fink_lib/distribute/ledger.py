"""What was sent: the memory of `published`, so that no alert leaves twice by the same filter.

Silver holds each alert once, so a stream that never fails would need none of this. It is for a batch
that is replayed, a checkpoint that was lost, and a driver that died between sending and recording.
"""

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import write_deltalake
from numpy.typing import NDArray

from fink_lib.distribute.spans import SpansFile, Where
from fink_lib.kafka.message import Sent
from fink_lib.lake.followed import Followed
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.tables.spec import TableSpec

logger = logging.getLogger(__name__)

NIGHTS_IN_MEMORY = 8  # late alerts reach back days, not weeks
IDS_IN_MEMORY = 30_000_000  # 240 MB: of nights of ten millions three, each alert of which was counted
RECENT_AT_MOST = 100_000


class AlertIds:
    """A growing set of alert ids, of which those of a night of ten millions take 80 MB.

    Parameters
    ----------
    ids
        Those that are known.
    """

    def __init__(self, ids: NDArray[np.int64] | None = None) -> None:
        self._sorted = np.sort(ids) if ids is not None else np.empty(0, dtype=np.int64)
        self._recent: set[int] = set()

    def __contains__(self, alert_id: int) -> bool:
        if alert_id in self._recent:
            return True
        at = int(np.searchsorted(self._sorted, alert_id))
        return at < len(self._sorted) and int(self._sorted[at]) == alert_id

    def __len__(self) -> int:
        return len(self._sorted) + len(self._recent)

    def add(self, alert_id: int) -> None:
        """Remember an id."""
        self._recent.add(alert_id)
        if len(self._recent) >= RECENT_AT_MOST:
            recent = np.fromiter(self._recent, dtype=np.int64, count=len(self._recent))
            self._sorted, self._recent = np.union1d(self._sorted, recent), set()


class Ledger:
    """Remembers and records what was sent.

    Parameters
    ----------
    published
        The table, existing.
    lake
        Root folder of the tables.
    spans
        File that keeps what the topics held at the last start: nights that have not changed are not read again.
    """

    def __init__(self, published: TableSpec, lake: Path, spans: Path) -> None:
        self._published = published
        self._spans, self._ends = SpansFile(spans), dict[Where, int]()
        self._looked = False
        self._table = Followed(published.path(lake))
        self._nights: dict[dt.date, dict[str, AlertIds]] = {}

    def was_sent(self, night: dt.date, alert_id: int, by: str) -> bool:
        """Return whether the alert stands on the topic of a filter already; its night was loaded."""
        return alert_id in self._nights[night][by]

    def record(self, sent: Sequence[Sent]) -> None:
        """Append messages to `published` and remember them.

        The append needs no transaction id: a message is recorded once because it is sent once, and a
        replayed batch may rightly add messages (of a filter that is new) under an id that was used.
        """
        if not sent:
            return
        looked, self._looked = self._looked, False  # where this fails, nobody knows what the table holds
        self.load({one.facts.night for one in sent})
        rows = pa.Table.from_pylist([_row(one) for one in sent], schema=self._published.plain_schema)
        # Not by Spark: a job for some hundred rows takes seconds of a loaded machine, this takes 10 ms.
        write_deltalake(self._table.newest(), rows, mode="append")
        for one in sent:
            self._nights[one.facts.night][one.facts.filter].add(one.facts.alert_id)
            where = one.topic, one.partition
            self._ends[where] = max(one.offset + 1, self._ends.get(where, 0))
        self._looked = looked

    def next_offsets(self) -> dict[Where, int]:
        """Return, for each (topic, partition), the offset after the last one recorded.

        The table is asked once: nobody else records messages while this process has the lease of its stream.
        """
        if not self._looked:
            found = self._spans.of(self._table.newest()).ends
            self._ends = {where: max(end, self._ends.get(where, 0)) for where, end in found.items()}
            self._looked = True
        return dict(self._ends)

    def load(self, nights: Iterable[dt.date]) -> None:
        """Read what was sent of these nights, where it is not in memory yet.

        Of others as many are forgotten as there is no room for: the oldest, and none of these.
        """
        wanted = set(nights)
        missing = sorted(wanted - set(self._nights))
        for night in sorted(set(self._nights) - wanted):
            if len(self._nights) + len(missing) <= NIGHTS_IN_MEMORY and self._ids() <= IDS_IN_MEMORY:
                break
            del self._nights[night]
        if not missing:
            return
        table = dataset_of(self._table.newest())
        for night in missing:
            rows = table.to_table(["filter", "alert_id"], filter=pc.field("night") == night)
            found: dict[str, AlertIds] = defaultdict(AlertIds)
            for by, ids in rows.to_pandas().groupby("filter")["alert_id"]:
                found[str(by)] = AlertIds(ids.to_numpy(dtype=np.int64))
            self._nights[night] = found
            logger.info("ledger loaded night=%s messages=%d", night, rows.num_rows)

    def _ids(self) -> int:
        return sum(len(ids) for by_filter in self._nights.values() for ids in by_filter.values())


def _row(sent: Sent) -> dict[str, object]:
    """Return a message as a row of `published`."""
    place = {"topic": sent.topic, "partition": sent.partition, "offset": sent.offset, "publish_time": sent.publish_time}
    return {**vars(sent.facts), **place}
