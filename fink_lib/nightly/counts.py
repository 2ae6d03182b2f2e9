"""How many rows of a night stand in which place."""

from collections.abc import Mapping

import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from fink_lib.distribute.counter import COUNTER
from fink_lib.nightly.job import NightContext
from fink_lib.nightly.snapshot import Snapshot, Table
from fink_lib.streaming.spec import Stage

PLACES = ("bronze", "silver", "rejected", "repeats", "quarantine", "quarantine_enrich", "published", "counted")


def night_counts(snapshot: Snapshot, context: NightContext) -> dict[str, int]:
    """Count the night's rows by place, in one job."""
    stage = F.col("stage") == str(Stage.ENRICH)
    places = {
        Table.BRONZE: F.lit("bronze"),
        Table.SILVER: F.lit("silver"),
        Table.REJECTED: F.when(F.col("is_repeat"), F.lit("repeats")).otherwise(F.lit("rejected")),
        Table.QUARANTINE: F.when(stage, F.lit("quarantine_enrich")).otherwise(F.lit("quarantine")),
        Table.PUBLISHED: F.when(F.col("filter") == COUNTER, F.lit("counted")).otherwise(F.lit("published")),
    }
    counts = dict.fromkeys(PLACES, 0)
    whole: DataFrame | None = None
    for table, place in places.items():
        rows = snapshot.frame(table).where(F.col("night") == F.lit(context.night)).select(place.alias("place"))
        whole = rows if whole is None else whole.unionAll(rows)
    assert whole is not None  # noqa: S101 - there are five places
    return counts | {row["place"]: row["count"] for row in whole.groupBy("place").count().collect()}


def shares(counts: Mapping[str, int]) -> dict[str, float]:
    """Return the shares that `night_shares` judges; 0 where there is nothing to share."""

    def share(part: str, *wholes: str) -> float:
        total = sum(counts[whole] for whole in wholes)
        return counts[part] / total if total else 0.0

    return {
        "quarantined_share": share("quarantine", "bronze", "quarantine"),
        "quarantined_enrich_share": share("quarantine_enrich", "bronze"),
        "rejected_share": share("rejected", "bronze"),
        "repeated_share": share("repeats", "bronze"),
    }
