"""The tables of a survey; those that all surveys share are named here too, and written in `shared_tables`."""

import pyspark.sql.types as T

from fink_lib.lake.avro_types import spark_struct
from fink_lib.lake.column_types import DATE, TEXTS, TS, B, D, L, N, S, struct
from fink_lib.lake.shared_tables import (
    gold_decisions,
    gold_nights,
    gold_notices,
    gold_quality_results,
    gold_statistics,
    gold_upkeep,
    gold_user_filters,
)
from fink_lib.lake.table import TableSpec
from fink_lib.surveys import Survey

__all__ = [
    "BY_NAME",
    "IDENTITY_COLUMNS",
    "KAFKA_COLUMNS",
    "KAFKA_KEY",
    "SKY",
    "bronze_alerts",
    "gold_decisions",
    "gold_filter_failures",
    "gold_nights",
    "gold_notices",
    "gold_published",
    "gold_quality_results",
    "gold_statistics",
    "gold_tracklets",
    "gold_upkeep",
    "gold_user_filters",
    "packet_struct",
    "quarantine",
    "releases",
    "science_facts",
    "silver_alerts",
    "silver_rejected",
]

KAFKA_COLUMNS = (("kafka_topic", S), ("kafka_partition", N), ("kafka_offset", L), ("kafka_time", TS))
SKY, BY_NAME = ("ra", "dec"), ("object_id", "alert_id")
KAFKA_KEY = ("kafka_topic", "kafka_partition", "kafka_offset")
IDENTITY_COLUMNS = (("night", DATE), ("alert_id", L), ("object_id", S), ("time", D), ("ra", D), ("dec", D), ("band", S))


def packet_struct(survey: Survey, *, cutouts: bool) -> T.StructType:
    """Columns of a decoded packet at root level, cutouts last or left out."""
    fields = spark_struct(survey.reader_schema).fields
    roots = set(survey.cutout_roots)
    small = [fld for fld in fields if fld.name not in roots]
    return T.StructType(small + [fld for fld in fields if fld.name in roots] if cutouts else small)


def bronze_alerts(survey: Survey) -> TableSpec:
    """Every packet that could be decoded, unchanged."""
    head = struct(
        *IDENTITY_COLUMNS,
        *KAFKA_COLUMNS,
        ("ingest_time", TS),
        ("schema_fingerprint", S),
        ("schema_version", S),
        ("code_version", S),
    )
    return TableSpec(
        layer="bronze",
        survey=survey.name,
        name="alerts",
        schema=T.StructType(head.fields + packet_struct(survey, cutouts=True).fields),
        key=KAFKA_KEY,
        comment="One row: a packet as it arrived, decoded, with where it came from; cutouts last.",
        indexed_columns=11,
        clustered_by=SKY,
        looked_up_by=BY_NAME,
    )


def quarantine(survey: Survey) -> TableSpec:
    """Every message that could not be used; `night` and ids are null where they could not be read."""
    return TableSpec(
        layer="bronze",
        survey=survey.name,
        name="quarantine",
        schema=struct(
            ("night", DATE),
            ("alert_id", L),
            *KAFKA_COLUMNS,
            ("stage", S),
            ("error_class", S),
            ("reason", S),
            ("quarantine_time", TS),
            ("code_version", S),
            ("raw_key", B),
            ("raw", B),
        ),
        key=(*KAFKA_KEY, "stage"),
        comment="One row: a message that a stage could not use, its raw bytes and why.",
        indexed_columns=9,
    )


def releases(survey: Survey) -> TableSpec:
    """Releases of messages from the quarantine, which is append-only and keeps them for ever."""
    return TableSpec(
        layer="bronze",
        survey=survey.name,
        name="releases",
        schema=struct(
            ("night", DATE),
            ("alert_id", L),
            *KAFKA_COLUMNS[:3],
            ("stage", S),
            ("action", S),
            ("who", S),
            ("why", S),
            ("release_time", TS),
            ("code_version", S),
        ),
        key=(*KAFKA_KEY, "stage"),
        comment="One row: a quarantined message that was replayed into bronze, or discarded; by whom and why.",
        partitioned_by=("action",),
        indexed_columns=8,
    )


def silver_alerts(survey: Survey, science: T.StructType) -> TableSpec:
    """Every alert that passed the cuts, with its science, without cutouts."""
    head = struct(
        *IDENTITY_COLUMNS,
        *KAFKA_COLUMNS,
        ("ingest_time", TS),
        ("enrich_time", TS),
        ("schema_version", S),
        ("code_version", S),
        ("science_versions", T.MapType(S, S)),
        ("science_digest", S),
        ("science_errors", T.MapType(S, S)),
    )
    packet = packet_struct(survey, cutouts=False)
    return TableSpec(
        layer="silver",
        survey=survey.name,
        name="alerts",
        schema=T.StructType(head.fields + science.fields + packet.fields),
        key=("alert_id",),
        comment="One row: an alert with its science; cutouts stay in bronze.",
        append_only=False,  # a night that is reprocessed replaces its rows
        indexed_columns=11,
        clustered_by=SKY,
        looked_up_by=BY_NAME,
    )


def science_facts(survey: Survey) -> TableSpec:
    """Versions that each ``science_digest`` of silver stands for."""
    return TableSpec(
        layer="silver",
        survey=survey.name,
        name="science_facts",
        schema=struct(
            ("digest", S), ("kind", S), ("name", S), ("version", S), ("outputs", S), ("reference", S), ("since", TS)
        ),
        key=("digest", "kind", "name", "outputs"),
        comment="One row: the version of a module, catalogue or model, in one state of all of them.",
        partitioned_by=("digest",),
    )


def silver_rejected(survey: Survey) -> TableSpec:
    """Every alert that failed a cut, and every repeat of an alert that had arrived before."""
    return TableSpec(
        layer="silver",
        survey=survey.name,
        name="rejected",
        schema=struct(
            *IDENTITY_COLUMNS,
            *KAFKA_COLUMNS,
            ("ingest_time", TS),
            ("enrich_time", TS),
            ("is_repeat", T.BooleanType()),
            ("reasons", TEXTS),
            ("code_version", S),
        ),
        key=KAFKA_KEY,
        comment="One row: an alert that failed a cut (every failed cut is named), or a repeat.",
        append_only=False,  # a night that is reprocessed replaces its rows
        indexed_columns=11,
        clustered_by=SKY,
        looked_up_by=BY_NAME,
    )


def gold_published(survey: Survey) -> TableSpec:
    """Every message that left on an output topic."""
    return TableSpec(
        layer="gold",
        survey=survey.name,
        name="published",
        schema=struct(
            ("night", DATE),
            ("alert_id", L),
            ("object_id", S),
            ("filter", S),
            ("filter_version", S),
            ("topic", S),
            ("partition", N),
            ("offset", L),
            ("kafka_time", TS),
            ("ingest_time", TS),
            ("enrich_time", TS),
            ("publish_time", TS),
            ("code_version", S),
        ),
        key=("topic", "partition", "offset"),
        comment="One row: a message sent, by which filter, and where it stands on the topic.",
        indexed_columns=8,
        looked_up_by=BY_NAME,
    )


def gold_filter_failures(survey: Survey) -> TableSpec:
    """Every alert that a filter could not judge: it did not leave by that filter."""
    return TableSpec(
        layer="gold",
        survey=survey.name,
        name="filter_failures",
        schema=struct(
            ("night", DATE),
            ("alert_id", L),
            ("filter", S),
            ("filter_version", S),
            ("reason", S),
            ("failure_time", TS),
            ("code_version", S),
        ),
        key=("night", "alert_id", "filter", "filter_version"),
        comment="One row: an alert that a filter raised on, and was switched off for; the others went on.",
    )


def gold_tracklets(survey: Survey) -> TableSpec:
    """Every alert that was linked with others of its night, as the path of one moving object."""
    return TableSpec(
        layer="gold",
        survey=survey.name,
        name="tracklets",
        schema=struct(
            ("night", DATE),
            ("tracklet", S),
            ("alert_id", L),
            ("object_id", S),
            ("time", D),
            ("ra", D),
            ("dec", D),
            ("mag", D),
            ("band", S),
            ("members", L),
            ("rate_deg_per_day", D),
        ),
        key=("night", "alert_id"),
        comment="One row: an alert of a tracklet, with how many alerts that has and how fast it moves.",
        partitioned_by=("night",),
        append_only=False,  # a night that is closed again replaces its rows
    )
