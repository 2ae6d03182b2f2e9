"""The bronze tables of a survey: messages as they arrived, those that could not be used, and those let out again."""

import pyarrow as pa

from fink_lib.lake.tables.alert_columns import (
    ALERT_ID,
    BY_NAME,
    CODE_VERSION,
    IDENTITY_COLUMNS,
    INGEST_TIME,
    KAFKA_COLUMNS,
    KAFKA_KEY,
    NIGHT,
    SCHEMA_VERSION,
    SKY,
)
from fink_lib.lake.tables.spec import TableSpec, column
from fink_lib.lake.tables.types import BOOL, TEXT_MAP, TEXTS, TS, B, N, S

STAGE = column("stage", S, "Stage that could not use the message: ingest or enrich.")


SCHEMA_SHA256 = column("schema_sha256", S, "SHA-256 of the full text of the schema that the packet was written with.")
HEADERS = pa.list_(pa.field("element", pa.struct([pa.field("key", S), pa.field("value", B)])))


def bronze_alerts(survey: str, facts: pa.Schema) -> TableSpec:
    """Every packet that could be decoded, as the bytes that the telescope sent.

    Parameters
    ----------
    survey
        Name of the survey.
    facts
        The few fields of a packet that cuts, rules and statistics read, at root level.
    """
    known = (
        *IDENTITY_COLUMNS,
        *KAFKA_COLUMNS,
        INGEST_TIME,
        SCHEMA_SHA256,
        SCHEMA_VERSION,
        CODE_VERSION,
        column("rebuilt", BOOL, "True of a packet of v0.1.0, written anew out of its columns: no proof of bytes."),
    )
    message = (
        column("kafka_key", B, "Key of the message as it arrived."),
        column("kafka_headers", HEADERS, "Headers of the message as they arrived."),
        column("head", B, "First bytes of the packet's Avro datum, up to its cutouts; all where they stand amid."),
        column("tail", B, "The other bytes of the datum: head and tail, one after the other, are what was sent."),
    )
    return TableSpec(
        layer="bronze",
        survey=survey,
        name="alerts",
        schema=pa.schema([*known, *facts, *message]),
        key=KAFKA_KEY,
        comment="One row: a packet as it arrived, byte for byte, with where it came from and what it is about.",
        written_by="ingest; replays from the quarantine",
        indexed_columns=11,
        clustered_by=SKY,
        looked_up_by=BY_NAME,
    )


def bronze_schemas() -> TableSpec:
    """Every writer schema that a packet of bronze was written with; it is here before the first such row."""
    return TableSpec(
        layer="bronze",
        survey="",
        name="schemas",
        schema=pa.schema(
            [
                SCHEMA_SHA256,
                column("survey", S, "Survey whose packets are written with it."),
                SCHEMA_VERSION,
                column("first_time", TS, "When ingest met it (UTC)."),
                column("new_fields", TEXTS, "Fields that the broker does not know: they are kept and sent on whole."),
                column("retyped_fields", TEXT_MAP, "Field that the broker knows with another type → its type here."),
                CODE_VERSION,
                column("text", S, "The schema as the survey announced it, in JSON."),
            ]
        ),
        key=("schema_sha256",),
        comment="One row: a writer schema; two tasks that met it at once may both have written it.",
        written_by="ingest",
        partitioned_by=(),
        indexed_columns=2,
    )


def quarantine(survey: str) -> TableSpec:
    """Every message that could not be used; `night` and ids are null where they could not be read."""
    return TableSpec(
        layer="bronze",
        survey=survey,
        name="quarantine",
        schema=pa.schema(
            [
                NIGHT,
                ALERT_ID,
                *KAFKA_COLUMNS,
                STAGE,
                column("error_class", S, "Kind of damage, one word of a fixed list."),
                column("reason", S, "What exactly is wrong with this message."),
                column("quarantine_time", TS, "When the message was set aside (UTC)."),
                CODE_VERSION,
                column("raw_key", B, "Key of the message as it arrived."),
                column("raw_headers", HEADERS, "Headers of the message as they arrived."),
                column("raw", B, "Value of the message as it arrived; null where enrich set it aside: bronze has it."),
            ]
        ),
        key=(*KAFKA_KEY, "stage"),
        comment="One row: a message that a stage could not use, its raw bytes and why.",
        written_by="ingest and enrich",
        indexed_columns=9,
    )


def bronze_topics(survey: str) -> TableSpec:
    """Input topics, with the ids that Kafka gave them: two topics of one name are two topics."""
    return TableSpec(
        layer="bronze",
        survey=survey,
        name="topics",
        schema=pa.schema(
            [
                column("topic", S, "Name of the topic in Kafka."),
                column("topic_id", S, "Id that Kafka gave it; null where its broker gives none, or nobody noted it."),
                column("generation", N, "1 for the first topic of this name, one more for each that was made anew."),
                column(
                    "name", S, "What `kafka_topic` calls it in all tables: the name, from the second on with ~2, ~3."
                ),
                column("first_time", TS, "When it was noted (UTC)."),
            ]
        ),
        key=("topic", "generation"),
        comment="One row: an input topic; one that was deleted and made anew is another, under a name of its own.",
        written_by="ingest",
        partitioned_by=(),
        indexed_columns=5,
    )


def releases(survey: str) -> TableSpec:
    """Releases of messages from the quarantine, which is append-only and keeps them for ever."""
    return TableSpec(
        layer="bronze",
        survey=survey,
        name="releases",
        schema=pa.schema(
            [
                NIGHT,
                ALERT_ID,
                *KAFKA_COLUMNS[:3],
                STAGE,
                column("action", S, "replayed: it counts in bronze; discarded: it stays counted as quarantined."),
                column("who", S, "Who decided so."),
                column("why", S, "For what reason."),
                column("release_time", TS, "When (UTC)."),
                CODE_VERSION,
            ]
        ),
        key=(*KAFKA_KEY, "stage"),
        comment="One row: a quarantined message that was replayed into bronze, or discarded; by whom and why.",
        written_by="`fink quarantine`, the DAG of the quarantine",
        partitioned_by=("action",),
        indexed_columns=8,
    )
