"""The second equation, row by row: every bronze row of a night is in exactly one place after enrich."""

from datetime import date

import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame

from fink_lib.nightly.equation import Equation, Fault, differences
from fink_lib.nightly.offsets import as_message, first_rows
from fink_lib.nightly.snapshot import Snapshot, Table
from fink_lib.streaming.spec import Stage

PLACES = ("silver", "rejected", "repeats", "quarantine")


def places(snapshot: Snapshot, night: date) -> DataFrame:
    """Return every row of the night, before and after enrich, with the name of the place it is in."""
    this_night = F.col("night") == F.lit(night)
    enrich = F.col("stage") == str(Stage.ENRICH)
    repeats = F.when(F.col("is_repeat"), F.lit("repeats")).otherwise(F.lit("rejected"))
    parts = (
        (snapshot.frame(Table.BRONZE).where(this_night), F.lit("bronze")),
        (snapshot.frame(Table.SILVER).where(this_night), F.lit("silver")),
        (snapshot.frame(Table.REJECTED).where(this_night), repeats),
        (snapshot.frame(Table.QUARANTINE).where(this_night & enrich), F.lit("quarantine")),
    )
    whole = None
    for frame, place in parts:
        rows = frame.select(*message_columns(), place.alias("place"))
        whole = rows if whole is None else whole.unionAll(rows)
    assert whole is not None  # noqa: S101 - the tuple above is not empty
    return whole


def message_columns() -> list[Column]:
    """Select the columns that name a message, under the names used here."""
    renamed = (("kafka_topic", "topic"), ("kafka_partition", "partition"), ("kafka_offset", "offset"))
    return [*(F.col(old).alias(new) for old, new in renamed), F.col("alert_id"), F.col("night")]


def enriched_equation(snapshot: Snapshot, night: date) -> Equation:
    """Compute bronze = silver + rejected + repeats + quarantine, and name every row that breaks it."""
    by_message = (
        places(snapshot, night)
        .groupBy("topic", "partition", "offset")
        .agg(
            F.first("alert_id", ignorenulls=True).alias("alert_id"),
            F.first("night").alias("night"),
            *(F.count_if(F.col("place") == place).alias(place) for place in ("bronze", *PLACES)),
        )
        .withColumn("after", sum((F.col(place) for place in PLACES), F.lit(0)))
        .cache()
    )
    try:
        return _equation(by_message)
    finally:
        by_message.unpersist()


def _equation(by_message: DataFrame) -> Equation:
    wrong = {
        Fault.NOT_ENRICHED: (F.col("bronze") > 0) & (F.col("after") == 0),
        Fault.ENRICHED_TWICE: F.col("after") > 1,
        Fault.NOT_FROM_BRONZE: F.col("bronze") == 0,
    }
    sums = [F.sum(place).alias(place) for place in ("bronze", *PLACES)]
    counted = by_message.agg(*sums, *(F.count_if(test).alias(str(fault)) for fault, test in wrong.items())).collect()[0]
    facts = {name: int(value or 0) for name, value in counted.asDict().items()}
    found = {}
    for fault, test in wrong.items():
        count = facts[str(fault)]
        rows = first_rows(by_message.where(test)).collect() if count else []
        found[fault] = (count, [as_message(row.asDict(), _where(row.asDict())) for row in rows])
    return Equation("enriched", facts["bronze"], {place: facts[place] for place in PLACES}, differences(found))


def _where(row: dict[str, int]) -> str:
    """Say in which places a message is, and how often."""
    return ", ".join(f"{place} {row[place]}" for place in ("bronze", *PLACES) if row[place])
