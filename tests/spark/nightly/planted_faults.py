"""A fault for each critical expectation on the tables of a night: what to change in a good row, and what it breaks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fink_lib.nightly.snapshot import Table
from fink_lib.testing.nights import bronze_row, published_row, quarantine_row, rejected_row, silver_row

Row = dict[str, Any]


@dataclass(frozen=True)
class Plant:
    """One fault.

    Attributes
    ----------
    name
        The critical expectation that it breaks.
    changes
        Values of one row.
    breaks
        Further critical expectations that the same row cannot but break.
    """

    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    breaks: frozenset[str] = frozenset()

    @property
    def critical(self) -> set[str]:
        """Everything critical that it breaks."""
        return {self.name, *self.breaks}


def candidate(**values: Any) -> Row:
    return {"candidate": {**silver_row(0)["candidate"], **values}}


def again(**place: Any) -> Row:
    """Take the place of the first good row."""
    return {"kafka_offset": 0, **place}


IDENTITY = (
    Plant("alert_id", {"alert_id": None}),
    Plant("time", {"time": float("nan")}, frozenset({"night"})),
    Plant("ra", {"ra": 361.0}),
    Plant("dec", {"dec": float("nan")}),
    Plant("night", {"time": silver_row(0)["time"] + 3.0}),
)
FAILED = {"science_errors": {"roid": "failed: broken"}}
PLANTS: Mapping[Table, tuple[Plant, ...]] = {
    Table.BRONZE: (*IDENTITY, Plant("rb", candidate(rb=1.5)), Plant("kafka_key", again())),
    Table.QUARANTINE: (
        Plant("place", {"kafka_offset": None}),
        Plant("raw", {"raw": None}),
        Plant("kafka_key", again()),
    ),
    Table.SILVER: (
        *IDENTITY,
        Plant("rb", candidate(rb=1.5)),
        Plant("cut_nbad", candidate(nbad=1)),
        Plant("cut_rb", candidate(rb=0.2)),
        Plant("science_versions", {"science_versions": {}}),
        Plant("science_collapse", FAILED),
        Plant("alert_id_unique", {"alert_id": 1_000_000}),
    ),
    Table.REJECTED: (
        *IDENTITY,
        Plant("reasons", {"reasons": []}),
        Plant("is_repeat", {"is_repeat": True}),
        Plant("kafka_key", again()),
    ),
    Table.PUBLISHED: (
        Plant("alert_id", {"alert_id": None}),
        Plant("topic", {"topic": "fink_other_ztf"}),
        Plant("offset", {"offset": -1}),
        Plant("topic_offset", {"offset": 0}),
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
    if plant.name in BY_SHARE:
        return [{**GOOD[table](0), **plant.changes}]
    return [*(GOOD[table](offset) for offset in range(good)), {**GOOD[table](good), **plant.changes}]
