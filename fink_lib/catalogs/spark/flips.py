"""What another version of a catalogue changes in the matches of a night: counted by Spark, a few told as examples."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyspark.sql.functions as F
from pyspark.sql import DataFrame

NAMED_AT_MOST = 1000
KINDS = ("gained", "lost", "changed")


@dataclass(frozen=True)
class Flips:
    """The alerts whose match is another one.

    Attributes
    ----------
    counts
        All of them, by kind.
    named
        The first of them, by alert id: kind, alert, object, match before and after.
    """

    counts: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    named: list[dict[str, Any]] = field(default_factory=list)


def flips_of(old: DataFrame, new: DataFrame) -> Flips:
    """Compare two sets of matches: gained, lost or changed; a shifted position alone is none.

    Only counts and `NAMED_AT_MOST` examples come to the driver, however many alerts flip.
    """
    pairs = _pairs(old, new).persist()
    try:
        counted = {row["kind"]: row["count"] for row in pairs.groupBy("kind").count().collect()}
        named = pairs.orderBy("alert_id").limit(NAMED_AT_MOST).collect() if counted else []
    finally:
        pairs.unpersist()
    return Flips({kind: int(counted.get(kind, 0)) for kind in KINDS}, [row.asDict(recursive=True) for row in named])


def _pairs(old: DataFrame, new: DataFrame) -> DataFrame:
    what = F.struct("source_id", "label")
    before = old.select("alert_id", F.col("object_id").alias("old_object_id"), what.alias("before"))
    after = new.select("alert_id", F.col("object_id").alias("new_object_id"), what.alias("after"))
    pairs = before.join(after, "alert_id", "full_outer").where(~F.col("before").eqNullSafe(F.col("after")))
    kind = F.when(F.isnull("before"), "gained").when(F.isnull("after"), "lost").otherwise("changed")
    object_id = F.coalesce("old_object_id", "new_object_id").alias("object_id")
    return pairs.select(kind.alias("kind"), "alert_id", object_id, "before", "after")
