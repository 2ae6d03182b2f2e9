"""The columns of a bronze row, from a packet and its place in Kafka."""

import datetime as dt

import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame

from fink_lib import __version__
from fink_lib.ingest.decode import PACKET
from fink_lib.lake.rules import row_rules
from fink_lib.lake.tables import packet_struct
from fink_lib.surveys import Survey

KAFKA = {"topic": "kafka_topic", "partition": "kafka_partition", "offset": "kafka_offset", "timestamp": "kafka_time"}
IDENTITY = ("night", "alert_id", "object_id", "time", "ra", "dec", "band")
INGEST_TIME = "ingest_time"


def with_identity(frame: DataFrame, survey: Survey) -> DataFrame:
    """Add night, ids, time, position and band, read out of the packet, null where they are not there."""
    return frame.withColumns(identity(survey)).withColumn("night", night_column(survey))


def identity(survey: Survey) -> dict[str, Column]:
    """Return ids, time, position and band, read out of the packet."""
    at = survey.fields
    return {
        "alert_id": _at(at.alert_id).cast("long"),
        "object_id": F.nullif(_at(at.object_id).cast("string"), F.lit(at.no_object)),
        "time": _at(at.time).cast("double"),
        "ra": _at(at.ra).cast("double"),
        "dec": _at(at.dec).cast("double"),
        "band": _band(_at(at.band).cast("string"), survey),
    }


def _at(path: str) -> Column:
    return F.col(f"{PACKET}.{path}")


def _band(code: Column, survey: Survey) -> Column:
    return F.coalesce(*(F.when(code == F.lit(key), F.lit(name)) for key, name in survey.bands.items()))


def night_column(survey: Survey) -> Column:
    """Return the night as date, the same as `NightRule.night_of` to the last bit; null for an impossible time."""
    sane = next(rule.holds for rule in row_rules(survey) if rule.name == "time")
    days = F.floor(F.col("time") + F.lit(survey.night.days_to_epoch))
    # An impossible time must not reach the cast: it would overflow, and end the stream.
    return F.when(F.expr(sane), F.date_add(F.lit(dt.date(1970, 1, 1)), days.cast("int")))


def at_run_time(moment: dt.datetime) -> Column:
    """Return a moment as a Column that differs from batch to batch while the generated code does not.

    Spark writes a plain timestamp literal into the code that it generates, and would compile the whole
    row anew for every batch; an array is handed over as an object, and picked from at run time.
    """
    return F.get(F.array(F.lit(moment)), F.least(F.col("partition"), F.lit(0)))


def bronze_row(frame: DataFrame, survey: Survey, ingest_time: dt.datetime) -> DataFrame:
    """Select the columns of the bronze table, in its order; `schema_*` columns must be there."""
    columns = bronze_columns(survey) | {INGEST_TIME: at_run_time(ingest_time)}
    return frame.select(*(column.alias(name) for name, column in columns.items()))


def bronze_columns(survey: Survey) -> dict[str, Column]:
    """Return the columns of the bronze table, in its order; `ingest_time` is each batch's own and null here."""
    packet = packet_struct(survey, cutouts=True).fieldNames()
    return {
        **{name: F.col(name) for name in IDENTITY},
        **{name: F.col(source) for source, name in KAFKA.items()},
        INGEST_TIME: F.lit(None),
        "schema_fingerprint": F.col("schema_fingerprint"),
        "schema_version": F.col("schema_version"),
        "code_version": F.lit(__version__),
        **{name: F.col(f"{PACKET}.{name}") for name in packet},
    }


def quarantine_row(frame: DataFrame, stage: str, now: dt.datetime) -> DataFrame:
    """Select the columns of the quarantine table, in its order; `error_class` and `reason` must be there."""
    return frame.select(
        "night",
        "alert_id",
        *(F.col(source).alias(name) for source, name in KAFKA.items()),
        F.lit(stage).alias("stage"),
        "error_class",
        "reason",
        at_run_time(now).alias("quarantine_time"),
        F.lit(__version__).alias("code_version"),
        F.col("key").alias("raw_key"),
        F.col("value").alias("raw"),
    )
