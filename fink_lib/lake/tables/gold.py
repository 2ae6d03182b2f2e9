"""The gold tables of a survey: what left on topics, what a filter could not judge, and what moves."""

import pyarrow as pa

from fink_lib.lake.tables.alert_columns import (
    ALERT_ID,
    BAND,
    BY_NAME,
    CODE_VERSION,
    DEC,
    ENRICH_TIME,
    IDENTITY_COLUMNS,
    INGEST_TIME,
    KAFKA_COLUMNS,
    NIGHT,
    OBJECT_ID,
    RA,
)
from fink_lib.lake.tables.spec import TableSpec, column
from fink_lib.lake.tables.types import TS, D, L, N, S

TIME = next(one for one in IDENTITY_COLUMNS if one.name == "time")
KAFKA_TIME = next(one for one in KAFKA_COLUMNS if one.name == "kafka_time")


def gold_published(survey: str) -> TableSpec:
    """Every message that left on an output topic."""
    return TableSpec(
        layer="gold",
        survey=survey,
        name="published",
        schema=pa.schema(
            [
                NIGHT,
                ALERT_ID,
                OBJECT_ID,
                column("filter", S, "Name of the filter that sent it, or of the counter of public alerts."),
                column("filter_version", S, "Version of that filter."),
                column("topic", S, "Topic that the message was sent to."),
                column("partition", N, "Partition of that topic."),
                column("offset", L, "Offset in that partition."),
                column("topic_id", S, "Id that Kafka gave that topic; null where it gives none, or nobody noted it."),
                KAFKA_TIME,
                INGEST_TIME,
                ENRICH_TIME,
                column("publish_time", TS, "Kafka's time of the message that was sent (UTC)."),
                CODE_VERSION,
            ]
        ),
        key=("topic", "topic_id", "partition", "offset"),
        comment="One row: a message sent, by which filter, and where it stands on the topic.",
        written_by="distribute",
        indexed_columns=8,
        looked_up_by=BY_NAME,
    )


def gold_filter_failures(survey: str) -> TableSpec:
    """Every alert that a filter could not judge: it did not leave by that filter."""
    return TableSpec(
        layer="gold",
        survey=survey,
        name="filter_failures",
        schema=pa.schema(
            [
                NIGHT,
                ALERT_ID,
                column("filter", S, "Name of the filter that raised; (all) of an alert that could not be sent at all."),
                column("filter_version", S, "Version of that filter, or of the broker's code."),
                column("reason", S, "Type and text of what it raised."),
                column("failure_time", TS, "When it was recorded (UTC)."),
                CODE_VERSION,
            ]
        ),
        key=("night", "alert_id", "filter", "filter_version"),
        comment="One row: an alert that a filter raised on, and was switched off for; the others went on.",
        written_by="distribute",
    )


def gold_known_losses(survey: str) -> TableSpec:
    """Messages that Kafka offered and no table holds, and who accepted that they are gone."""
    return TableSpec(
        layer="gold",
        survey=survey,
        name="known_losses",
        schema=pa.schema(
            [
                NIGHT,
                column("topic", S, "Input topic of the lost messages."),
                column("partition", N, "Partition of that topic."),
                column("first_offset", L, "Offset of the first of them."),
                column("last_offset", L, "Offset of the last of them, included."),
                column("event", S, "found: they were noted as lost; accepted: a person accepted that they are gone."),
                column("who", S, "Who accepted it; null of a loss that was found."),
                column("why", S, "For what reason it was accepted; of a loss that was found, how it was lost."),
                column("event_time", TS, "When (UTC)."),
                CODE_VERSION,
            ]
        ),
        key=("topic", "partition", "first_offset", "event"),
        comment="One row: messages of a partition, next to each other, found lost, or accepted as lost by a person.",
        written_by="ingest, the closing of a night (reconcile), `fink losses`",
        partitioned_by=(),
        indexed_columns=6,
    )


def gold_tracklets(survey: str) -> TableSpec:
    """Every alert of a tracklet: at least five of one exposure on a great circle, the glints of a satellite."""
    return _of_moving(
        survey,
        "tracklets",
        "One row: an alert of a tracklet, with how many alerts that has and how fast it moves.",
        (
            "Name of the tracklet, unique over nights.",
            "Alerts of the tracklet.",
            "Null; in rows of 0.1.0, which were links, their speed.",
        ),
    )


def gold_asteroid_links(survey: str) -> TableSpec:
    """Every alert that was linked with others of its night, as the path of one moving object."""
    return _of_moving(
        survey,
        "asteroid_links",
        "One row: an alert of a link, at least three alerts of different exposures on the path of one moving object.",
        ("Name of the link, unique over nights.", "Alerts of the link.", "Speed on the sky from first to last alert."),
    )


def _of_moving(survey: str, name: str, comment: str, meanings: tuple[str, str, str]) -> TableSpec:
    tracklet, members, rate = meanings
    return TableSpec(
        layer="gold",
        survey=survey,
        name=name,
        schema=pa.schema(
            [
                NIGHT,
                column("tracklet", S, tracklet),
                ALERT_ID,
                OBJECT_ID,
                TIME,
                RA,
                DEC,
                column("mag", D, "Magnitude of the alert's detection.", "mag"),
                BAND,
                column("members", L, members),
                column("rate_deg_per_day", D, rate, "deg/day"),
            ]
        ),
        key=("night", "alert_id"),
        comment=comment,
        written_by="the closing of a night (statistics)",
        partitioned_by=("night",),
        append_only=False,  # a night that is closed again replaces its rows
    )
