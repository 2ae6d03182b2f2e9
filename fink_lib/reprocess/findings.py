"""What a comparison has found so far: nights are added one by one, and what is kept of them does not grow for ever.

Counts are of everything. Of what can be long (alerts, examples) the first are kept here, for the page; all alerts
that change go to a file, night by night. Of each number so many values are kept as its drift needs.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fink_lib.reprocess import compare
from fink_lib.reprocess.compare import EXAMPLES, Flips, Floats, JsonObject

MOST_IDS = 1000
DRIFT_VALUES = 200_000  # of each side: their KS statistic is that of all values to within some 0.004
CHANGES = pa.schema(
    [("night", pa.date32()), ("alert_id", pa.int64()), ("kind", pa.string()), ("what", pa.string())],
)
MOVED, CHANGED, GAINED, LOST = "moved", "changed", "gained", "lost"

Keep = Callable[[pa.Table], None]


class ChangesFile:
    """A Parquet file of every alert that changes: its night, ``moved``, ``changed``, ``gained`` or ``lost``, and what.

    It takes the place of an earlier one when it is whole.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._scratch = path.with_name(f".{path.name}.new")

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = pq.ParquetWriter(self._scratch, CHANGES)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._writer.close()
        if error is None:
            self._scratch.replace(self.path)
        else:
            self._scratch.unlink()

    def keep(self, rows: pa.Table) -> None:
        """Append rows."""
        self._writer.write_table(rows)


@dataclass
class Moves:
    """Alerts that stand elsewhere: way → how many, and the first of them."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(list))

    def add(self, moves: Sequence[JsonObject]) -> None:
        """Take the moves of one night."""
        for move in moves:
            way = (move["from"], move["to"])
            self.counts[way] += move["count"]
            _fill(self.first[way], move["alert_ids"])

    def facts(self) -> list[JsonObject]:
        """Return the moves, by where the alerts stood and stand."""
        return [
            {"from": way[0], "to": way[1], "count": count, "alert_ids": sorted(self.first[way])}
            for way, count in sorted(self.counts.items())
        ]


@dataclass
class Yields:
    """What the filters select on both sides, gain and lose: how many, and the first of those."""

    names: Sequence[str]
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(list))

    def add(self, gains: Mapping[str, JsonObject]) -> None:
        """Take the gains and losses of one night."""
        for name, each in gains.items():
            self.counts[name, "old"] += each["old"]
            self.counts[name, "new"] += each["new"]
            for kind in (GAINED, LOST):
                self.counts[name, kind] += len(each[kind])
                _fill(self.first[name, kind], each[kind])

    def facts(self) -> dict[str, JsonObject]:
        """Return by filter: ``old``, ``new``, ``n_gained``, ``n_lost``, and the first alerts of both."""
        return {
            name: {
                **{side: self.counts[name, side] for side in ("old", "new")},
                **{f"n_{kind}": self.counts[name, kind] for kind in (GAINED, LOST)},
                **{kind: sorted(self.first[name, kind]) for kind in (GAINED, LOST)},
            }
            for name in sorted(self.names)
        }


@dataclass
class Columns:
    """What the columns of one table told.

    Attributes
    ----------
    changed
        Column → how many alerts differ, and examples.
    provenance
        Column of provenance → how many alerts differ.
    flips
        Label → how it flips.
    values
        Number → its values on both sides, of one alert in so many.
    touched
        Alerts of the night at hand whose values differ, provenance apart.
    """

    changed: dict[str, JsonObject] = field(default_factory=dict)
    provenance: Counter[str] = field(default_factory=Counter)
    flips: dict[str, Flips] = field(default_factory=lambda: defaultdict(Flips))
    values: dict[str, tuple[list[Floats], list[Floats]]] = field(default_factory=lambda: defaultdict(lambda: ([], [])))
    touched: set[int] = field(default_factory=set)

    def add_change(self, name: str, count: int, examples: Sequence[JsonObject]) -> None:
        """Count the alerts of one night whose value of a column differs.

        Parameters
        ----------
        name
            Of the column.
        count
            Alerts that differ.
        examples
            Some of them; over all nights the first `EXAMPLES` are kept.
        """
        known = self.changed.setdefault(name, {"changed": 0, "examples": []})
        known["changed"] += count
        known["examples"] = [*known["examples"], *examples][:EXAMPLES]

    def drifts(self, one_in: int) -> dict[str, JsonObject]:
        """Return, for each number that has values on both sides, how its distribution drifts."""
        found = {name: compare.drift(_all(old), _all(new)) for name, (old, new) in self.values.items()}
        return {name: {**facts, "one_in": one_in} for name, facts in found.items() if facts is not None}

    def flipped(self) -> dict[str, Flips]:
        """Return the labels that flip."""
        return {name: flips for name, flips in self.flips.items() if flips.total}


def changes_of(night: dt.date, kind: str, what: str, ids: Sequence[int]) -> pa.Table:
    """Return rows of the file of changes.

    Parameters
    ----------
    night
        Of the alerts.
    kind
        `MOVED`, `CHANGED`, `GAINED` or `LOST`.
    what
        Way, table or filter.
    ids
        The alerts, one row each.
    """
    rows: dict[str, Any] = {"night": [night] * len(ids), "alert_id": sorted(ids)}
    return pa.table({**rows, "kind": [kind] * len(ids), "what": [what] * len(ids)}, schema=CHANGES)


def _fill(first: list[int], more: Sequence[int]) -> None:
    first += more[: max(MOST_IDS - len(first), 0)]


def _all(parts: Sequence[Floats]) -> Floats:
    return np.concatenate([np.empty(0), *parts])
