"""Which offsets `published` holds, as spans of each partition, summed up once: a look reads the nights that changed.

A summary knows how many rows each night had. A night with as many as before is as it was, since the table only grows;
one with more is read anew and added. A night with fewer lost some to a person: everything is summed up anew.
"""

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable

from fink_lib.errors import LakeError
from fink_lib.files import replace_text
from fink_lib.lake.on_disk import dataset_of

Where: TypeAlias = tuple[str, int]
Run: TypeAlias = tuple[int, int]
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
        By topic and partition: the offsets as runs without a gap, first and last of each, in order.
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
        return sum(last - first + 1 for runs in self.runs.values() for first, last in runs)

    @property
    def ends(self) -> dict[Where, int]:
        """The offset after the last one of each partition."""
        return {where: runs[-1][1] + 1 for where, runs in self.runs.items()}

    def after(self, nights: dict[str, int], runs: dict[Where, list[Run]]) -> "Spans":
        """Return the spans once some nights have more rows."""
        joined = {where: union([*self.runs.get(where, ()), *runs.get(where, ())]) for where in {*self.runs, *runs}}
        return Spans({**self.nights, **nights}, dict(sorted(joined.items())))


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
            runs = [[*where, *map(list, mine)] for where, mine in found.runs.items()]
            replace_text(self._path, json.dumps({"nights": found.nights, "runs": runs}))
        return found

    def _read(self) -> Spans:
        try:
            found: dict[str, Any] = json.loads(self._path.read_text())
            runs = {(topic, part): [(a, b) for a, b in mine] for topic, part, *mine in found["runs"]}
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
    """Read which offsets the rows of a night have."""
    chosen = pc.field("night").is_null() if night == UNDATED else pc.field("night") == dt.date.fromisoformat(night)
    rows = data.to_table(["topic", "partition", "offset"], filter=chosen).drop_null().combine_chunks()
    topics = pc.dictionary_encode(rows["topic"].combine_chunks())
    codes, partitions = topics.indices.to_numpy(), rows["partition"].to_numpy()
    offsets, names = rows["offset"].to_numpy(), topics.dictionary.to_pylist()
    found = {}
    for code, partition in np.unique(np.stack([codes, partitions]), axis=1).T.tolist():
        mine = offsets[(codes == code) & (partitions == partition)]
        found[names[code], partition] = list(runs_in(np.unique(mine)))
    return found


def runs_in(offsets: npt.NDArray[np.int64]) -> Iterator[Run]:
    """Yield the runs of different offsets in order."""
    edges = np.flatnonzero(np.diff(offsets) > 1)
    firsts, lasts = np.r_[0, edges + 1], np.r_[edges, len(offsets) - 1]
    yield from zip(offsets[firsts].tolist(), offsets[lasts].tolist(), strict=True)


def union(runs: Iterable[Run]) -> list[Run]:
    """Return runs of which none touches another one."""
    found: list[Run] = []
    for first, last in sorted(runs):
        if found and first <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(found[-1][1], last)
        else:
            found.append((first, last))
    return found


def gaps_between(runs: Sequence[Run]) -> Iterator[Run]:
    """Yield what lies between runs."""
    for (_, last), (first, _) in pairwise(runs):
        yield last + 1, first - 1
