"""The manifest: its facts, its versions, and when a night is closed."""

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from fink_lib.errors import EquationBroken, ExpectationFailed, NightError
from fink_lib.lake.digest import table_digest
from fink_lib.nightly import manifest
from fink_lib.nightly.closed import NightsLedger
from fink_lib.nightly.job import NightContext, perform
from fink_lib.nightly.reconcile.equation import Attribution
from fink_lib.nightly.reconcile.no_night import undated_entry
from fink_lib.nightly.results import Step, read_result, write_failure, write_result
from fink_lib.testing.nights import NIGHT, OUTPUT

CONTRACT = {
    "survey": "ztf",
    "night": "2021-11-22",
    "offered": 320,
    "bronze": 318,
    "quarantine": 2,
    "silver": 210,
    "rejected": 90,
    "repeats": 18,
    "equation_holds": True,
    "lost": [],
    "expectations": {"passed": 1, "failed": 1},
    "ok": True,
    "version": 1,
    "run_id": "run-1",
}


def at(hour: int) -> dt.datetime:
    return dt.datetime(2021, 11, 23, hour, tzinfo=dt.UTC)


def test_a_good_night_is_closed(good_results: NightContext) -> None:
    outcome = manifest.run(good_results, lambda: at(7))
    assert outcome.failure is None
    assert {name: outcome.result[name] for name in CONTRACT} == CONTRACT
    assert outcome.result["published"][OUTPUT] == 31
    assert outcome.result["latency_s"]["total"] == {"p50": 4.1, "p95": 1.4 * 4.1, "p99": 1.5 * 4.1}
    assert outcome.result["closed_at"] == "2021-11-23T07:00:00+00:00"
    kept = json.loads((good_results.folder / "manifest.v1.json").read_text())
    assert kept == outcome.result


def test_a_retried_task_writes_no_second_version(good_results: NightContext) -> None:
    first = perform(good_results, Step.MANIFEST, lambda night: manifest.run(night, lambda: at(7)))
    again = perform(good_results, Step.MANIFEST, lambda night: manifest.run(night, lambda: at(9)))
    assert again == first
    rows = DeltaTable(str(good_results.settings.lake / "gold__nights")).to_pyarrow_table()
    assert rows.num_rows == 1
    (row,) = rows.to_pylist()
    assert (row["survey"], row["night"], row["version"], row["offered"]) == ("ztf", NIGHT, 1, 320)
    assert row["closed_at"] == at(7)
    assert json.loads(row["manifest"]) == first


def close_again(good_results: NightContext, run_id: str, **changes: Any) -> dict[str, Any]:
    """Close the night in another run, with other facts of the reconciliation."""
    later = replace(good_results, run_id=run_id)
    for step in manifest.NEEDED:
        facts = read_result(good_results.folder, step, "run-1")
        assert facts is not None
        new = {**facts, **changes} if step is Step.RECONCILE else facts
        write_result(later.folder, step, run_id, new)
    result = manifest.run(later, lambda: at(8)).result
    for step in manifest.NEEDED:
        kept = read_result(later.folder, step, run_id)
        assert kept is not None
        write_result(later.folder, step, "run-1", kept)
    return result


def test_closing_again_is_a_new_version_and_keeps_the_old_one(good_results: NightContext) -> None:
    """A late alert arrived."""
    manifest.run(good_results, lambda: at(7))
    facts = read_result(good_results.folder, Step.RECONCILE, "run-1")
    assert facts is not None
    late = {**facts["counts"], "offered": 321, "bronze": 319, "silver": 211}
    assert close_again(good_results, "run-2", counts=late)["version"] == 2
    ledger = NightsLedger(good_results.settings.lake)
    told = [(one["version"], one["offered"]) for one in ledger.versions("ztf", NIGHT)]
    assert told == [(1, 320), (2, 321)]
    assert ledger.versions("ztf", NIGHT + dt.timedelta(days=1)) == []
    assert (good_results.folder / "manifest.v1.json").exists()
    assert (good_results.folder / "manifest.v2.json").exists()


def test_three_closings_of_a_night_that_says_the_same_leave_what_one_leaves(good_results: NightContext) -> None:
    manifest.run(good_results, lambda: at(7))
    table = good_results.settings.lake / "gold__nights"
    before = table_digest(table)
    for run_id in ("run-2", "run-3"):
        compacted = close_again(good_results, run_id, tables={"bronze": 99})
        assert (compacted["version"], compacted["run_id"]) == (1, "run-1")
    assert table_digest(table) == before


def test_another_value_in_silver_is_a_new_version_although_no_count_changed(good_results: NightContext) -> None:
    silver = good_results.settings.lake / "silver_ztf__alerts"
    rows = pa.table({"night": pa.array([NIGHT]), "alert_id": pa.array([1], pa.int64()), "vsx": ["EW"]})
    write_deltalake(silver, rows, partition_by=["night"])
    first = manifest.run(good_results, lambda: at(7)).result
    write_deltalake(silver, rows.set_column(2, "vsx", pa.array(["RRAB"])), mode="overwrite")
    second = close_again(good_results, "run-2")
    assert (first["version"], second["version"]) == (1, 2)
    assert first["content"] != second["content"]


def test_results_of_another_run_are_not_taken_for_this_one(good_results: NightContext) -> None:
    outcome = manifest.run(replace(good_results, run_id="run-2"), lambda: at(7))
    assert isinstance(outcome.failure, NightError)
    assert outcome.result["offered"] == 0
    assert set(outcome.result["not_computed"]) == {str(step) for step in manifest.NEEDED}


def test_a_broken_equation_leaves_the_night_open_but_written(good_results: NightContext) -> None:
    facts = read_result(good_results.folder, Step.RECONCILE, "run-1")
    assert facts is not None
    equation = {**facts["equations"][0], "holds": False, "text": "320 offered ≠ 317 bronze + 2 quarantine"}
    write_result(
        good_results.folder,
        Step.RECONCILE,
        "run-1",
        {**facts, "holds": False, "lost": [42], "equations": [equation]},
    )
    quality = read_result(good_results.folder, Step.QUALITY, "run-1")
    assert quality is not None
    write_result(good_results.folder, Step.QUALITY, "run-1", {**quality, "critical_failed": ["silver.ra"]})
    outcome = manifest.run(good_results, lambda: at(7))
    assert isinstance(outcome.failure, EquationBroken)
    assert str(outcome.failure).endswith(
        "stays open: 320 offered ≠ 317 bronze + 2 quarantine; lost: 42; critical expectations failed: silver.ra"
    )
    assert not outcome.result["ok"]
    assert len(NightsLedger(good_results.settings.lake).versions("ztf", NIGHT)) == 1


def test_a_critical_expectation_leaves_the_night_open(good_results: NightContext) -> None:
    facts = read_result(good_results.folder, Step.QUALITY, "run-1")
    assert facts is not None
    write_result(good_results.folder, Step.QUALITY, "run-1", {**facts, "critical_failed": ["silver.ra"]})
    failure = manifest.run(good_results, lambda: at(7)).failure
    assert isinstance(failure, ExpectationFailed)
    assert "silver.ra" in str(failure)


def test_a_step_that_failed_is_told_with_its_reason(good_results: NightContext) -> None:
    (good_results.folder / "quality.json").unlink()
    write_failure(good_results.folder, Step.QUALITY, "run-1", "no memory left")
    outcome = manifest.run(good_results, lambda: at(7))
    assert "no memory left" in str(outcome.failure)
    assert outcome.result["not_computed"] == {"quality": "no memory left"}


def test_the_night_null() -> None:
    entry = undated_entry("ztf", Attribution(quarantine=20), [])
    assert (entry["night"], entry["offered"], entry["bronze"], entry["quarantine"]) == (None, 20, 0, 20)
    assert entry["equation_holds"]
    assert set(CONTRACT) - {"version", "run_id"} <= set(entry)
    assert not undated_entry("ztf", Attribution(quarantine=3, lost=1), ["t[0]@4"])["equation_holds"]
