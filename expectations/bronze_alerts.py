"""What must be true of a night of `bronze_<survey>__alerts`."""

from dataclasses import replace
from typing import TYPE_CHECKING

from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.lake.tables.spec import full_name
from fink_lib.quality.rules import Judged, Key, identity_rules, packet_rules, rule_suite
from fink_lib.surveys import Survey

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

KEYS = (Key("kafka_key", "A message stands in bronze once.", KAFKA_KEY),)


def rules(survey: Survey) -> tuple[Judged, ...]:
    """Return the row rules; those of ingest come first, under the same names.

    What the survey demands of packet fields is no more than reported: enrich sets aside what breaks it gravely.
    """
    mild = [replace(one, severity="warning") if one.severity == "critical" else one for one in packet_rules(survey)]
    return (*identity_rules(survey), *mild)


def suite(survey: Survey) -> "ExpectationSuite":
    """Return the suite of one survey."""
    return rule_suite(full_name("bronze", survey.name, "alerts"), rules(survey), KEYS)
