"""What must be true of a night of `bronze_<survey>__quarantine`."""

from typing import TYPE_CHECKING

from fink_lib.lake.rules import Rule
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.lake.tables.spec import full_name
from fink_lib.quality.rules import Judged, Key, rule_suite
from fink_lib.surveys import Damage, Survey

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

KEYS = (Key("kafka_key", "A stage quarantines a message once.", (*KAFKA_KEY, "stage")),)


def rules(survey: Survey) -> tuple[Judged, ...]:  # noqa: ARG001 - all suites are asked alike
    """Return the row rules: a message in quarantine says why it is there, and can be replayed."""
    damages = ", ".join(f"'{damage}'" for damage in Damage)
    place = " AND ".join(f"{column} IS NOT NULL" for column in KAFKA_KEY)
    return (
        Judged(Rule("place", place, "A quarantined message says where it stands in Kafka."), "critical"),
        Judged(
            Rule(
                "raw",
                "stage <> 'ingest' OR raw IS NOT NULL",
                "What ingest could not use keeps its raw bytes: it can be replayed.",
            ),
            "critical",
        ),
        Judged(Rule("stage", "stage IN ('ingest', 'enrich')", "The stage is one that quarantines."), "warning"),
        Judged(Rule("damage", f"error_class IN ({damages})", "The damage is one that has a name."), "warning"),
        Judged(Rule("reason", "length(reason) > 0", "The reason is told."), "warning"),
    )


def suite(survey: Survey) -> "ExpectationSuite":
    """Return the suite of one survey."""
    return rule_suite(full_name("bronze", survey.name, "quarantine"), rules(survey), KEYS)
