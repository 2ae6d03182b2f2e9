"""What must be true of a night of `bronze_<survey>__alerts`."""

from typing import TYPE_CHECKING

from expectations.rules import Judged, expect, identity_rules, packet_rules
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.surveys import Survey

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

COLUMNS = KAFKA_KEY


def rules(survey: Survey) -> tuple[Judged, ...]:
    """Return the row rules; those of ingest come first, under the same names."""
    return (*identity_rules(survey), *packet_rules(survey))


def suite(survey: Survey) -> "ExpectationSuite":
    """Return the suite of one survey."""
    from great_expectations import ExpectationSuite  # noqa: PLC0415 - slow to import

    once = expect(
        "ExpectCompoundColumnsToBeUnique",
        name="kafka_key",
        meaning="A message stands in bronze once.",
        severity="critical",
        column_list=list(KAFKA_KEY),
    )
    return ExpectationSuite(
        name=f"bronze_{survey.name}__alerts", expectations=[*(one.expectation() for one in rules(survey)), once]
    )
