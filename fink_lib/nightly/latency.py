"""How long an alert took in each stage, in seconds, from the time stamps that the stages left on it."""

from collections.abc import Mapping

import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame

from fink_lib.distribute.counter import COUNTER
from fink_lib.nightly.results import JsonObject
from fink_lib.nightly.snapshot import Table

QUANTILES = (*(round(0.05 * step, 2) for step in range(21)), 0.99)
NAMED = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
STAGES = ("ingest", "enrich", "distribute", "total", "to_silver")


def latencies(frames: Mapping[Table, DataFrame]) -> JsonObject:
    """Return p50, p95 and p99 by stage, and finer quantiles for the picture.

    ``ingest``: arrival in Kafka to bronze; ``enrich``: bronze to silver or rejected; ``distribute``: silver to
    topic; ``total``: arrival to topic, for what was published; ``to_silver``: arrival to silver, for what was not.
    """
    measured = stage_seconds(frames).groupBy("stage")
    found = measured.agg(F.count("*").alias("n"), F.percentile("seconds", list(QUANTILES)).alias("quantiles"))
    rows = {row["stage"]: row for row in found.collect()}
    curves = {stage: dict(zip(QUANTILES, rows[stage]["quantiles"], strict=True)) for stage in STAGES if stage in rows}
    return {
        "latency_s": {
            stage: {name: round(curve[at], 3) for name, at in NAMED.items()} for stage, curve in curves.items()
        },
        "latency_curve": {
            stage: [[at, round(seconds, 3)] for at, seconds in sorted(curve.items())] for stage, curve in curves.items()
        },
        "latency_alerts": {stage: rows[stage]["n"] for stage in STAGES if stage in rows},
    }


def stage_seconds(frames: Mapping[Table, DataFrame]) -> DataFrame:
    """Return one row a stage and alert: ``stage``, ``seconds``."""
    silver, published = frames[Table.SILVER], frames[Table.PUBLISHED].where(F.col("filter") != COUNTER)
    enriched = silver.select("ingest_time", "enrich_time").unionAll(
        frames[Table.REJECTED].select("ingest_time", "enrich_time")
    )
    unpublished = silver.select("alert_id", "kafka_time", "enrich_time").join(
        published.select("alert_id"), "alert_id", "left_anti"
    )
    parts = (
        _between("ingest", frames[Table.BRONZE], "kafka_time", "ingest_time"),
        _between("enrich", enriched, "ingest_time", "enrich_time"),
        _between("distribute", published, "enrich_time", "publish_time"),
        _between("total", published, "kafka_time", "publish_time"),
        _between("to_silver", unpublished, "kafka_time", "enrich_time"),
    )
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.unionAll(part)
    return whole.where("seconds IS NOT NULL")


def _between(stage: str, rows: DataFrame, start: str, end: str) -> DataFrame:
    return rows.select(F.lit(stage).alias("stage"), (_epoch_s(end) - _epoch_s(start)).alias("seconds"))


def _epoch_s(column: str) -> Column:
    return F.col(column).cast("double")
