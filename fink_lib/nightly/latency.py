"""How long an alert took in each stage, in seconds, from the time stamps that the stages left on it.

Quantiles are exact but for the grain of the seconds: 1 ms below 10 s, four digits of what is longer. So a stage has
nine thousand different values a decade at most, however many alerts, and the same night has the same quantiles in
whatever order its rows are read.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame

from fink_lib.distribute.counter import COUNTER
from fink_lib.nightly.results import JsonObject
from fink_lib.nightly.snapshot import Table

QUANTILES = (*(round(0.05 * step, 2) for step in range(21)), 0.99)
NAMED = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
FINEST, COARSEST = 3, -2  # decimals
FINE_BELOW_S = 10.0
STAGES = ("ingest", "enrich", "distribute", "total", "to_silver")


def latencies(frames: Mapping[Table, DataFrame]) -> JsonObject:
    """Return p50, p95 and p99 by stage, and finer quantiles for the picture.

    ``ingest``: arrival in Kafka to bronze; ``enrich``: bronze to silver or rejected; ``distribute``: silver to
    topic; ``total``: arrival to topic, for what was published; ``to_silver``: arrival to silver, for what was not.
    """
    counted = stage_seconds(frames).groupBy("stage", grained(F.col("seconds")).alias("seconds")).count()
    histograms: dict[str, dict[float, int]] = defaultdict(dict)
    for row in counted.collect():
        histograms[row["stage"]][row["seconds"]] = row["count"]
    found = {stage: histograms[stage] for stage in STAGES if stage in histograms}
    curves = {
        stage: dict(zip(QUANTILES, quantiles(histogram, QUANTILES), strict=True)) for stage, histogram in found.items()
    }
    return {
        "latency_s": {
            stage: {name: round(curve[at], 3) for name, at in NAMED.items()} for stage, curve in curves.items()
        },
        "latency_curve": {
            stage: [[at, round(seconds, 3)] for at, seconds in sorted(curve.items())] for stage, curve in curves.items()
        },
        "latency_alerts": {stage: sum(histogram.values()) for stage, histogram in found.items()},
    }


def grained(seconds: Column) -> Column:
    """Round seconds to their grain."""
    size, whole = F.abs(seconds), F.round(seconds, COARSEST)
    grain = F.when(size < FINE_BELOW_S, F.round(seconds, FINEST))
    for scale in range(FINEST - 1, COARSEST, -1):
        grain = grain.when(size < FINE_BELOW_S * 10.0 ** (FINEST - scale), F.round(seconds, scale))
    return grain.otherwise(whole)


def quantiles(histogram: Mapping[float, int], at: Sequence[float]) -> list[float]:
    """Return quantiles of values that come so many times each, between neighbours on a straight line."""
    values = np.sort(np.fromiter(histogram, dtype=np.float64))
    upto = np.cumsum([histogram[value] for value in values.tolist()])
    ranks = np.asarray(at, dtype=np.float64) * (upto[-1] - 1)
    below, above = (values[np.searchsorted(upto, edge, side="right")] for edge in (np.floor(ranks), np.ceil(ranks)))
    return [float(each) for each in below + (above - below) * (ranks - np.floor(ranks))]


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
