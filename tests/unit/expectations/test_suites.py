"""The suites as code: what they ask of a survey, and under which names."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from expectations import (
    bronze_alerts,
    crossmatch,
    drift,
    night_shares,
    published,
    quarantine,
    records,
    silver_alerts,
    silver_rejected,
    small_tables,
)
from expectations.served import SERVED
from expectations.suites import SUITES
from fink_lib.maintenance.run import known_specs
from fink_lib.quality.docs import DocsFolder
from fink_lib.quality.drift import Measure
from fink_lib.quality.rules import GRAVE
from fink_lib.quality.run_suites import judge_row, judge_rows, quiet_context
from fink_lib.surveys import SURVEYS, get_survey
from fink_lib.surveys.rules import row_rules
from fink_lib.surveys.tables import night_specs
from tests.builders.records import FAULTS, GOOD_ROWS, SMALL

# Great Expectations leaves the warnings of its own old idioms to its users
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.mark.parametrize("name", ["ztf", "lsst"])
def test_the_rules_of_ingest_are_judged_under_the_same_names(name: str) -> None:
    survey = get_survey(name)
    shared = {rule.name for rule in row_rules(survey)}
    for module in (bronze_alerts, silver_alerts):
        rules = {judged.rule.name: judged for judged in module.rules(survey)}
        assert shared <= set(rules)
        assert all(rules[rule].severity == "critical" for rule in shared & GRAVE)
        assert rules["night"].severity == "critical"


def test_only_fields_that_the_packets_have_are_judged() -> None:
    ztf = {judged.rule.name for judged in bronze_alerts.rules(get_survey("ztf"))}
    lsst = {judged.rule.name for judged in bronze_alerts.rules(get_survey("lsst"))}
    assert {"programid", "rb", "magpsf"} <= ztf
    assert "reliability" in lsst
    assert not {"programid", "rb"} & lsst


def test_every_expectation_has_a_name_a_meaning_and_a_severity() -> None:
    survey = get_survey("ztf")
    modules = (bronze_alerts, quarantine, silver_alerts, silver_rejected, published, night_shares)
    suites = [module.suite(survey) for module in modules]
    suites += [make() for make in SMALL]
    suites.append(crossmatch.suite(survey, {}))
    suites += [one.suite(survey) for one in SERVED.values()]
    drawn_up = {spec.full_name for spec in known_specs(Path("nowhere"))}
    others = tuple(f"_{name}__" for name in SURVEYS if name != survey.name)
    mine = {name for name in drawn_up if not any(other in name for other in others)}
    assert mine | {"ztf__night_shares"} == {suite.name for suite in suites}
    for suite in suites:
        names = [expectation.meta["name"] for expectation in suite.expectations]
        assert len(names) == len(set(names)) >= 3
        assert all(expectation.meta["meaning"].endswith(".") for expectation in suite.expectations)
        assert {str(expectation.severity.value) for expectation in suite.expectations} <= {
            "critical",
            "warning",
            "info",
        }


def test_silver_is_judged_by_the_cuts_of_the_survey() -> None:
    names = {judged.rule.name for judged in silver_alerts.rules(get_survey("ztf"))}
    assert {"cut_nbad", "cut_rb", "science_versions"} <= names


@pytest.mark.parametrize("name", ["ztf", "lsst"])
def test_every_table_of_a_survey_that_streams_fill_has_a_suite(name: str) -> None:
    survey = get_survey(name)
    suites = {expected.suite(survey).name for expected in SUITES.rows.values()}
    assert suites == {spec.full_name for spec in night_specs(survey).values()}


def failed(suite: Any, rows: list[dict[str, Any]]) -> set[str]:
    found = judge_rows(quiet_context(), rows, suite)["expectations"]
    return {one["name"] for one in found if not one["success"] and one["severity"] == "critical"}


@pytest.mark.parametrize("make", SMALL, ids=lambda make: getattr(make, "func", make).__name__)
def test_small_tables_fail_on_a_fault_for_each_critical_expectation(make: Callable[[], Any]) -> None:
    suite = make()
    good, faults = GOOD_ROWS[suite.name], FAULTS[suite.name]
    assert set(faults) == {one.meta["name"] for one in suite.expectations if one.severity.value == "critical"}
    assert not [one for one in judge_rows(quiet_context(), [good], suite)["expectations"] if not one["success"]]
    for name, changes in faults.items():
        assert failed(make(), [good, {**good, **changes}]) == {name}


WARNED = {
    "gold__table_stats": ({"files": -1}, {"table", "files_range"}),
    "gold__decisions": ({"decided_by": None, "action": "dream"}, {"decided_by_known", "action"}),
    "bronze__event_notices": ({"received_at": None}, {"notice", "received_at_known"}),
    "gold__events": ({"action": "sung", "ra": -1.0}, {"notice", "action", "ra_range"}),
    "gold_ztf__event_searches": ({"least_chance": 1.5}, {"search", "least_chance_range"}),
    "gold_ztf__event_matches": ({"chance": -0.1}, {"match", "chance_range"}),
    "gold_ztf__objects": ({"alerts": 0, "ra": 361.0}, {"object", "alerts_range", "ra_range"}),
    "gold_ztf__moving_objects": ({"last_night": None}, {"designation", "last_night_known"}),
    "gold__object_pairs": ({"chance_b": 1.1, "rank_a": 0}, {"pair", "chance_b_range", "rank_a_range"}),
    "gold__phase_curves": ({"g1": 1.1, "model": "guess"}, {"model", "g1_range"}),
    "gold__periods": ({"power": 1.1, "points": 3}, {"object", "power_range", "points_range"}),
    "gold__notices": ({"action": "sung", "at": None}, {"step", "action", "at_known"}),
}


@pytest.mark.parametrize(
    "make",
    [small_tables.table_stats, records.decisions, records.notices, *SMALL[-8:]],
    ids=lambda one: getattr(one, "func", one).__name__,
)
def test_suites_that_stop_nothing_still_warn(make: Callable[[], Any]) -> None:
    suite = make()
    good = GOOD_ROWS[suite.name]
    changes, names = WARNED[suite.name]
    found = judge_rows(quiet_context(), [good, {**good, **changes}], suite)["expectations"]
    assert {one["name"] for one in found if not one["success"]} == names


def test_the_drift_suite_judges_as_the_measures_do() -> None:
    measures = [
        Measure("alerts", "warning", "As many as usual.", 0.5, 0.1, 5.0),
        Measure("one_class.vsx", "critical", "Not all in one class.", 1.0, at_most=0.999),
        Measure("silent.variable_stars", "warning", "It sent something.", 0.0, at_least=1.0),
        Measure("gone.vsx", "critical", "It has values.", 0.2, at_most=0.999),
    ]
    facts = {one.name: one.value for one in measures}
    found = judge_row(quiet_context(), facts, drift.suite("ztf", measures))
    assert {one["name"]: one["success"] for one in found["expectations"]} == {one.name: one.holds for one in measures}
    assert found["critical_failed"] == ["one_class.vsx"]


def test_docs_of_a_suite_are_drawn(tmp_path: Path) -> None:
    docs = DocsFolder(tmp_path)
    judge_row(
        quiet_context(), {"alerts": 9.0}, drift.suite("ztf", [Measure("alerts", "warning", "m", 9.0, 0.1, 5.0)]), docs
    )
    assert docs.write_index("a night") == "docs/index.html"
    assert "ztf__drift.html" in (tmp_path / "docs" / "index.html").read_text()
    page = (tmp_path / "docs" / "ztf__drift.html").read_text()
    assert "alerts" in page
    assert "Traceback" not in page
    assert DocsFolder(tmp_path).write_index("empty") == ""
    assert not (tmp_path / "docs").exists()
