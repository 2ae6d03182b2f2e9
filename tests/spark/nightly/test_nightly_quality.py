"""The suites pass on good rows and fail critically, by name, on planted faults."""

from typing import Any

import pytest
from pyspark.sql import DataFrame

from fink_lib.errors import ExpectationFailed
from fink_lib.nightly import quality
from fink_lib.nightly.job import NightContext
from fink_lib.nightly.snapshot import Table, night_specs
from fink_lib.testing.nights import FakeKafka, bronze_row, silver_row

pytestmark = [
    pytest.mark.spark,
    # pyspark leaves the socket of a `collect` to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    # Great Expectations leaves the warnings of its own old idioms to its users
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def judged(context: NightContext, bronze: list[dict[str, Any]], silver: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Judge rows without a lake; return the names of the failed expectations by severity."""
    specs = night_specs(context.survey)
    rows = {Table.BRONZE: bronze, Table.SILVER: silver}

    def frame(table: Table) -> DataFrame:
        names = {fld.name for fld in specs[table].schema.fields}
        kept = [{name: value for name, value in row.items() if name in names} for row in rows[table]]
        return context.session.createDataFrame(kept, specs[table].schema)

    counts = {"rejected": 0, "repeats": 0, "quarantine": 0, "quarantine_enrich": 0}
    found = quality.judge_night(context, {**counts, "bronze": len(bronze), "silver": len(silver)}, frame)
    failed: dict[str, list[str]] = {"critical": [], "warning": [], "info": []}
    for suite in found:
        for one in suite["expectations"]:
            assert one["error"] in (None, ""), one
            if not one["success"]:
                failed[one["severity"]].append(f"{suite['suite'].split('_')[0]}.{one['name']}")
    return failed


def test_a_good_night_passes_and_counts(context: NightContext, good_night: FakeKafka) -> None:
    outcome = quality.run(context)
    assert outcome.failure is None
    facts = outcome.result
    assert facts["critical_failed"] == []
    assert not facts["empty"]
    assert [suite["suite"] for suite in facts["suites"]] == [
        "bronze_ztf__alerts",
        "silver_ztf__alerts",
        "ztf__night_shares",
    ]
    assert facts["passed"] + facts["failed"] == sum(len(suite["expectations"]) for suite in facts["suites"])
    shares = {one["name"]: one for one in facts["suites"][2]["expectations"]}
    assert not shares["repeated_share"]["success"]  # one of nine
    assert shares["repeated_share"]["severity"] == "info"


def test_an_empty_night_passes_and_says_so(context: NightContext) -> None:
    outcome = quality.run(context)
    assert outcome.failure is None
    assert outcome.result["empty"]
    assert outcome.result["passed"] == outcome.result["failed"] == 0


def test_planted_faults_in_bronze_fail_by_name(context: NightContext) -> None:
    bronze = [bronze_row(offset) for offset in range(4)]
    bronze[0] |= {"ra": 361.0, "alert_id": None}
    bronze[1] |= {"dec": float("nan")}
    bronze[2] |= {"time": bronze[2]["time"] + 1.0}
    bronze[3] |= {"kafka_offset": 0, "candidate": {**bronze[3]["candidate"], "programid": 7}}
    failed = judged(context, bronze, [silver_row(0)])
    assert {"bronze.ra", "bronze.dec", "bronze.alert_id", "bronze.night", "bronze.kafka_key"} == set(failed["critical"])
    assert "bronze.programid" in failed["warning"]


def test_planted_faults_in_silver_fail_by_name(context: NightContext) -> None:
    silver = [silver_row(offset) for offset in range(4)]
    silver[0] |= {"candidate": {**silver[0]["candidate"], "rb": 0.2}}
    silver[1] |= {"alert_id": silver[2]["alert_id"]}
    silver[2] |= {"science_versions": {}}
    silver[3] |= {"science_errors": {"light_curve_features": "not run: too few points"}}  # no fault
    for row in silver[:3]:
        row["science_errors"] = {"roid": "failed: broken"}
    failed = judged(context, [bronze_row(0)], silver)
    assert set(failed["critical"]) == {
        "silver.cut_rb",
        "silver.alert_id_unique",
        "silver.science_versions",
        "silver.science_collapse",
    }
    assert "silver.science_errors" in failed["warning"]


def test_the_failure_is_one_sentence(context: NightContext, good_night: FakeKafka, plant: Any) -> None:
    plant(Table.SILVER, [silver_row(2)])
    failure = quality.run(context).failure
    assert isinstance(failure, ExpectationFailed)
    assert "silver_ztf__alerts.alert_id_unique" in str(failure)
    assert "\n" not in str(failure)
