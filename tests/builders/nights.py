"""A fault for each critical expectation on the tables of a night: how it spoils a good row, and what that breaks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fink_lib.lake.versions import Table
from fink_lib.testing.nights import bronze_row, published_row, quarantine_row, rejected_row, silver_row

Row = dict[str, Any]
Spoil = Callable[[Row, Row], Row]  # a good row, another good row of its table → the values that change
LATER_DAYS = 3.0


@dataclass(frozen=True)
class Plant:
    """One fault.

    Attributes
    ----------
    name
        The critical expectation that it breaks.
    spoil
        What to change in a good row, toy or real.
    breaks
        Further critical expectations that the same row cannot but break.
    """

    name: str
    spoil: Spoil
    breaks: frozenset[str] = frozenset()

    @property
    def critical(self) -> set[str]:
        """Everything critical that it breaks."""
        return {self.name, *self.breaks}

    def spoiled(self, row: Row, other: Row) -> Row:
        """Return the row with the fault."""
        return {**row, **self.spoil(row, other)}


def values(**changes: Any) -> Spoil:
    """Give columns other values."""
    return lambda _row, _other: changes


def candidate(**changes: Any) -> Spoil:
    """Give fields of the packet's candidate other values."""
    return lambda row, _: {"candidate": {**row["candidate"], **changes}}


def again(*columns: str) -> Spoil:
    """Take the place of the other row; what that one leaves out is null in both."""
    return lambda _, other: {column: other.get(column) for column in columns}


def of_another_night(row: Row, _: Row) -> Row:
    return {"time": row["time"] + LATER_DAYS}


KAFKA_PLACE = again("kafka_topic", "kafka_partition", "kafka_offset")
IDENTITY = (
    Plant("alert_id", values(alert_id=None)),
    Plant("time", values(time=float("nan")), frozenset({"night"})),
    Plant("ra", values(ra=361.0)),
    Plant("dec", values(dec=float("nan"))),
    Plant("night", of_another_night),
)
PLANTS: Mapping[Table, tuple[Plant, ...]] = {
    Table.BRONZE: (*IDENTITY, Plant("kafka_key", KAFKA_PLACE)),
    Table.QUARANTINE: (
        Plant("place", values(kafka_offset=None)),
        Plant("raw", values(raw=None)),
        Plant("kafka_key", KAFKA_PLACE),
    ),
    Table.SILVER: (
        *IDENTITY,
        Plant("rb", candidate(rb=1.5)),
        Plant("cut_nbad", candidate(nbad=1)),
        Plant("cut_rb", candidate(rb=0.2)),
        Plant("science_versions", values(science_versions={})),
        Plant("science_collapse", values(science_errors={"roid": "failed: broken"})),
        Plant("alert_id_unique", again("alert_id")),
    ),
    Table.REJECTED: (
        *IDENTITY,
        Plant("reasons", values(reasons=[], is_duplicate=False)),
        Plant("is_duplicate", lambda row, _: {"is_duplicate": not row["is_duplicate"]}),
        Plant("kafka_key", KAFKA_PLACE),
    ),
    Table.PUBLISHED: (
        Plant("alert_id", values(alert_id=None)),
        Plant("topic", values(topic="fink_other_ztf")),
        Plant("offset", values(offset=-1)),
        Plant("topic_offset", again("topic", "topic_id", "partition", "offset")),
    ),
}
GOOD: Mapping[Table, Callable[[int], Row]] = {
    Table.BRONZE: bronze_row,
    Table.QUARANTINE: quarantine_row,
    Table.SILVER: silver_row,
    Table.REJECTED: rejected_row,
    Table.PUBLISHED: lambda offset: published_row(offset, offset),
}
# Broken only when most rows are: alone among good ones, a row does not count
BY_SHARE = frozenset({"science_collapse"})
# About rows together, not about one: no rule of a row
TOGETHER = frozenset({"kafka_key", "alert_id_unique", "topic_offset"})


def rows_with(table: Table, plant: Plant, good: int = 3) -> list[Row]:
    """Return good rows and the spoiled one, or the spoiled one alone where a share is judged."""
    make = GOOD[table]
    if plant.name in BY_SHARE:
        return [plant.spoiled(make(0), make(0))]
    return [*map(make, range(good)), plant.spoiled(make(good), make(0))]
