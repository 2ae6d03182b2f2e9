"""Faults in a lake that real nights left: rows of a night are spoiled where they lie, records get a bad one more."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake

from fink_lib.lake.small import append_rows, read_rows
from fink_lib.lake.tables import gold_statistics
from fink_lib.lake.tables.catalogs import gold_crossmatch
from fink_lib.lake.versions import Table
from fink_lib.maintenance.run import known_specs
from fink_lib.nightly.statistics import history
from fink_lib.nightly.statistics.summary import from_rows
from fink_lib.quality.drift import MIN_NIGHTS
from fink_lib.surveys.tables import night_specs
from tests.builders.nights import BY_SHARE, Plant, Row, again, values
from tests.builders.records import FAULTS, GOOD_ROWS, ZTF

# Judged for the night itself; the other records are judged for what is known before it
OF_THE_NIGHT = frozenset({"bronze_ztf__releases", "gold_ztf__filter_failures"})
BY_CLOCK = {"gold__community": "at", "bronze__community_refused": "received_at"}  # rows with a time and no night
OTHER_NAMES = {"gold__catalogs": {"name": "elsewhere"}}  # a catalogue that the lake has not loaded
MATCH_PLANTS = (
    Plant("named", values(alert_id=None)),
    Plant("version", values(catalog_version=99), frozenset({"separation"})),
    Plant("separation", values(separation_arcsec=3600.0)),
    Plant("alert_catalog", again("alert_id", "catalog", "catalog_version")),
)
# Kind of drift → the column of silver that loses all it said, and what it says instead
DRIFT = {"gone": ("object_id", None), "one_class": ("finkclass", "Unknown")}


@dataclass(frozen=True)
class Fault:
    """One fault, or several, in one night.

    Attributes
    ----------
    names
        Critical expectations that it breaks, as ``suite.expectation``.
    plant
        Puts it into the night of a lake.
    """

    names: frozenset[str]
    plant: Callable[[Path, dt.date], None]

    def __str__(self) -> str:
        first, *others = sorted(self.names)
        return first + f" and {len(others)} more" * bool(others)


def night_faults(plants: Sequence[tuple[Table, Plant]]) -> Fault:
    """Return faults in the tables that the streams filled."""
    specs = night_specs(ZTF)

    def plant(lake: Path, night: dt.date) -> None:
        for table in dict(plants):
            spoil(specs[table].path(lake), night, [one for of, one in plants if of is table])

    return Fault(frozenset(f"{specs[of].full_name}.{name}" for of, one in plants for name in one.critical), plant)


def match_faults(plants: Sequence[Plant]) -> Fault:
    """Return faults in the night's matches with catalogues."""
    spec = gold_crossmatch(ZTF.name)
    names = frozenset(f"{spec.full_name}.{name}" for one in plants for name in one.critical)
    return Fault(names, lambda lake, night: spoil(spec.path(lake), night, plants))


def record_faults(chosen: Sequence[tuple[str, str]]) -> Fault:
    """Return faults in small tables, given as pairs of suite and expectation."""
    specs = {spec.full_name: spec for spec in known_specs(Path("nowhere"))}

    def plant(lake: Path, night: dt.date) -> None:
        for suite in dict(chosen):
            day = night if suite in OF_THE_NIGHT else night - dt.timedelta(days=1)
            good = {**GOOD_ROWS[suite], **OTHER_NAMES.get(suite, {}), "survey": ZTF.name, "night": day}
            if suite in BY_CLOCK:
                good[BY_CLOCK[suite]] = dt.datetime.combine(day, dt.time(12), dt.UTC)
            rows = [good, *({**good, **FAULTS[suite][name]} for of, name in chosen if of == suite)]
            known = set(specs[suite].schema.names)
            append_rows(specs[suite], lake, [{key: row[key] for key in row.keys() & known} for row in rows])

    return Fault(frozenset(f"{suite}.{name}" for suite, name in chosen), plant)


def drift_faults(kinds: Sequence[str]) -> Fault:
    """Return a night unlike the nights before it, which were as it was itself before a column of it was lost."""

    def plant(lake: Path, night: dt.date) -> None:
        kept = (pc.field("survey") == ZTF.name) & (pc.field("night") == pa.scalar(night))
        (summary,) = from_rows(read_rows(gold_statistics(), lake, kept)).values()
        for days in range(1, MIN_NIGHTS + 1):
            history.record(lake, ZTF.name, night - dt.timedelta(days=days), summary)
        lost = dict(DRIFT[kind] for kind in kinds)
        rewrite(night_specs(ZTF)[Table.SILVER].path(lake), night, lambda rows: [row | lost for row in rows])

    return Fault(frozenset(f"{ZTF.name}__drift.{kind}.{DRIFT[kind][0]}" for kind in kinds), plant)


def spoil(path: Path, night: dt.date, plants: Sequence[Plant]) -> None:
    """Put each fault into a row of its own, or into most rows where a share is judged."""

    def spoiled(rows: list[Row]) -> list[Row]:
        good, *others = sorted(rows, key=lambda row: bool(row.get("is_duplicate")))
        for at, one in enumerate(plants):
            for row in range(at, len(others) if one.name in BY_SHARE else at + 1):
                others[row] = one.spoiled(others[row], good)
        return [good, *others]

    rewrite(path, night, spoiled)


def rewrite(path: Path, night: dt.date, change: Callable[[list[Row]], list[Row]]) -> None:
    """Replace the rows of a night by others."""
    table = DeltaTable(str(path))
    table.alter.set_table_properties({"delta.appendOnly": "false"})
    old = table.to_pyarrow_dataset().to_table(filter=pc.field("night") == pa.scalar(night))
    maps = [field.name for field in old.schema if pa.types.is_map(field.type)]
    rows = change(old.to_pylist())
    for row in rows:
        row.update({name: _pairs(row[name]) for name in maps})
    write_deltalake(
        table, pa.Table.from_pylist(rows, schema=old.schema), mode="overwrite", predicate=f"night = '{night}'"
    )


def _pairs(value: Any) -> Any:
    return list(value.items()) if isinstance(value, dict) else value


def both(*faults: Fault) -> Fault:
    """Return faults together."""

    def plant(lake: Path, night: dt.date) -> None:
        for one in faults:
            one.plant(lake, night)

    return Fault(frozenset().union(*(one.names for one in faults)), plant)
