"""The demo waits for the catalogues of its first night, and for none that will not come."""

import datetime as dt
from collections.abc import Sequence
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from fink_lib.catalogs.sources import known_files
from fink_lib.catalogs.versions import CatalogVersion, record_version
from fink_lib.config import Settings
from fink_lib.host import catalogs_watch
from fink_lib.host.catalogs_watch import missing_catalogs, wait_for_catalogs


def load(settings: Settings, names: Sequence[str]) -> None:
    for name in names:
        facts = {"delta_version": 1, "sha256": "ab", "rows": 9, "without_position": 0, "file": "x.csv"}
        told = {"source_version": "1", "reference": "", "code_version": "0", "changed_cells": None}
        now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        record_version(
            settings.lake, CatalogVersion(name=name, version=1, radius_arcsec=1.0, loaded_at=now, **facts, **told)
        )


def runs(monkeypatch: pytest.MonkeyPatch, *states: str) -> list[str]:
    """Let Airflow show these runs; return what is triggered, which fails at once."""
    asked: list[str] = []
    api = SimpleNamespace(dag_runs=lambda _: [{"state": state} for state in states], trigger=asked.append)
    monkeypatch.setattr(catalogs_watch, "LocalAirflow", lambda _: SimpleNamespace(api=lambda: nullcontext(api)))
    monkeypatch.setattr(catalogs_watch, "POLL_S", 0.0)
    return asked


def test_nothing_is_said_where_all_are_loaded(settings: Settings) -> None:
    load(settings, sorted(known_files(None)))
    said: list[str] = []
    wait_for_catalogs(settings, said.append)
    assert said == []


def test_those_that_are_missing_are_waited_for(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    first, *others = sorted(known_files(None))
    load(settings, [first])
    assert missing_catalogs(settings) == others
    assert runs(monkeypatch, "running") == []
    monkeypatch.setattr(catalogs_watch.time, "sleep", lambda _: load(settings, missing_catalogs(settings)))
    said: list[str] = []
    wait_for_catalogs(settings, said.append)
    assert said == [
        f"catalogues are being loaded: {', '.join(others)}",
        f"catalogues in the lake: {', '.join([first, *others])}",
    ]


def test_a_load_that_fails_is_asked_for_once_and_holds_up_no_night(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = runs(monkeypatch, "failed", "success")
    said: list[str] = []
    wait_for_catalogs(settings, said.append)
    assert (len(said), asked) == (2, ["catalogs"])
    assert said[1].startswith("not loaded: ")
    assert "DAG catalogs says why" in said[1]


def test_a_wrong_folder_holds_up_no_night(settings: Settings) -> None:
    said: list[str] = []
    wait_for_catalogs(settings.model_copy(update={"catalogs": settings.home / "nowhere"}), said.append)
    (told,) = said
    assert told.startswith(f"no catalogue is loaded: FINK_CATALOGS={settings.home / 'nowhere'} is no folder")
