"""What must be true of a night of `bronze_<survey>__alerts`."""

from typing import TYPE_CHECKING

from expectations.rules import Judged, Key, identity_rules, packet_rules, rule_suite
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.surveys import Survey

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

KEYS = (Key("kafka_key", "A message stands in bronze once.", KAFKA_KEY),)


def rules(survey: Survey) -> tuple[Judged, ...]:
    """Return the row rules; those of ingest come first, under the same names."""
    return (*identity_rules(survey), *packet_rules(survey))


def suite(survey: Survey) -> "ExpectationSuite":
    """Return the suite of one survey."""
    return rule_suite(f"bronze_{survey.name}__alerts", rules(survey), KEYS)
