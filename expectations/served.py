"""What must be true of a night in the tables made for reading."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fink_lib.lake.rules import Rule
from fink_lib.lake.tables.spec import full_name
from fink_lib.quality.rules import Judged, Key, rule_suite
from fink_lib.quality.suites import RowSuite
from fink_lib.surveys import Survey

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

KEYS = (Key("alert_id", "An alert stands in the table once.", ("alert_id",)),)
CELLS = 12 * 4**29  # of HEALPix at order 29

NAMED = Judged(
    Rule("named", "alert_id IS NOT NULL AND run IS NOT NULL", "A row names its alert and its run."), "critical"
)
CELL = Judged(Rule("cell", f"hpx >= 0 AND hpx < {CELLS}L", "A row has a cell on the sky."), "critical")
PLACE = Judged(
    Rule("place", "ra BETWEEN 0 AND 360 AND dec BETWEEN -90 AND 90", "A row has a place on the sky."), "critical"
)
TIME = Judged(Rule("time", "time > 0", "A row has a time, by which the newest is found."), "critical")
RULES: dict[str, tuple[Judged, ...]] = {
    "sources": (NAMED, CELL, PLACE, TIME),
    "alert_ids": (NAMED, CELL),
    "latest": (NAMED, CELL, TIME),
}


def suite(survey: Survey, name: str) -> "ExpectationSuite":
    """Return the suite of one of the tables of a survey."""
    return rule_suite(full_name("gold", survey.name, name), RULES[name], KEYS)


def _of(name: str) -> RowSuite:
    def rules(_survey: Survey) -> Sequence[Judged]:
        return RULES[name]

    return RowSuite(rules, KEYS, lambda survey: suite(survey, name))


SERVED = {name: _of(name) for name in RULES}
