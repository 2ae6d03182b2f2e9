"""What must be true of a night of `gold_<survey>__published`."""

from typing import TYPE_CHECKING

from fink_lib.distribute.counter import COUNTER
from fink_lib.filters.base import TOPIC_PREFIX
from fink_lib.lake.rules import Rule
from fink_lib.lake.tables.spec import full_name
from fink_lib.quality.rules import Judged, Key, rule_suite
from fink_lib.surveys import Survey

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

KEYS = (
    Key(
        "topic_offset",
        "A place on a topic is recorded once.",
        ("topic", "partition", "offset"),
        nullable=("topic_id",),  # a topic that was made anew begins at offset 0 again
    ),
    # A crash between sending and recording may repeat a message, never lose one
    Key("sent_once", "A filter sends an alert once.", ("filter", "alert_id"), "warning"),
)


def rules(survey: Survey) -> tuple[Judged, ...]:
    """Return the row rules: what left on a topic is an alert, chosen by the filter that the topic is named after."""
    of_filter = f"concat('{TOPIC_PREFIX}', filter, '_{survey.name}')"
    of_night = f"concat('{TOPIC_PREFIX}{survey.name}_', date_format(night, 'yyyyMMdd'))"
    topic = f"topic = CASE filter WHEN '{COUNTER}' THEN {of_night} ELSE {of_filter} END"
    return (
        Judged(Rule("alert_id", "alert_id IS NOT NULL", "A message is about an alert."), "critical"),
        Judged(Rule("topic", topic, "The topic is the one of the filter, or counts the night."), "critical"),
        Judged(Rule("offset", "offset >= 0", "A message has a place on its topic."), "critical"),
        Judged(Rule("filter_version", "length(filter_version) > 0", "The version of the filter is kept."), "warning"),
        Judged(
            Rule("publish_time", "publish_time >= enrich_time", "An alert is sent after it was enriched."), "warning"
        ),
    )


def suite(survey: Survey) -> "ExpectationSuite":
    """Return the suite of one survey."""
    return rule_suite(full_name("gold", survey.name, "published"), rules(survey), KEYS)
