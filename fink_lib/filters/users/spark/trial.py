"""A predicate tried on a past night: what it selects, what each clause lets through, and why not this alert."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame

from fink_lib.errors import ConfigError
from fink_lib.filters.users.known import known_columns
from fink_lib.filters.users.predicate import Predicate
from fink_lib.filters.users.spark.running import lenient
from fink_lib.filters.users.trial import Clause, Trial
from fink_lib.lake.spark.together import together

EXAMPLES = 5
SHOWN = ("alert_id", "object_id", "ra", "dec", "band")


def judged(alerts: DataFrame, predicate: Predicate) -> DataFrame:
    """Return what a trial counts of each alert, so that each is read and judged once.

    Parameters
    ----------
    alerts
        Public alerts of a night, with all columns of silver.
    predicate
        A predicate that `checked` returned.

    Returns
    -------
    Columns that are shown, those of catalogues, ``held`` (an answer for each clause) and ``selected``.
    """
    names = [name for name in known_columns(alerts.columns) if name not in SHOWN]
    with lenient(alerts.sparkSession):
        held = F.array(*(_truth(clause) for clause in predicate.clauses))
        return alerts.select(*SHOWN, *names, held.alias("held"), _truth(predicate.sql).alias("selected"))


def attempt(rows: DataFrame, night: dt.date, predicate: Predicate) -> Trial:
    """Count what a predicate does on the public alerts of a night, and show some that it selects.

    Parameters
    ----------
    rows
        What `judged` returned, of that night alone.
    night
        The night, for the answer.
    predicate
        The predicate.
    """
    size = len(predicate.clauses)
    counting = rows.agg(
        F.count(F.lit(1)).alias("alerts"),
        F.count_if("selected").alias("matches"),
        *(F.count_if(F.col("held")[place]).alias(f"holds_{place}") for place in range(size)),
        *(F.count_if(_only(place, size)).alias(f"alone_{place}") for place in range(size)),
    )
    showing = rows.where("selected").orderBy("alert_id").select(*SHOWN).limit(EXAMPLES)
    (counts,), examples = together(rows.sparkSession, counting.collect, showing.collect)
    clauses = tuple(
        Clause(sql, counts[f"holds_{place}"], counts[f"alone_{place}"]) for place, sql in enumerate(predicate.shown)
    )
    return Trial(night, counts["alerts"], counts["matches"], clauses, tuple(row.asDict() for row in examples))


def why(alerts: DataFrame, alert_id: int, predicate: Predicate) -> list[tuple[str, bool | None]]:
    """Return each clause with what it says of one alert; None where a value that it needs is missing.

    Parameters
    ----------
    alerts
        Public alerts of one night, with all columns of silver.
    alert_id
        The alert.
    predicate
        A predicate that `checked` returned.

    Raises
    ------
    ConfigError
        When the night holds no such public alert.
    """
    with lenient(alerts.sparkSession):
        answers = [F.expr(clause).alias(f"clause_{place}") for place, clause in enumerate(predicate.clauses)]
        rows: Sequence[Any] = alerts.where(F.col("alert_id") == alert_id).select(*answers).collect()
    if not rows:
        raise ConfigError(f"alert {alert_id} is not among the public alerts of that night: give its own night")
    return [(clause, rows[0][f"clause_{place}"]) for place, clause in enumerate(predicate.shown)]


def _truth(sql: str) -> Column:
    """Return an expression as true or false: where a value is missing, the alert is not selected."""
    return F.coalesce(F.expr(sql), F.lit(False))


def _only(place: int, size: int) -> Column:
    """Return where one clause says no and all others say yes."""
    others = [F.col("held")[other] for other in range(size) if other != place]
    found = ~F.col("held")[place]
    for other in others:
        found = found & other
    return found
