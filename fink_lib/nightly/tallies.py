"""The counts of a night's statistics: each function is one small aggregation over the night's rows."""

from collections.abc import Sequence

import pyspark.sql.functions as F
from pyspark.sql import DataFrame, Window

from fink_lib.distribute.counter import COUNTER
from fink_lib.filters.registry import filters_of
from fink_lib.nightly.results import JsonObject
from fink_lib.nightly.summary import OTHER, UNKNOWN
from fink_lib.science.base import FAILED, Role
from fink_lib.science.registry import outputs_with

SKY_BIN_DEG = 4.0
MOST_CLASSES = 100

# Where packets say which field of the sky an exposure is of
FIELD_PATH = "candidate.field"


def bronze_columns(bronze: DataFrame) -> DataFrame:
    """Keep what the statistics of bronze read: no cutouts, no histories."""
    root, _, leaf = FIELD_PATH.partition(".")
    has_field = root in bronze.columns and leaf in bronze.select(f"{root}.*").columns
    sky_field = F.col(FIELD_PATH) if has_field else F.lit(None).cast("int")
    names = ("band", "schema_version", "object_id", "time", "ra", "dec", "kafka_time")
    return bronze.select(*names, sky_field.alias("field"))


def totals(rows: DataFrame) -> JsonObject:
    """Count objects, exposures (different observation times) and fields; tell the first and last times."""
    found = rows.agg(
        F.countDistinct("object_id").alias("objects"),
        F.countDistinct("time").alias("exposures"),
        F.countDistinct("field").alias("fields"),
        F.min("time").alias("first_time"),
        F.max("time").alias("last_time"),
        F.min("kafka_time").cast("string").alias("first_arrival"),
        F.max("kafka_time").cast("string").alias("last_arrival"),
    ).collect()[0]
    return dict(found.asDict())


def by_value(rows: DataFrame, column: str) -> dict[str, int]:
    """Count rows by the value of a column."""
    counted = rows.groupBy(F.coalesce(F.col(column).cast("string"), F.lit(UNKNOWN)).alias("value")).count()
    return {row["value"]: row["count"] for row in counted.orderBy("value").collect()}


def sky(rows: DataFrame) -> JsonObject:
    """Count alerts in bins of right ascension and declination; each bin is given by its centre, in degrees."""
    size = SKY_BIN_DEG
    binned = rows.where("ra IS NOT NULL AND dec IS NOT NULL").select(
        (F.floor(F.col("ra") / size) * size + size / 2).alias("ra"),
        (F.least(F.floor((F.col("dec") + 90) / size), F.lit(int(180 / size) - 1)) * size + size / 2 - 90).alias("dec"),
    )
    counted = binned.groupBy("ra", "dec").count().orderBy("ra", "dec").collect()
    return {"bin_deg": size, "bins": [[float(row["ra"]), float(row["dec"]), row["count"]] for row in counted]}


def class_columns(survey: str, silver: DataFrame) -> list[str]:
    """Return the science columns that hold a label."""
    labels = outputs_with(survey, Role.LABEL)
    return [name for name in silver.columns if name in labels]


def classes(rows: DataFrame, columns: Sequence[str]) -> dict[str, dict[str, int]]:
    """Count alerts by class, for each column of classes, the most frequent first.

    Of a column with more classes than `MOST_CLASSES` the rarest stand together under one name: none is dropped.
    """
    if not columns:
        return {}
    pairs = [
        F.struct(F.lit(name).alias("column"), F.coalesce(F.col(name).cast("string"), F.lit(UNKNOWN)).alias("value"))
        for name in columns
    ]
    counted = rows.select(F.explode(F.array(*pairs)).alias("pair")).groupBy("pair.column", "pair.value").count()
    rank = F.row_number().over(Window.partitionBy("column").orderBy(F.desc("count"), "value"))
    value = F.when(rank <= MOST_CLASSES, F.col("value")).otherwise(F.lit(OTHER)).alias("value")
    kept = counted.select("column", value, "count").groupBy("column", "value").agg(F.sum("count").alias("alerts"))
    found: dict[str, dict[str, int]] = {name: {} for name in columns}
    for row in kept.orderBy(F.desc("alerts"), "column", "value").collect():
        found[row["column"]][row["value"]] = row["alerts"]
    return found


def science_versions(rows: DataFrame) -> dict[str, dict[str, int]]:
    """Count alerts by version of each science module and of its models and catalogues."""
    counted = rows.select(F.explode("science_versions").alias("name", "version")).groupBy("name", "version").count()
    found: dict[str, dict[str, int]] = {}
    for row in counted.orderBy("name", "version").collect():
        found.setdefault(row["name"], {})[row["version"]] = row["count"]
    return found


def science_errors(rows: DataFrame) -> dict[str, dict[str, int]]:
    """Count by science module the alerts that it failed on, and those that it did not apply to."""
    kind = F.when(F.startswith("why", F.lit(FAILED)), F.lit("failed")).otherwise(F.lit("not_run"))
    told = rows.select(F.explode("science_errors").alias("name", "why"))
    found: dict[str, dict[str, int]] = {}
    for row in told.groupBy("name", kind.alias("kind")).count().orderBy("name", "kind").collect():
        found.setdefault(row["name"], {})[row["kind"]] = row["count"]
    return found


def reasons(rejected: DataFrame) -> dict[str, int]:
    """Count rejected alerts by reason; an alert with two reasons counts under both."""
    return by_value(rejected.where("NOT is_repeat").select(F.explode("reasons").alias("reason")), "reason")


def damages(quarantine: DataFrame) -> list[JsonObject]:
    """Count quarantined messages by stage and kind of damage."""
    counted = quarantine.groupBy("stage", "error_class").count().orderBy("stage", "error_class").collect()
    return [{"stage": row["stage"], "error_class": row["error_class"], "count": row["count"]} for row in counted]


def filters(survey: str, published: DataFrame) -> list[JsonObject]:
    """Count messages, alerts and objects by filter; filters that sent nothing are there with 0."""
    by_filters = published.where(F.col("filter") != COUNTER)
    counted = by_filters.groupBy("filter", "filter_version", "topic").agg(
        F.count("*").alias("messages"), F.countDistinct("object_id").alias("objects")
    )
    found = [dict(row.asDict()) for row in counted.orderBy("filter", "filter_version").collect()]
    silent = {one.name: one.version for one in filters_of(survey)}
    for row in found:
        silent.pop(row["filter"], None)
    nothing = {"topic": None, "messages": 0, "objects": 0}
    found += [{"filter": name, "filter_version": version, **nothing} for name, version in silent.items()]
    return sorted(found, key=lambda row: (row["filter"], row["filter_version"]))
