"""The suites as code: what they ask of a survey, and under which names."""

import pytest

from expectations import bronze_alerts, night_shares, silver_alerts
from expectations.rules import GRAVE
from fink_lib.lake.rules import row_rules
from fink_lib.surveys import get_survey

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
    suites = [module.suite(survey) for module in (bronze_alerts, silver_alerts, night_shares)]
    assert [suite.name for suite in suites] == ["bronze_ztf__alerts", "silver_ztf__alerts", "ztf__night_shares"]
    for suite in suites:
        names = [expectation.meta["name"] for expectation in suite.expectations]
        assert len(names) == len(set(names)) > 3
        assert all(expectation.meta["meaning"].endswith(".") for expectation in suite.expectations)
        assert {str(expectation.severity.value) for expectation in suite.expectations} <= {
            "critical",
            "warning",
            "info",
        }


def test_silver_is_judged_by_the_cuts_of_the_survey() -> None:
    names = {judged.rule.name for judged in silver_alerts.rules(get_survey("ztf"))}
    assert {"cut_nbad", "cut_rb", "science_versions"} <= names
