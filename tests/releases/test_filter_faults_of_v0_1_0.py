"""Users' filters as v0.1.0 wrote them for Spark, and as they are written today, over the same alerts."""

import math
from typing import Any

import broker_of_today
import pyspark.sql.functions as F
import pytest
from proof_questions import KINDS, PREDICATES
from pyspark.sql import Row, SparkSession

from fink_lib.filters.users.spark.running import lenient

pytestmark = pytest.mark.spark

SCHEMA = "name string, candidate struct<rb float, drb double>, prv_candidates array<struct<rb float>>"
ALERTS = [
    Row(name="0.65", candidate=(0.65, 0.65), prv_candidates=[(0.65,)] * 3),
    Row(name="nan", candidate=(math.nan, math.nan), prv_candidates=[(0.65,)] * 3),
    Row(name="no history", candidate=(0.1, 0.1), prv_candidates=None),
]


@pytest.mark.parametrize(
    ("text", "wrong", "right"),
    [
        ("candidate.rb >= 0.65", {"nan"}, {"0.65"}),
        ("candidate.drb > 0.9", {"nan"}, set()),
        ("size(prv_candidates) < 3", {"no history"}, set()),
    ],
)
def test_a_filter_selects_what_it_says(
    text: str, wrong: set[str], right: set[str], spark: SparkSession, answers_of_v0_1_0: dict[str, Any]
) -> None:
    assert text in PREDICATES
    frame = spark.createDataFrame(ALERTS, SCHEMA)
    with lenient(spark):
        for sql, names in (
            (answers_of_v0_1_0["predicates"][text], wrong),
            (broker_of_today.predicate_sql(text, KINDS), right),
        ):
            assert {row.name for row in frame.where(F.coalesce(F.expr(sql), F.lit(False))).collect()} == names
