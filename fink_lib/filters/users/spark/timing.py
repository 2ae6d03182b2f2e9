"""How long users' filters take: each one by itself, over a sample of alerts that is held in memory."""

import time
from collections.abc import Sequence
from contextlib import suppress

import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame

from fink_lib.filters.users.predicate import Predicate
from fink_lib.filters.users.spark.running import lenient
from fink_lib.filters.users.store import Event
from fink_lib.lake.spark.time_limit import OverTime, time_limit

RUNS = 2  # the quicker one counts: the machine may have been at something else
LONG_S = 2.0  # one run of this length is enough
LEAST_LIMIT_S = 5.0  # a job that does nothing may take seconds of a machine that is busy


def seconds_each(
    alerts: DataFrame, users: Sequence[tuple[Event, Predicate]], count: int, limit_s: float
) -> dict[str, float]:
    """Return the seconds that each filter takes for an alert, above what reading the alerts takes.

    Parameters
    ----------
    alerts
        Rows of silver.
    users
        The filters.
    count
        How many rows there are.
    limit_s
        Seconds after which a filter is not timed further: it took at least these.
    """
    roots = sorted({path.partition(".")[0] for _, predicate in users for path in predicate.columns})
    sample = alerts.select(*roots).coalesce(1).persist()
    limit_s = max(limit_s, LEAST_LIMIT_S)
    try:
        sample.count()  # read once, before anything is timed
        nothing_s = max(_seconds(sample, F.lit(True), limit_s) for _ in range(RUNS))
        with lenient(sample.sparkSession):
            tests = {one.name: F.expr(predicate.sql) for one, predicate in users}
            return {name: max(0.0, _quicker(sample, test, limit_s) - nothing_s) / count for name, test in tests.items()}
    finally:
        sample.unpersist()


def _quicker(sample: DataFrame, test: Column, limit_s: float) -> float:
    first = _seconds(sample, test, limit_s)
    return first if first > LONG_S else min(first, *(_seconds(sample, test, limit_s) for _ in range(RUNS - 1)))


def _seconds(sample: DataFrame, test: Column, limit_s: float) -> float:
    began = time.perf_counter()
    with suppress(OverTime), time_limit(sample.sparkSession, limit_s):
        sample.select(test.alias("held")).agg(F.count_if("held")).collect()
    return time.perf_counter() - began
