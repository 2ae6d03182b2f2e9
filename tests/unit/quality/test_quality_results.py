"""Quality results say the same after a night is closed again, unless it is judged otherwise."""

import datetime as dt
from typing import Any

import pytest
from deltalake import DeltaTable

from fink_lib.config import Settings
from fink_lib.lake import tables
from fink_lib.lake.digest import table_digest
from fink_lib.lake.small import read_rows, replace_rows
from fink_lib.nightly.closed import COLUMNS, NightsLedger
from fink_lib.nightly.job import NightContext
from fink_lib.nightly.statistics.history import TRAILING_NIGHTS, recent
from fink_lib.quality.quality_results import record_results, rows_before
from fink_lib.surveys import ZTF

NIGHT = dt.date(2021, 11, 22)


def judged(**changes: Any) -> list[dict[str, Any]]:
    usual = {"name": "a", "severity": "critical", "success": True, "observed": "0", "rows": 9, "unexpected": 0}
    other = {**usual, "name": "b", "severity": "info", "observed": None, "rows": None, "meaning": "b is b"}
    return [{"suite": "silver", "expectations": [{**usual, "meaning": "a is a", **changes}, other]}]


def run(settings: Settings, number: int, night: dt.date = NIGHT) -> NightContext:
    return NightContext(settings, ZTF, night, f"run-{number}")


def test_a_night_that_is_judged_as_before_keeps_its_rows(settings: Settings) -> None:
    path = tables.gold_quality_results().path(settings.lake)
    first = record_results(run(settings, 1), judged())
    digest = table_digest(path)
    reordered = [{**suite, "expectations": suite["expectations"][::-1]} for suite in judged()]
    assert record_results(run(settings, 2), reordered) == first == DeltaTable(str(path)).version()
    assert table_digest(path) == digest
    assert record_results(run(settings, 3), judged(success=False)) == first + 1
    rows = read_rows(tables.gold_quality_results(), settings.lake)
    assert [(row["expectation"], row["success"], row["run_id"]) for row in rows] == [
        ("a", False, "run-3"),
        ("b", True, "run-3"),
    ]
    record_results(run(settings, 4), [])
    assert read_rows(tables.gold_quality_results(), settings.lake) == []


@pytest.mark.parametrize("closed_before", [False, True])
def test_a_night_is_judged_beside_those_before_it_and_not_beside_itself(
    settings: Settings,
    closed_before: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    nights = [NIGHT - dt.timedelta(days=1), *([NIGHT] if closed_before else [])]
    for night in nights:
        manifest = {**dict.fromkeys(COLUMNS, 0), "survey": "ztf", "night": night.isoformat(), "run_id": "run-1"}
        NightsLedger(settings.lake).record({**manifest, "equation_holds": True}, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        record_results(run(settings, 1, night), judged())
    found = {table: {row["night"] for row in rows} for table, rows in rows_before(run(settings, 2)).items()}
    assert found["gold__nights"] == found["gold__quality_results"] == {nights[0]}


def test_what_is_judged_beside_a_night_does_not_grow_with_all_nights(settings: Settings) -> None:
    spec, many = tables.gold_tracklets("ztf"), 20
    for back in range(1, many + 1):
        night = NIGHT - dt.timedelta(days=back)
        manifest = {**dict.fromkeys(COLUMNS, 0), "survey": "ztf", "night": night.isoformat(), "run_id": "run-1"}
        NightsLedger(settings.lake).record({**manifest, "equation_holds": True}, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        record_results(run(settings, 1, night), judged())
        replace_rows(spec, settings.lake, [{"night": night, "alert_id": back}], {"night": night.isoformat()})
    lately = {NIGHT - dt.timedelta(days=back) for back in range(1, TRAILING_NIGHTS + 1)}
    for table, rows in rows_before(run(settings, 2)).items():
        assert {row["night"] for row in rows} == lately or table == "gold__statistics"
    linked = recent(spec, settings.lake, "ztf", NIGHT)
    assert {row["alert_id"] for row in linked} == set(range(1, TRAILING_NIGHTS + 1))
