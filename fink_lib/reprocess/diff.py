"""The comparison of two sides: what a person must know before saying yes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from fink_lib.enrich.repeats import Ints
from fink_lib.filters.base import Filter
from fink_lib.filters.registry import filters_of
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.nightly.snapshot import Table
from fink_lib.reprocess import compare
from fink_lib.reprocess.compare import Alignment, JsonObject
from fink_lib.reprocess.side import PLACE, Side
from fink_lib.science.base import Output, Role
from fink_lib.science.registry import outputs_with
from fink_lib.surveys import Survey

# Where a value comes from; a row that differs in these alone says the same as before.
PROVENANCE = ("code_version", "science_versions", "science_digest", "enrich_time")
SKIPPED = (*KAFKA_KEY, "night")
MOST_IDS = 1000
WORDS = (Role.LABEL, Role.FLAG, Role.NAME)


@dataclass
class Findings:
    """What the columns of one table told, gathered one column at a time.

    Attributes
    ----------
    columns
        Column → how many alerts differ, and examples.
    provenance
        Column of provenance → how many alerts differ.
    flips, drift
        Label → its flips; number → its two distributions.
    touched
        Alerts whose values differ, provenance apart.
    """

    columns: dict[str, JsonObject] = field(default_factory=dict)
    provenance: dict[str, int] = field(default_factory=dict)
    flips: dict[str, list[JsonObject]] = field(default_factory=dict)
    drift: dict[str, JsonObject] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)


def compare_sides(survey: Survey, old: Side, new: Side, filters: Sequence[Filter] | None = None) -> JsonObject:
    """Compare two sides in full.

    Parameters
    ----------
    survey
        Whose alerts.
    old, new
        Live and candidate.
    filters
        Filters to run over both; those of the survey when not given.
    """
    chosen = filters_of(survey.name) if filters is None else filters
    moved = compare.moves(old.places, new.places)
    silver = _table(Table.SILVER, old, new, outputs_with(survey.name))
    rejected = _table(Table.REJECTED, old, new, {})
    yields = compare.gains(old.selected(chosen, survey.public), new.selected(chosen, survey.public))
    ids = {alert_id for move in moved for alert_id in move["alert_ids"]}
    names = sorted(ids | silver.touched | rejected.touched)
    return {
        "survey": survey.name,
        "nights": [night.isoformat() for night in old.nights],
        "sides": {side.name: _sizes(side) for side in (old, new)},
        "moves": moved,
        "alerts_changed": len(names),
        "alert_ids": names[:MOST_IDS],
        "columns": {str(Table.SILVER): silver.columns, str(Table.REJECTED): rejected.columns},
        "provenance": {str(Table.SILVER): silver.provenance, str(Table.REJECTED): rejected.provenance},
        "flips": silver.flips,
        "drift": silver.drift,
        "filters": yields,
        "same": not names and not any(one["gained"] or one["lost"] for one in yields.values()),
    }


def _sizes(side: Side) -> JsonObject:
    counts = side.places[PLACE].value_counts().to_pylist()
    return {
        **{str(each["values"]): each["counts"] for each in counts},
        "versions": {str(table): version for table, version in side.versions.items()},
    }


def _table(table: Table, old: Side, new: Side, science: Mapping[str, Output]) -> Findings:
    """Compare one table column by column: no more than one column of each side is in memory."""
    found = Findings()
    rows = compare.align(old.keys[table], new.keys[table])
    ids = np.asarray(old.keys[table]["alert_id"].to_numpy(), dtype=np.int64)[rows.old]
    before, after = _kinds(old, table), _kinds(new, table)
    for name in dict.fromkeys((*after, *before)):
        if name in SKIPPED:
            continue
        pair = (_values(old, table, name, before), _values(new, table, name, after))
        _column(found, name, pair, rows, ids)
        if name in science and name in before and name in after:
            _science(found, science[name], pair, rows, ids)
    return found


def _kinds(side: Side, table: Table) -> Mapping[str, pa.DataType]:
    return {fld.name: fld.type for fld in side.schema(table)}


def _values(side: Side, table: Table, name: str, known: Mapping[str, pa.DataType]) -> pa.Array:
    """Return a column; a column that one side lacks is all null there."""
    return side.column(table, name) if name in known else pa.nulls(side.keys[table].num_rows)


def _column(found: Findings, name: str, pair: tuple[pa.Array, pa.Array], rows: Alignment, ids: Ints) -> None:
    old, new = pair[0].take(pa.array(rows.old)), pair[1].take(pa.array(rows.new))
    differ = compare.changed(old, new)
    count = int(differ.sum())
    if not count:
        return
    if name in PROVENANCE:
        found.provenance[name] = count
        return
    found.columns[name] = {"changed": count, "examples": compare.examples(old, new, ids, differ)}
    found.touched |= set(ids[differ].tolist())


def _science(found: Findings, output: Output, pair: tuple[pa.Array, pa.Array], rows: Alignment, ids: Ints) -> None:
    """Look at an output of a module: words flip, numbers drift. Drift is of all rows, flips of those on both sides."""
    old, new = pair
    if output.role in WORDS:
        turned = compare.flips(old.take(pa.array(rows.old)), new.take(pa.array(rows.new)), ids)
        if turned:
            found.flips[output.name] = turned
        return
    after = compare.leaves(output.name, new)
    for leaf, values in compare.leaves(output.name, old).items():
        facts = compare.drift(values, after[leaf]) if leaf in after else None
        if facts is not None:
            found.drift[leaf] = facts
