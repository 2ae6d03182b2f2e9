"""Every clause of every filter decides: one alert passes, and for each clause one fails by that clause alone."""

from collections.abc import Iterator

import pytest

from fink_lib.filters.base import Filter
from fink_lib.filters.facts import columns_of
from fink_lib.filters.registry import filters_of
from tests.unit.filters import lsst_cases, ztf_cases
from tests.unit.filters.filter_rows import Absent, Case, Row, verdict

CASES: dict[str, dict[str, Case]] = {"ztf": ztf_cases.CASES, "lsst": lsst_cases.CASES}
FILTERS = {(survey, one.name): one for survey in CASES for one in filters_of(survey)}


def id_of(value: object) -> str:
    return value.name if isinstance(value, Filter) else str(value)


def failures() -> Iterator[tuple[Filter, str, Row]]:
    for (survey, name), chosen in FILTERS.items():
        for clause, changes in CASES[survey][name].fails.items():
            yield from ((chosen, clause, change) for change in changes)


def further() -> Iterator[tuple[Filter, Row]]:
    for (survey, name), chosen in FILTERS.items():
        yield from ((chosen, change) for change in CASES[survey][name].also)


def absences() -> Iterator[tuple[Filter, Absent]]:
    for (survey, name), chosen in FILTERS.items():
        yield from ((chosen, entry) for entry in CASES[survey][name].absent)


@pytest.mark.parametrize("survey", CASES)
def test_every_filter_has_a_truth_table_and_every_truth_table_a_filter(survey: str) -> None:
    assert set(CASES[survey]) == {one.name for one in filters_of(survey)}


@pytest.mark.parametrize("chosen", FILTERS.values(), ids=id_of)
def test_every_clause_has_an_alert_that_fails_by_it(chosen: Filter) -> None:
    assert set(CASES[chosen.survey][chosen.name].fails) == {clause.name for clause in chosen.clauses}


@pytest.mark.parametrize("chosen", FILTERS.values(), ids=id_of)
def test_one_alert_meets_all_clauses(chosen: Filter) -> None:
    answers = verdict(chosen, CASES[chosen.survey][chosen.name].passes)
    assert [name for name, holds in answers.items() if not holds] == []


@pytest.mark.parametrize(("chosen", "clause", "change"), list(failures()), ids=id_of)
def test_one_clause_is_enough_to_keep_an_alert_back(chosen: Filter, clause: str, change: Row) -> None:
    answers = verdict(chosen, {**CASES[chosen.survey][chosen.name].passes, **change})
    assert [name for name, holds in answers.items() if not holds] == [clause]


@pytest.mark.parametrize(("chosen", "change"), list(further()), ids=id_of)
def test_what_a_filter_does_not_ask_for_does_not_decide(chosen: Filter, change: Row) -> None:
    answers = verdict(chosen, {**CASES[chosen.survey][chosen.name].passes, **change})
    assert [name for name, holds in answers.items() if not holds] == []


@pytest.mark.parametrize(("chosen", "absent"), list(absences()), ids=id_of)
def test_a_service_that_was_never_asked_selects_nothing_by_itself(chosen: Filter, absent: Absent) -> None:
    alert = {**CASES[chosen.survey][chosen.name].passes, **absent.change}
    answers = verdict(chosen, {path: value for path, value in alert.items() if path not in absent.columns})
    assert [name for name, holds in answers.items() if not holds] == list(absent.fails)


@pytest.mark.parametrize("chosen", FILTERS.values(), ids=id_of)
def test_every_optional_column_is_absent_once(chosen: Filter) -> None:
    entries = CASES[chosen.survey][chosen.name].absent
    assert {path for entry in entries for path in entry.columns} == set(chosen.optional)


@pytest.mark.parametrize("chosen", FILTERS.values(), ids=id_of)
def test_every_column_that_a_filter_reads_is_known(chosen: Filter) -> None:
    assert set(chosen.inputs) | set(chosen.optional) <= set(columns_of(chosen.survey))


@pytest.mark.parametrize("chosen", FILTERS.values(), ids=id_of)
def test_an_alert_without_any_value_is_not_selected(chosen: Filter) -> None:
    answers = verdict(chosen, dict.fromkeys((*chosen.inputs, *chosen.optional)))
    assert not all(answers.values())
