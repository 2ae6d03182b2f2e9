"""What must be true of a night of `silver_<survey>__rejected`."""

from typing import TYPE_CHECKING

from fink_lib.lake.rules import Rule
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.lake.tables.silver import REPEAT
from fink_lib.lake.tables.spec import full_name
from fink_lib.quality.rules import Judged, Key, identity_rules, rule_suite
from fink_lib.surveys import Survey

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

KEYS = (Key("kafka_key", "A message is rejected once.", KAFKA_KEY),)


def rules(survey: Survey) -> tuple[Judged, ...]:
    """Return the row rules: identity as in silver, and a reason for every alert."""
    repeat = f"is_duplicate = array_contains(reasons, '{REPEAT}')"
    return (
        *identity_rules(survey),
        Judged(Rule("reasons", "size(reasons) > 0", "A rejected alert has a reason."), "critical"),
        Judged(Rule("is_duplicate", repeat, "A repeat is marked as one, and nothing else is."), "critical"),
        Judged(
            Rule("enrich_time", "enrich_time >= ingest_time", "An alert is judged after it was ingested."), "warning"
        ),
    )


def suite(survey: Survey) -> "ExpectationSuite":
    """Return the suite of one survey."""
    return rule_suite(full_name("silver", survey.name, "rejected"), rules(survey), KEYS)
