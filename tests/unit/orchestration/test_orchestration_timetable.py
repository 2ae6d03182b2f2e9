"""A backfill runs the nights that were closed, and survives the trip through Airflow's database."""

import datetime as dt

import pytest

from fink_lib.config import Settings
from fink_lib.orchestration.plugin import FinkPlugin
from fink_lib.orchestration.timetable import ClosedNightsTimetable

NIGHTS = ("2018-11-29", "2021-11-22", "2023-10-18")


@pytest.fixture
def closed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for night in NIGHTS:
        settings.night_dir("ztf", night).mkdir(parents=True)
    (settings.nights / "ztf" / "index.html").touch()
    monkeypatch.setenv("FINK_HOME", str(settings.home))
    return settings


def keys(first: str, last: str) -> list[str | None]:
    timetable = ClosedNightsTimetable.deserialize(ClosedNightsTimetable("ztf").serialize())
    ends = {
        "earliest": dt.datetime.fromisoformat(f"{first}T00:00Z"),
        "latest": dt.datetime.fromisoformat(f"{last}T00:00Z"),
    }
    return [info.partition_key for info in timetable.iter_partition_dagrun_infos(**ends)]


@pytest.mark.usefixtures("closed")
def test_a_range_of_years_makes_runs_for_its_closed_nights() -> None:
    assert keys("2018-01-01", "2026-01-01") == list(NIGHTS)
    assert keys("2018-11-29", "2021-11-22") == list(NIGHTS[:2])
    assert keys("2018-11-30", "2021-11-21") == []


def test_a_home_without_nights_has_nothing_to_run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINK_HOME", str(settings.home))
    assert keys("2018-01-01", "2026-01-01") == []


def test_airflow_finds_it_by_name() -> None:
    assert ClosedNightsTimetable in FinkPlugin.timetables
