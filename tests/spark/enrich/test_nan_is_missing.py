"""NaN is missing to cuts, to expectations, to users' filters and to those of the broker alike."""

import math

import numpy as np
import pyspark.sql.functions as F
import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from expectations.silver_alerts import rules
from fink_lib.enrich.triage import failed_cuts
from fink_lib.filters.conditions import at_least
from fink_lib.filters.facts import columns_of
from fink_lib.filters.sql import survey_kinds
from fink_lib.filters.users.spark.running import checked, kinds_of, lenient
from fink_lib.lake.spark.rules import holds
from fink_lib.lake.spark.table import spark_schema
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import ZTF

pytestmark = pytest.mark.spark

SCHEMA = (
    "name string, candidate struct<rb float, drb double, nbad int>, prv_candidates array<struct<rb float, jd double>>"
)
NAN = math.nan
SCORES = {"exact": 0.65, "below": 0.6499, "nan": NAN, "null": None, "high": 0.9}
POINTS = {
    "exact": [(0.65, 1.0)], "below": [(NAN, 1.0), (0.5, 2.0)], "nan": [], "null": None, "high": [(0.7, 1.0)] * 3,
}  # fmt: skip


@pytest.fixture(scope="module")
def alerts(spark: SparkSession) -> DataFrame:
    rows = [Row(name=name, candidate=(rb, rb, 0), prv_candidates=POINTS[name]) for name, rb in SCORES.items()]
    return spark.createDataFrame(rows, SCHEMA).cache()


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("candidate.rb >= 0.65", {"exact", "high"}),
        ("candidate.rb = 0.65", {"exact"}),
        ("candidate.rb in (0.65, 0.9)", {"exact", "high"}),
        ("candidate.rb between 0.65 and 0.8", {"exact"}),
        ("candidate.rb > 0.9", set()),
        ("candidate.drb > 0.9", set()),
        ("not (candidate.rb < 0.9)", {"high"}),
        ("candidate.rb is null", {"nan", "null"}),
        ("isnan(candidate.rb)", {"nan"}),
        ("sqrt(candidate.rb - 1) > 0", set()),
        ("coalesce(candidate.rb, 0.95) >= 0.95", {"nan", "null"}),
        ("size(prv_candidates) < 3", {"exact", "below", "nan"}),
        ("size(prv_candidates.rb) = 0", {"nan"}),
        ("size(filter(prv_candidates, p -> p.rb >= 0.65)) = 1", {"exact"}),
        ("exists(prv_candidates.rb, r -> r > 0.65)", {"high"}),
        ("array_max(prv_candidates.rb) <= 0.65", {"exact", "below"}),
        ("array_contains(prv_candidates.rb, 0.65)", {"exact"}),
    ],
)
def test_a_users_filter_selects_what_it_says(alerts: DataFrame, text: str, selected: set[str]) -> None:
    paths = frozenset({*kinds_of(alerts.schema), "prv_candidates"})
    predicate = checked(alerts, text, paths)
    with lenient(alerts.sparkSession):
        found = alerts.where(F.coalesce(F.expr(predicate.sql), F.lit(False))).collect()
    assert {row.name for row in found} == selected


def test_a_filter_of_the_broker_selects_the_same(alerts: DataFrame) -> None:
    scores = np.array([NAN if value is None else value for value in SCORES.values()], dtype=np.float32)
    flags = at_least("candidate.rb", 0.65).holds({"candidate.rb": scores})
    assert {name for name, flag in zip(SCORES, flags, strict=True) if flag} == {"exact", "high"}


def test_a_cut_keeps_no_alert_whose_score_is_nan(alerts: DataFrame) -> None:
    rows = alerts.select("name", failed_cuts(ZTF.cuts, ZTF.name).alias("reasons")).collect()
    assert {row.name: row.reasons for row in rows} == {
        "exact": [], "below": [], "nan": ["rb"], "null": ["rb"], "high": [],
    }  # fmt: skip


def test_an_expectation_takes_nan_for_what_is_not_there(alerts: DataFrame) -> None:
    wanted = {judged.rule.name: judged.rule for judged in rules(ZTF) if judged.rule.name in {"rb", "drb", "cut_rb"}}
    rows = alerts.select("name", *(holds(rule).alias(name) for name, rule in wanted.items())).collect()
    told = {row.name: (row.rb, row.drb, row.cut_rb) for row in rows}
    assert told["nan"] == told["null"] == (True, True, False)
    assert told["high"] == (True, True, True)


def test_the_kinds_of_columns_are_the_same_from_the_survey_and_from_the_table() -> None:
    kinds, table = survey_kinds("ztf"), kinds_of(spark_schema(silver_spec(ZTF)))
    shared = {path: kind for path, kind in table.items() if path in columns_of("ztf")}
    assert len(shared) > 100
    assert shared == {path: kinds[path] for path in shared}
