"""The suites pass on good rows, fail by name on a fault for each critical expectation, and stop the night."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from deltalake import DeltaTable

from expectations import published
from expectations.suites import SUITES
from fink_lib.errors import ExpectationFailed
from fink_lib.lake import rows as lake_rows
from fink_lib.lake.versions import Table
from fink_lib.nightly.job import NightContext
from fink_lib.nightly.results import Step, check_result
from fink_lib.nightly.statistics import history
from fink_lib.nightly.statistics.summary import Summary
from fink_lib.quality import step as quality
from fink_lib.quality.drift import ENOUGH_ALERTS, MIN_NIGHTS
from fink_lib.quality.rules import Judged
from fink_lib.quality.run_suites import count_rules
from fink_lib.surveys.tables import night_specs
from fink_lib.testing.nights import NIGHT, FakeKafka, counted_row, published_row, silver_row
from tests.builders.nights import BY_SHARE, GOOD, PLANTS, TOGETHER, Plant, rows_with

pytestmark = [
    # Great Expectations leaves the warnings of its own old idioms to its users
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
Rows = list[dict[str, Any]]


def in_memory(context: NightContext, table: Table, rows: Rows) -> lake_rows.Rows:
    spec = night_specs(context.survey)[table]
    return lake_rows.Rows(ds.dataset(pa.Table.from_pylist(rows, schema=spec.plain_schema)))


def judged(context: NightContext, planted: Mapping[Table, Rows]) -> dict[str, set[str]]:
    """Judge rows without a lake; return the names of the failed expectations by severity."""
    there = {table: in_memory(context, table, planted.get(table, [])) for table in Table}
    failed: dict[str, set[str]] = {"critical": set(), "warning": set(), "info": set()}
    for suite in quality.judge_night(context, SUITES, there):
        for one in suite["expectations"]:
            assert one["error"] in (None, ""), one
            if not one["success"]:
                failed[one["severity"]].add(one["name"])
    return failed


def criticals(context: NightContext, table: Table) -> set[str]:
    suite = SUITES.rows[table].suite(context.survey)
    return {one.meta["name"] for one in suite.expectations if str(one.severity.value) == "critical"}


@pytest.mark.parametrize("table", list(Table))
def test_each_critical_expectation_has_its_fault(context: NightContext, table: Table) -> None:
    assert {plant.name for plant in PLANTS[table]} == criticals(context, table)


def test_a_counter_stands_on_the_topic_of_its_night(context: NightContext) -> None:
    (rule,) = [one.rule for one in published.rules(context.survey) if one.rule.name == "topic"]
    wrong = counted_row(2, night=NIGHT + dt.timedelta(days=1))
    held = [
        count_rules(in_memory(context, Table.PUBLISHED, [row]), [Judged(rule, "critical")], ()).facts["rule_topic"]
        for row in (counted_row(1), wrong, published_row(0, 1))
    ]
    assert held == [1.0, 0.0, 1.0]


@pytest.mark.parametrize("table", list(Table))
def test_each_fault_breaks_its_own_rule_and_no_other(context: NightContext, table: Table) -> None:
    expected = SUITES.rows[table]
    rules = expected.rules(context.survey)
    alone = [plant for plant in PLANTS[table] if plant.name not in TOGETHER]
    spoiled = [plant.spoiled(GOOD[table](at), GOOD[table](0)) for at, plant in enumerate(alone)]
    grave = [judged for judged in rules if judged.severity == "critical"]
    counted = [count_rules(in_memory(context, table, [row]), grave, ()).facts for row in [*spoiled, GOOD[table](60)]]
    broken = [{one.rule.name for one in grave if not facts[one.column]} for facts in counted]
    assert broken[-1] == set()
    for plant, found in zip(alone, broken, strict=False):
        assert found == plant.critical, plant.name


@pytest.mark.parametrize("table", list(Table))
def test_all_faults_together_fail_every_critical_expectation(context: NightContext, table: Table) -> None:
    rows = [GOOD[table](0)]
    for at, plant in enumerate(PLANTS[table], start=1):
        copies = len(PLANTS[table]) + 2 if plant.name in BY_SHARE else 1
        rows += [plant.spoiled(GOOD[table](at + 20 * copy), rows[0]) for copy in range(copies)]
    assert judged(context, {table: rows})["critical"] == criticals(context, table)


@pytest.mark.parametrize("plant", [PLANTS[Table.BRONZE][2], PLANTS[Table.SILVER][-2]], ids=lambda plant: plant.name)
def test_one_fault_among_good_rows_is_found(context: NightContext, plant: Plant) -> None:
    table = Table.BRONZE if plant in PLANTS[Table.BRONZE] else Table.SILVER
    assert judged(context, {table: rows_with(table, plant)})["critical"] == plant.critical


def test_a_good_night_passes_and_counts(context: NightContext, good_night: FakeKafka) -> None:
    outcome = quality.run(context, SUITES)
    assert outcome.failure is None
    facts = outcome.result
    check_result(Step.QUALITY, facts)
    assert facts["critical_failed"] == []
    assert not facts["empty"]
    suites = {suite["suite"]: suite for suite in facts["suites"]}
    assert list(suites)[:6] == [
        "bronze_ztf__alerts",
        "bronze_ztf__quarantine",
        "silver_ztf__alerts",
        "silver_ztf__rejected",
        "gold_ztf__published",
        "ztf__night_shares",
    ]
    assert suites["ztf__drift"]["empty"]  # there is no night before
    assert facts["passed"] + facts["failed"] == sum(len(suite["expectations"]) for suite in facts["suites"])
    shares = {one["name"]: one for one in suites["ztf__night_shares"]["expectations"]}
    assert not shares["repeated_share"]["success"]  # one of nine
    assert shares["repeated_share"]["severity"] == "info"
    rows = DeltaTable(str(context.settings.lake / "gold__quality_results")).to_pyarrow_table().to_pylist()
    assert len(rows) == facts["passed"] + facts["failed"]
    assert {row["run_id"] for row in rows} == {"run-1"}
    index = (context.folder / facts["docs"]).read_text()
    for name in ("bronze_ztf__alerts", "ztf__night_shares"):
        assert name in index
        assert "Expectation" in (context.folder / "docs" / f"{name}.html").read_text()


def test_an_empty_night_passes_and_says_so(context: NightContext) -> None:
    outcome = quality.run(context, SUITES)
    assert outcome.failure is None
    assert outcome.result["empty"]
    assert outcome.result["passed"] == outcome.result["failed"] == 0


def usual(**changes: dict[str, float]) -> Summary:
    return {"count": {"bronze": 9.0, "silver": 6.0}, "null_share": {"object_id": 0.0}, **changes}


def remember(context: NightContext, summary: Summary) -> None:
    for days in range(1, MIN_NIGHTS + 1):
        history.record(context.settings.lake, "ztf", NIGHT - dt.timedelta(days=days), summary)


def test_a_night_unlike_the_others_is_warned_of(context: NightContext, good_night: FakeKafka) -> None:
    remember(context, usual(count={"bronze": 5000.0, "silver": 4000.0}))
    outcome = quality.run(context, SUITES)
    assert outcome.failure is None
    drift = next(suite for suite in outcome.result["suites"] if suite["suite"] == "ztf__drift")
    failed = {one["name"]: one["severity"] for one in drift["expectations"] if not one["success"]}
    assert failed["alerts"] == "warning"
    assert "gone.object_id" not in failed


def test_a_column_that_is_gone_stops_the_night(context: NightContext, plant: Any) -> None:
    remember(context, usual(count={"bronze": 120.0, "silver": 120.0}))
    plant(Table.SILVER, [silver_row(at, object_id=None, ra=1.0, dec=1.0) for at in range(ENOUGH_ALERTS)])
    failure = quality.run(context, SUITES).failure
    assert isinstance(failure, ExpectationFailed)
    assert "1 critical expectation failed on the night ztf 2021-11-22: ztf__drift.gone.object_id (1.0)" in str(failure)


def test_the_failure_is_one_sentence_and_its_results_are_kept(
    context: NightContext, good_night: FakeKafka, plant: Any
) -> None:
    plant(Table.SILVER, [silver_row(2)])
    outcome = quality.run(context, SUITES)
    assert isinstance(outcome.failure, ExpectationFailed)
    assert "silver_ztf__alerts.alert_id_unique" in str(outcome.failure)
    assert "\n" not in str(outcome.failure)
    rows = DeltaTable(str(context.settings.lake / "gold__quality_results")).to_pyarrow_table().to_pylist()
    (failed,) = [row for row in rows if not row["success"] and row["severity"] == "critical"]
    assert failed["expectation"] == "alert_id_unique"


def test_rows_of_a_table_that_lacks_newer_columns_are_judged(context: NightContext) -> None:
    """As until the first stream of a new release has given them to it."""
    spec = night_specs(context.survey)[Table.SILVER]
    older = [one for one in spec.plain_schema if not one.name.startswith("partner_")]
    rows = pa.Table.from_pylist([silver_row(at) for at in range(3)], schema=pa.schema(older))
    there = {table: in_memory(context, table, []) for table in Table} | {Table.SILVER: lake_rows.Rows(ds.dataset(rows))}
    found = {one["name"]: one for suite in quality.judge_night(context, SUITES, there) for one in suite["expectations"]}
    assert (found["partner"]["rows"], found["partner"]["unexpected"]) == (3, 0)


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({}, 0),
        ({"partner_chance": 1.5}, 1),
        ({"partner_sep_arcsec": -0.1}, 1),
        ({"partner_tables": None}, 1),
        ({"partner_survey": None}, 1),
    ],
)
def test_a_partner_is_judged_as_a_whole(context: NightContext, changes: dict[str, Any], broken: int) -> None:
    whole = {"partner_id": "313", "partner_survey": "lsst", "partner_tables": "gold__object_pairs 1"}
    row = silver_row(0, **{**whole, "partner_chance": 0.01, "partner_sep_arcsec": 0.5, **changes})
    rules = [one for one in SUITES.rows[Table.SILVER].rules(context.survey) if one.rule.name == "partner"]
    counted = count_rules(in_memory(context, Table.SILVER, [row]), rules, ())
    assert counted.broken(rules[0].column, is_rule=True) == broken
