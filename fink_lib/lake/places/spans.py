"""Which offsets `published` holds, as spans of each partition, summed up once: a look reads the nights that changed.

A summary knows how many rows each night had. A night with as many as before is as it was, since the table only grows;
one with more is read anew and added. A night with fewer lost some to a person: everything is summed up anew.

A topic that was deleted and made anew has another id, and begins at offset 0 again: its offsets are others.
"""

import datetime as dt
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable

from fink_lib.errors import LakeError
from fink_lib.files import replace_text
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.places.ranges import Partition, Run, runs_in, union

Where: TypeAlias = tuple[str, str | None, int]
"""Topic, its id (None where nobody noted it), and partition."""
Ids: TypeAlias = Mapping[str, str | None]
"""The topics that exist, with their ids; None where Kafka gives none."""
UNDATED = ""
SPANS_FILE = "published_spans.json"


@dataclass(frozen=True)
class Spans:
    """What a table of sent messages holds.

    Attributes
    ----------
    nights
        Rows by night, YYYY-MM-DD.
    runs
        By topic, id of the topic, and partition: the offsets as runs without a gap, first and last of each, in order.
    """

    nights: dict[str, int]
    runs: dict[Where, list[Run]]

    @property
    def rows(self) -> int:
        """All rows, repeats included."""
        return sum(self.nights.values())

    @property
    def offsets(self) -> int:
        """Different offsets: fewer than rows where some stand there twice."""
        return sum(map(_size, self.runs.values()))

    def there(self, now: Ids) -> dict[Partition, list[Run]]:
        """Return the runs of each partition of the topics as they are now."""
        found: dict[Partition, list[Run]] = {}
        for (topic, topic_id, partition), runs in self.runs.items():
            if not self._is_gone(topic, topic_id, now):
                found[topic, partition] = union([*found.get((topic, partition), ()), *runs])
        return found

    def gone(self, now: Ids) -> dict[tuple[str, str | None], int]:
        """Return how many messages stood on topics, by name and id, that were deleted and made anew."""
        found: Counter[tuple[str, str | None]] = Counter()
        for (topic, topic_id, _), runs in self.runs.items():
            if self._is_gone(topic, topic_id, now):
                found[topic, topic_id] += _size(runs)
        return dict(found)

    def after(self, nights: dict[str, int], runs: dict[Where, list[Run]]) -> "Spans":
        """Return the spans once some nights have more rows.

        Parameters
        ----------
        nights
            All rows of each of these nights, by YYYY-MM-DD; they replace what was known of it.
        runs
            Offsets of their rows, which are joined to those that were known.
        """
        joined = {where: union([*self.runs.get(where, ()), *runs.get(where, ())]) for where in {*self.runs, *runs}}
        ordered = sorted(joined, key=lambda where: (where[0], where[1] or "", where[2]))
        return Spans({**self.nights, **nights}, {where: joined[where] for where in ordered})

    def _is_gone(self, topic: str, topic_id: str | None, now: Ids) -> bool:
        return is_gone(topic_id, {other for name, other, _ in self.runs if name == topic}, topic, now)


def is_gone(topic_id: str | None, recorded: set[str | None], topic: str, now: Ids) -> bool:
    """Tell whether a topic that messages were recorded of is no longer the one of that name.

    Messages without an id were recorded before ids were: they are of the topic that is there, unless messages of
    another one were recorded after them. A topic that does not exist is gone where there were several of its name.

    Parameters
    ----------
    topic_id
        What was recorded; None where no id was.
    recorded
        All that was recorded as the id of a topic of this name.
    topic, now
        The name, and the topics that exist.
    """
    known = recorded - {None}
    if topic not in now:
        return len(known) > 1
    present = now[topic]
    if present is None:
        return False
    return topic_id != present if topic_id is not None else bool(known - {present})


class SpansFile:
    """Keeps the spans of `published` in a file, which may be deleted at any time.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, table: DeltaTable) -> Spans:
        """Return the spans of a table, as the version that is loaded has them."""
        rows, kept = rows_of_nights(table), self._read()
        if any(count > rows.get(night, 0) for night, count in kept.nights.items()):
            kept = Spans({}, {})
        changed = sorted(night for night, count in rows.items() if count != kept.nights.get(night, 0))
        data = dataset_of(table) if changed else None
        found = kept
        for night in changed:
            found = found.after({night: rows[night]}, runs_of_night(data, night))
        if changed:
            runs = [[list(where), mine] for where, mine in found.runs.items()]
            replace_text(self._path, json.dumps({"nights": found.nights, "runs": runs}))
        return found

    def _read(self) -> Spans:
        try:
            found: dict[str, Any] = json.loads(self._path.read_text())
            runs = {
                (topic, topic_id, int(part)): [(int(first), int(last)) for first, last in mine]
                for (topic, topic_id, part), mine in found["runs"]
            }
            return Spans(found["nights"], runs)
        except (OSError, ValueError, KeyError, TypeError):
            return Spans({}, {})


def rows_of_nights(table: DeltaTable) -> dict[str, int]:
    """Return the rows of each night out of the log of a table; `UNDATED` is the night of those without one.

    Raises
    ------
    LakeError
        When a file has no row count.
    """
    actions = pa.table(table.get_add_actions(flatten=True))
    counts: Counter[str] = Counter()
    for night, rows in zip(actions["partition.night"].to_pylist(), actions["num_records"].to_pylist(), strict=True):
        if rows is None:
            raise LakeError(f"a file of {table.table_uri} has no row count: was it written by this broker?")
        counts[UNDATED if night is None else str(night)] += rows
    return {night: rows for night, rows in counts.items() if rows}


def runs_of_night(data: ds.Dataset, night: str) -> dict[Where, list[Run]]:
    """Read which offsets the rows of a night have; a table of earlier code has no ids of topics.

    Parameters
    ----------
    data
        Files of `published`.
    night
        As YYYY-MM-DD; `UNDATED` for the rows that have none.

    Returns
    -------
    Rows that lack topic, partition or offset are left out; an offset that stands there twice counts once.
    """
    chosen = pc.field("night").is_null() if night == UNDATED else pc.field("night") == dt.date.fromisoformat(night)
    has_ids = "topic_id" in data.schema.names
    rows = data.to_table(["topic", "partition", "offset", *(["topic_id"] if has_ids else [])], filter=chosen)
    rows = rows.filter(reduce(pc.and_, (pc.is_valid(rows[name]) for name in ("topic", *_NUMBERS))))
    ids = rows["topic_id"] if has_ids else pa.chunked_array([pa.nulls(rows.num_rows, pa.string())])
    topics, its_ids = (_coded(column) for column in (rows["topic"], pc.fill_null(ids, "")))
    partitions, offsets = (rows[name].to_numpy() for name in _NUMBERS)
    found: dict[Where, list[Run]] = {}
    for topic, topic_id, partition in np.unique(np.stack([topics[0], its_ids[0], partitions]), axis=1).T.tolist():
        mine = offsets[(topics[0] == topic) & (its_ids[0] == topic_id) & (partitions == partition)]
        found[topics[1][topic], its_ids[1][topic_id] or None, partition] = list(runs_in(np.unique(mine)))
    return found


_NUMBERS = ("partition", "offset")


def _coded(texts: pa.ChunkedArray) -> tuple[np.typing.NDArray[np.int64], list[str]]:
    """Return texts as numbers, and what each stands for."""
    coded = pc.dictionary_encode(texts.combine_chunks())
    return coded.indices.to_numpy().astype(np.int64), coded.dictionary.to_pylist()


def _size(runs: list[Run]) -> int:
    return sum(last - first + 1 for first, last in runs)
