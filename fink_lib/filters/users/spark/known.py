"""What a predicate does with objects that are known already: how many it catches, and how many it misses."""

from collections.abc import Mapping

import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame

from fink_lib.filters.users.known import NOBODY, known_columns, of_labels, told
from fink_lib.filters.users.trial import Known

OBJECT = "object_id"


def known_of(rows: DataFrame, labels: Mapping[str, str]) -> tuple[Known, ...]:
    """Return what becomes of known objects among the alerts of a night; an object is caught by any of its alerts.

    Parameters
    ----------
    rows
        What `fink_lib.filters.users.spark.trial.judged` returned.
    labels
        Object → the label that people or facilities gave it.
    """
    columns = known_columns(rows.columns)
    found = _by_catalogue(rows, columns) if columns else []
    caught = _caught(rows, labels) if labels else {}
    return told([*of_labels(labels, caught), *found])


def _by_catalogue(rows: DataFrame, columns: Mapping[str, bool]) -> list[Known]:
    said = F.array(*(_said(name, is_class=is_class) for name, is_class in columns.items()))
    named = rows.where(F.col(OBJECT).isNotNull()).select(
        OBJECT, "selected", F.explode(F.array_compact(said)).alias("known")
    )
    objects = named.groupBy("known.source", "known.value", OBJECT).agg(F.max("selected").alias("caught"))
    counts = objects.groupBy("source", "value").agg(
        F.count(F.lit(1)).alias("objects"),
        F.count_if("caught").alias("caught"),
        F.coalesce(F.min(F.when(~F.col("caught"), F.col(OBJECT))), F.lit("")).alias("missed_example"),
        F.coalesce(F.min(F.when(F.col("caught"), F.col(OBJECT))), F.lit("")).alias("caught_example"),
    )
    return [Known(**row.asDict()) for row in counts.collect()]


def _said(name: str, *, is_class: bool) -> Column:
    value = F.col(name).cast("string")
    shown = value if is_class else F.lit("")
    return F.when(~value.isin(*NOBODY), F.struct(F.lit(name).alias("source"), shown.alias("value")))


def _caught(rows: DataFrame, labels: Mapping[str, str]) -> dict[str, bool]:
    mine = rows.where(F.col(OBJECT).isin(*sorted(labels))).select(OBJECT, "selected")
    found = mine.groupBy(OBJECT).agg(F.max("selected").alias("caught")).collect()
    return {row[OBJECT]: row["caught"] for row in found}
