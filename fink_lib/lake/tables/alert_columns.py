"""Columns that several tables share: who an alert is, where it is on the sky, and where its message stood in Kafka."""

import pyarrow as pa

from fink_lib.lake.tables.spec import column
from fink_lib.lake.tables.types import DATE, TS, D, L, N, S

NIGHT = column("night", DATE, "Observing night that the time of the alert belongs to.")
ALERT_ID = column("alert_id", L, "The survey's own identifier of the alert.")
OBJECT_ID = column("object_id", S, "The survey's own name of the object; null for an alert that belongs to none.")
BAND = column("band", S, "Name of the band that the alert was observed in.")
# Equatorial position as the survey gives it
RA = column("ra", D, "Right ascension, in [0, 360].", "deg")
DEC = column("dec", D, "Declination, in [-90, 90].", "deg")

KAFKA_COLUMNS = (
    column("kafka_topic", S, "Topic of the survey that the message arrived on."),
    column("kafka_partition", N, "Partition of that topic."),
    column("kafka_offset", L, "Offset in that partition."),
    column("kafka_time", TS, "Kafka's own time of the message (UTC)."),
)
IDENTITY_COLUMNS = (
    NIGHT,
    ALERT_ID,
    OBJECT_ID,
    column("time", D, "Time of the observation as the survey counts it: a Julian date, or a modified one.", "day"),
    RA,
    DEC,
    BAND,
)
INGEST_TIME = column("ingest_time", TS, "When ingest took the message up (UTC).")
ENRICH_TIME = column("enrich_time", TS, "When enrich took the alert up (UTC).")
SCHEMA_VERSION = column("schema_version", S, "Version of the packet's schema, as the packet or its schema says it.")
CODE_VERSION = column("code_version", S, "Version of the broker that wrote the row.")

KAFKA_KEY = ("kafka_topic", "kafka_partition", "kafka_offset")


def places_of(rows: pa.Table | pa.RecordBatch) -> list[tuple[str, int, int]]:
    """Return where each row arrived: topic, partition and offset, by the columns of `KAFKA_KEY`."""
    return list(zip(*(rows.column(name).to_pylist() for name in KAFKA_KEY), strict=True))


SKY, BY_NAME = ("ra", "dec"), ("object_id", "alert_id")
