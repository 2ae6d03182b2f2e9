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
import pyspark.sql.functions as F
from deltalake import write_deltalake
from numpy.typing import NDArray
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import to_arrow_schema

from fink_lib.distribute.message import Sent
from fink_lib.lake.table import TableSpec

logger = logging.getLogger(__name__)

NIGHTS_IN_MEMORY = 8  # late alerts reach back days, not weeks; one night of ZTF is some 10 MB
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
    session
        Spark session.
    published
        The table, existing.
    lake
        Root folder of the tables.
    """

    def __init__(self, session: SparkSession, published: TableSpec, lake: Path) -> None:
        self._session, self._published, self._lake = session, published, lake
        self._nights: dict[dt.date, dict[str, AlertIds]] = {}

    def was_sent(self, night: dt.date, alert_id: int, by: str) -> bool:
        """Return whether the alert stands on the topic of a filter already."""
        return alert_id in self._night(night)[by]

    def record(self, sent: Sequence[Sent]) -> None:
        """Append messages to `published` and remember them.

        The append needs no transaction id: a message is recorded once because it is sent once, and a
        replayed batch may rightly add messages (of a filter that is new) under an id that was used.
        """
        if not sent:
            return
        columns = to_arrow_schema(self._published.schema)
        rows = pa.Table.from_pylist([_row(one) for one in sent], schema=columns)
        # Not by Spark: a job for some hundred rows takes seconds of a loaded machine, this takes 10 ms.
        write_deltalake(str(self._published.path(self._lake)), rows, mode="append")
        for one in sent:
            self._night(one.facts.night)[one.facts.filter].add(one.facts.alert_id)

    def next_offsets(self) -> dict[tuple[str, int], int]:
        """Return, for each (topic, partition), the offset after the last one recorded."""
        table = self._published.read(self._session, self._lake)
        last = table.groupBy("topic", "partition").agg(F.max("offset").alias("offset")).collect()
        return {(row["topic"], row["partition"]): row["offset"] + 1 for row in last}

    def load(self, nights: Iterable[dt.date]) -> None:
        """Read what was sent of these nights, where it is not in memory yet."""
        missing = sorted(set(nights) - set(self._nights))
        if not missing:
            return
        for night in sorted(self._nights)[: max(0, len(self._nights) + len(missing) - NIGHTS_IN_MEMORY)]:
            del self._nights[night]
        table = self._published.read(self._session, self._lake).where(F.col("night").isin(missing))
        found: dict[dt.date, dict[str, AlertIds]] = {night: defaultdict(AlertIds) for night in missing}
        rows = table.select("night", "filter", "alert_id").toArrow()
        for (night, by), ids in rows.to_pandas().groupby(["night", "filter"])["alert_id"]:
            found[night][by] = AlertIds(ids.to_numpy(dtype=np.int64))
        self._nights.update(found)
        logger.info("ledger loaded nights=%d messages=%d", len(missing), rows.num_rows)

    def _night(self, night: dt.date) -> dict[str, AlertIds]:
        self.load([night])
        return self._nights[night]


def _row(sent: Sent) -> dict[str, object]:
    """Return a message as a row of `published`."""
    place = {"topic": sent.topic, "partition": sent.partition, "offset": sent.offset, "publish_time": sent.publish_time}
    return {**vars(sent.facts), **place}
