"""The comparison of two sides: what a person must know before saying yes."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from fink_lib.enrich.duplicates import Flags, Ints
from fink_lib.filters.base import Filter
from fink_lib.filters.registry import filters_of
from fink_lib.lake.digest import value_hashes
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.lake.versions import Table
from fink_lib.reprocess import compare, findings
from fink_lib.reprocess.compare import Alignment, JsonObject
from fink_lib.reprocess.findings import CHANGED, DRIFT_VALUES, GAINED, LOST, MOST_IDS, MOVED, Columns, Keep, changes_of
from fink_lib.reprocess.side import PLACE, Side
from fink_lib.reprocess.tables import REPLACED
from fink_lib.science.framework.base import Role
from fink_lib.science.framework.registry import outputs_with
from fink_lib.surveys import Survey

# Where a value comes from; a row that differs in these alone says the same as before.
PROVENANCE = ("code_version", "science_versions", "science_digest", "partner_tables", "enrich_time")
SKIPPED = (*KAFKA_KEY, "night")
WORDS = (Role.LABEL, Role.FLAG, Role.NAME)


@dataclass
class Comparison:
    """Two sides, compared a night at a time.

    Attributes
    ----------
    survey, filters
        Whose alerts, and what is run over both.
    keep
        Takes the rows of every alert that changes.
    one_in
        The drift of a number is told by one alert in so many.
    """

    survey: Survey
    filters: Sequence[Filter]
    keep: Keep
    one_in: int
    moves: findings.Moves = field(default_factory=findings.Moves)
    columns: dict[Table, Columns] = field(default_factory=lambda: {table: Columns() for table in REPLACED})
    places: dict[str, Counter[str]] = field(default_factory=dict)
    n_changed: int = 0
    first_changed: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Know the filters and the science by name."""
        self.yields = findings.Yields([one.name for one in self.filters])
        self.science = outputs_with(self.survey.name)

    def add(self, night: dt.date, old: Side, new: Side) -> None:
        """Compare one night.

        Parameters
        ----------
        night
            Of the alerts; each night is added once.
        old, new
            The two sides, holding the alerts of this night alone.
        """
        for side in (old, new):
            self.places.setdefault(side.name, Counter()).update(side.places[PLACE].to_pylist())
        if not old.places.num_rows and not new.places.num_rows:
            return
        moved = compare.moves(old.places, new.places)
        self.moves.add(moved)
        for move in moved:
            self.keep(changes_of(night, MOVED, f"{move['from']} → {move['to']}", move["alert_ids"]))
        names = {alert_id for move in moved for alert_id in move["alert_ids"]}
        for table, found in self.columns.items():
            found.touched = set()
            self._table(found, table, old, new)
            self.keep(changes_of(night, CHANGED, str(table), sorted(found.touched)))
            names |= found.touched
        self._filters(night, old, new)
        self.n_changed += len(names)
        self.first_changed = [*self.first_changed, *sorted(names)][:MOST_IDS]

    def _filters(self, night: dt.date, old: Side, new: Side) -> None:
        gains = compare.gains(*(side.selected(self.filters, self.survey.public) for side in (old, new)))
        self.yields.add(gains)
        for name, each in gains.items():
            for kind in (GAINED, LOST):
                if each[kind]:
                    self.keep(changes_of(night, kind, name, each[kind]))

    def _table(self, found: Columns, table: Table, old: Side, new: Side) -> None:
        """Compare one table column by column: no more than one column of each side is in memory."""
        rows = compare.align(old.keys[table], new.keys[table])
        ids = _ids(old, table)[rows.old]
        sampled = tuple(_sample(_ids(side, table), self.one_in) for side in (old, new))
        before, after = _kinds(old, table), _kinds(new, table)
        for name in dict.fromkeys((*after, *before)):
            if name in SKIPPED:
                continue
            pair = (_values(old, table, name, before), _values(new, table, name, after))
            _column(found, name, pair, rows, ids)
            output = self.science.get(name) if table is Table.SILVER and name in before and name in after else None
            if output is not None and output.role in WORDS:
                found.flips[name].add(pair[0].take(pa.array(rows.old)), pair[1].take(pa.array(rows.new)), ids)
            elif output is not None:
                _numbers(found, name, pair, sampled)

    def facts(self, old: Side, new: Side) -> JsonObject:
        """Return what was found, for the page and its JSON twin.

        Parameters
        ----------
        old, new
            The two sides, with all nights; their names stand in the facts.
        """
        silver, yields = self.columns[Table.SILVER], self.yields.facts()
        flips = silver.flipped()
        return {
            "survey": self.survey.name,
            "nights": [night.isoformat() for night in old.nights],
            "sides": {side.name: self._sizes(side) for side in (old, new)},
            "moves": self.moves.facts(),
            "alerts_changed": self.n_changed,
            "alert_ids": self.first_changed,
            "columns": {str(table): found.changed for table, found in self.columns.items()},
            "provenance": {str(table): dict(found.provenance) for table, found in self.columns.items()},
            "flips": {name: each.ranked() for name, each in flips.items()},
            "flipped": {name: each.total for name, each in flips.items()},
            "drift": silver.drifts(self.one_in),
            "filters": yields,
            "same": not self.n_changed and not any(one["n_gained"] or one["n_lost"] for one in yields.values()),
        }

    def _sizes(self, side: Side) -> JsonObject:
        versions = {str(table): version for table, version in side.pinned.versions.items()}
        return {**self.places.get(side.name, {}), "versions": versions}


def compare_sides(
    survey: Survey,
    old: Side,
    new: Side,
    keep: Keep,
    *,
    filters: Sequence[Filter] | None = None,
    common: bool = False,
) -> JsonObject:
    """Compare two sides in full.

    Parameters
    ----------
    survey
        Whose alerts.
    old, new
        Live and candidate, of the same nights.
    keep
        Takes the rows of every alert that changes, as `findings.CHANGES`.
    filters
        Filters to run over both; those of the survey when not given.
    common
        True compares only the packets that both sides have come to.
    """
    most = max(side.pinned.rows(Table.SILVER, side.nights) for side in (old, new))
    chosen = filters_of(survey.name) if filters is None else filters
    comparison = Comparison(survey, chosen, keep, max(1, -(-most // DRIFT_VALUES)))
    for night in old.nights:
        before, after = old.on(night), new.on(night)
        if common:
            before, after = before.among(after.places), after.among(before.places)
        comparison.add(night, before, after)
    return comparison.facts(old, new)


def _ids(side: Side, table: Table) -> Ints:
    return np.asarray(side.keys[table]["alert_id"].to_numpy(), dtype=np.int64)


def _sample(ids: Ints, one_in: int) -> Flags:
    """Choose one alert in so many: the same ones on both sides, and in every run."""
    return np.asarray(value_hashes(pa.array(ids)) % np.uint64(one_in) == 0, dtype=bool)


def _kinds(side: Side, table: Table) -> Mapping[str, pa.DataType]:
    return {fld.name: fld.type for fld in side.schema(table)}


def _values(side: Side, table: Table, name: str, known: Mapping[str, pa.DataType]) -> pa.Array:
    """Return a column; a column that one side lacks is all null there."""
    return side.column(table, name) if name in known else pa.nulls(side.keys[table].num_rows)


def _column(found: Columns, name: str, pair: tuple[pa.Array, pa.Array], rows: Alignment, ids: Ints) -> None:
    old, new = pair[0].take(pa.array(rows.old)), pair[1].take(pa.array(rows.new))
    differ = compare.changed(old, new)
    count = int(differ.sum())
    if not count:
        return
    if name in PROVENANCE:
        found.provenance[name] += count
        return
    found.add_change(name, count, compare.examples(old, new, ids, differ))
    found.touched |= set(ids[differ].tolist())


def _numbers(found: Columns, name: str, pair: tuple[pa.Array, pa.Array], sampled: Sequence[Flags]) -> None:
    """Keep the numbers that a module gives, of all alerts, for their drift."""
    old, new = (compare.leaves(name, column.filter(pa.array(rows))) for column, rows in zip(pair, sampled, strict=True))
    for leaf in old.keys() & new.keys():
        found.values[leaf][0].append(compare.finite(old[leaf]))
        found.values[leaf][1].append(compare.finite(new[leaf]))
