"""A table that its stream alone appends to: which keys of a night it holds, and how far it goes in each partition.

A stream that never fails would need none of this. It is for a batch that is done again, a checkpoint that was lost,
and a driver that died between an act in Kafka and its record.
"""

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from deltalake import write_deltalake
from numpy.typing import NDArray

from fink_lib.lake.followed import Followed
from fink_lib.lake.places.keys import rows_of_night
from fink_lib.lake.places.ranges import Partition
from fink_lib.lake.places.spans import Ids, SpansFile, Where, is_gone
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.storage import LakePath

logger = logging.getLogger(__name__)

NIGHTS_IN_MEMORY = 8  # late alerts reach back days, not weeks
IDS_IN_MEMORY = 30_000_000  # 240 MB: of nights of ten millions three, each alert of which was counted
RECENT_AT_MOST = 100_000


class KnownIds:
    """A growing set of ids, of which those of a night of ten millions take 80 MB.

    Parameters
    ----------
    ids
        Those that are known.
    """

    def __init__(self, ids: NDArray[np.int64] | None = None) -> None:
        self._sorted = np.sort(ids) if ids is not None else np.empty(0, dtype=np.int64)
        self._recent: set[int] = set()

    def __contains__(self, one: int) -> bool:
        if one in self._recent:
            return True
        at = int(np.searchsorted(self._sorted, one))
        return at < len(self._sorted) and int(self._sorted[at]) == one

    def __len__(self) -> int:
        return len(self._sorted) + len(self._recent)

    def among(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which of some ids are known."""
        found = np.zeros(len(ids), dtype=np.bool_)
        if len(self._sorted):
            at = np.minimum(np.searchsorted(self._sorted, ids), len(self._sorted) - 1)
            found |= self._sorted[at] == ids
        if self._recent:
            found |= np.fromiter((one in self._recent for one in ids.tolist()), dtype=np.bool_, count=len(ids))
        return found

    def add(self, one: int) -> None:
        """Remember an id."""
        self._recent.add(one)
        if len(self._recent) >= RECENT_AT_MOST:
            recent = np.fromiter(self._recent, dtype=np.int64, count=len(self._recent))
            self._sorted, self._recent = np.union1d(self._sorted, recent), set()


class Book:
    """Remembers and appends the rows of a table.

    Parameters
    ----------
    spec
        The table, existing, with the columns ``night``, ``topic``, ``topic_id``, ``partition`` and ``offset``.
    key
        Columns that tell two rows of a night apart: a name, and a number of 64 bits.
    lake
        Root folder of the tables.
    spans
        File that keeps what the table held at the last start: nights that have not changed are not read again.
    """

    def __init__(self, spec: TableSpec, key: tuple[str, str], lake: LakePath, spans: Path) -> None:
        self._spec, self._key = spec, key
        self._spans, self._ends = SpansFile(spans), dict[Where, int]()
        self._looked = False
        self._table = Followed(spec.path(lake))
        self._nights: dict[dt.date, dict[str, KnownIds]] = {}

    def holds(self, night: dt.date, name: str, number: int) -> bool:
        """Return whether a row stands there; its night was loaded.

        Parameters
        ----------
        night
            A night that `load` has read.
        name, number
            The two parts of the row's key.
        """
        return number in self._nights[night][name]

    def held(self, night: dt.date, numbers: NDArray[np.int64]) -> dict[str, NDArray[np.bool_]]:
        """Return which of some numbers have a row, by each name that any of them has one of; the night was loaded.

        Parameters
        ----------
        night
            A night that `load` has read.
        numbers
            Second parts of keys. Each answer has one flag a number, in their order.
        """
        found = {name: ids.among(numbers) for name, ids in self._nights[night].items()}
        return {name: flags for name, flags in found.items() if flags.any()}

    def append(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows and remember them.

        The append needs no transaction id: what a row tells of was done once, and a batch that is done again may
        rightly add rows under an id that was used.
        """
        if not rows:
            return
        looked, self._looked = self._looked, False  # where this fails, nobody knows what the table holds
        self.load({row["night"] for row in rows})
        found = pa.Table.from_pylist([dict(row) for row in rows], schema=self._spec.plain_schema)
        # Not by Spark: a job for some hundred rows takes seconds of a loaded machine, this takes 10 ms.
        write_deltalake(self._table.newest(), found, mode="append")
        name, number = self._key
        for row in rows:
            self._nights[row["night"]][row[name]].add(row[number])
            where = row["topic"], row.get("topic_id"), row["partition"]
            self._ends[where] = max(row["offset"] + 1, self._ends.get(where, 0))
        self._looked = looked

    def next_offsets(self, now: Ids) -> dict[Partition, int]:
        """Return, for each (topic, partition) of the topics as they are now, the offset after the last one recorded.

        The table is asked once: nobody else appends to it while this process has the lease of its stream.
        """
        if not self._looked:
            held = self._spans.of(self._table.newest()).runs
            self._ends = {where: max(runs[-1][1] + 1, self._ends.get(where, 0)) for where, runs in held.items()}
            self._looked = True
        found: dict[Partition, int] = {}
        for (topic, topic_id, partition), end in self._ends.items():
            if not is_gone(topic_id, self.ids_of(topic), topic, now):
                found[topic, partition] = max(end, found.get((topic, partition), 0))
        return found

    def ids_of(self, topic: str) -> set[str | None]:
        """Return what was recorded as the id of topics of a name; `next_offsets` has looked."""
        return {topic_id for name, topic_id, _ in self._ends if name == topic}

    def load(self, nights: Iterable[dt.date]) -> None:
        """Read the keys of these nights, where they are not in memory yet.

        Of others as many are forgotten as there is no room for: the oldest, and none of these.
        """
        wanted = set(nights)
        missing = sorted(wanted - set(self._nights))
        for night in sorted(set(self._nights) - wanted):
            if len(self._nights) + len(missing) <= NIGHTS_IN_MEMORY and self._size() <= IDS_IN_MEMORY:
                break
            del self._nights[night]
        if not missing:
            return
        table = self._table.newest()
        for night in missing:
            name, number = self._key
            rows = rows_of_night(table, night, self._key)
            found: dict[str, KnownIds] = defaultdict(KnownIds)
            for by, ids in rows.to_pandas().groupby(name)[number]:
                found[str(by)] = KnownIds(ids.to_numpy(dtype=np.int64))
            self._nights[night] = found
            logger.info("table=%s night=%s keys loaded=%d", self._spec.full_name, night, rows.num_rows)

    def _size(self) -> int:
        return sum(len(ids) for by_name in self._nights.values() for ids in by_name.values())
