"""What an analyst does with real nights that are over: compute one again in a browser, and backfill all three."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from e2e.airflow_pages import airflow_pages
from e2e.conftest import ARCHIVES, Fink
from e2e.waiting import all_runs_ended, wait
from fink_lib.config import Settings
from fink_lib.host.airflow import LocalAirflow
from fink_lib.lake.digest import table_digest
from fink_lib.lake.reading import read
from fink_lib.offline.packets import packets_of
from fink_lib.reprocess.decisions import decisions
from fink_lib.simulator import resolve_path
from fink_lib.surveys import get_survey

pytestmark = [pytest.mark.e2e, pytest.mark.airflow, pytest.mark.kafka, pytest.mark.spark]

Books = dict[str, Any]
KINDS = ("html", "json")
STRICTER = {"cut.rb": "candidate.rb >= 0.65"}
BACKFILLS = int(os.environ.get("FINK_TEST_BACKFILLS", "1"))
OF_CLOSINGS = ("gold__quality_results", "gold__nights")  # a night that was closed late is judged beside more nights
BOOKS = (
    "offered",
    "bronze",
    "quarantine",
    "silver",
    "rejected",
    "repeats",
    "published",
    "equations",
    "lost",
    "latency_s",
)


def backfills_ended(airflow: LocalAirflow, count: int) -> bool:
    with airflow.api() as api:
        ended = [backfill["completed_at"] for backfill in api.backfills("ztf_rerun_nights")]
    return len(ended) == count and all(ended)


def runs_of(airflow: LocalAirflow, dag_id: str) -> int:
    with airflow.api() as api:
        return len(api.dag_runs(dag_id))


def state_of(airflow: LocalAirflow, run_id: str) -> dict[str, str | None]:
    with airflow.api() as api:
        return {task["task_id"]: task["state"] for task in api.task_instances("ztf_reprocess", run_id)}


def live(settings: Settings) -> dict[str, str]:
    return {name: table_digest(settings.lake / f"silver_ztf__{name}") for name in ("alerts", "rejected")}


def silver_ids(settings: Settings, night: str) -> set[int]:
    found = read("silver", "ztf", night=night, columns=["alert_id"], lake=settings.lake)
    return set(found["alert_id"].to_pylist())


def weak_ids(settings: Settings, path: Path) -> set[int]:
    """Return the good alerts whose score is below the stricter cut, told from the packets alone.

    A score is a float of four bytes: one that is written as 0.65 passes a cut at 0.65.
    """
    weakest, strict = np.float32(0.55), np.float32(0.65)
    packets = packets_of(resolve_path(str(path), settings, get_survey("ztf")), get_survey("ztf"))
    return {
        packet["candid"]
        for packet in packets
        if packet["candidate"]["nbad"] == 0 and weakest <= np.float32(packet["candidate"]["rb"] or 0) < strict
    }


def test_reports_of_past_nights_are_drawn_again_byte_for_byte(airflow: LocalAirflow, fink: Fink) -> None:
    pages = [airflow.settings.night_dir("ztf", night) / f"report.{kind}" for night in ARCHIVES for kind in KINDS]
    before = [page.read_bytes() for page in pages]
    for page in pages:
        if page.suffix == ".html":  # its twin knows the address of the run
            page.unlink()
    fink("report", "all")
    assert [page.read_bytes() for page in pages] == before


def test_a_night_is_reprocessed_by_clicks_goes_live_and_comes_back(
    airflow: LocalAirflow, fink: Fink, shared_data: Path, tmp_path: Path
) -> None:
    settings, night = airflow.settings, "2018-11-29"
    weak = weak_ids(settings, shared_data / "ztf" / ARCHIVES[night])
    before, passed = live(settings), silver_ids(settings, night)
    closed = runs_of(airflow, "ztf_close_night")
    with airflow.api() as api:
        api.unpause("ztf_reprocess")
    with airflow_pages(airflow.login) as pages:
        form = {"first_night": night, "reason": "a stricter score"}
        run_id = pages.trigger("ztf_reprocess", form, {"Overrides": STRICTER}, off="dry_run")
        wait("the question", lambda: state_of(airflow, run_id)["approval"] == "awaiting_input")
        asked = pages.question("go live")
        assert f"{len(weak)} alerts: silver → rejected" in asked
        assert live(settings) == before, "nothing goes live before a person says so"
        pages.answer("Approve", "looked at in a browser")
        wait("the promotion", lambda: state_of(airflow, run_id)["promote"] == "success")
    (request,) = (row for row in json.loads(fink("reprocess", "list", "--json")))
    diff = json.loads((settings.home / "reprocess" / request["request"] / "diff.json").read_text())
    assert set(diff["alert_ids"]) == weak != set()
    assert silver_ids(settings, night) == passed - weak
    (decision,) = decisions(settings.lake)
    assert (decision["action"], decision["decided_by"]) == ("promote", "admin")
    wait("the night to be closed again", lambda: all_runs_ended(airflow, "ztf_close_night", closed + 1))
    fink("reprocess", "undo", request["request"], "--reason", "the end of the test")
    assert live(settings) == before
    assert [row["action"] for row in decisions(settings.lake)] == ["promote", "undo"]
    wait("the night to be closed once more", lambda: all_runs_ended(airflow, "ztf_close_night", closed + 2))
    assert [books_of(settings, night, version)["silver"] for version in (1, 2, 3)] == [232, 232 - len(weak), 232]


def test_a_backfill_leaves_what_was_there(airflow: LocalAirflow, fink: Fink) -> None:
    settings = airflow.settings
    before, books = digests(settings), {night: books_of(settings, night) for night in ARCHIVES}
    closings = set()
    with airflow.api() as api:
        api.unpause("ztf_rerun_nights")
    # Of three closed nights one is out of the range, unless all are asked for again and again.
    first, *_, last = sorted(ARCHIVES)[: None if BACKFILLS > 1 else 2]
    nights = [night for night in closed_nights(settings) if first <= night <= last]
    years = ["--from-date", first, "--to-date", last, "--reprocess-behavior", "completed"]
    for number in range(1, 1 + BACKFILLS):
        fink("airflow", "backfill", "create", "--dag-id", "ztf_rerun_nights", *years)
        wait(f"backfill {number}", lambda count=number: backfills_ended(airflow, count))
        assert all_runs_ended(airflow, "ztf_rerun_nights", number * len(nights))
        assert runs_of(airflow, "ztf_rerun_nights") == number * len(nights), "each backfill runs its nights, once"
        # The first may judge a night beside others that were not there when it was closed: its quality alone changes.
        closings.add(tuple(table_digest(settings.lake / name) for name in OF_CLOSINGS))
        assert digests(settings) == before
        assert {night: books_of(settings, night) for night in ARCHIVES} == books
        assert len(closings) == 1


def closed_nights(settings: Settings) -> list[str]:
    return sorted(path.parent.name for path in settings.nights.glob("ztf/*/manifest.json"))


def books_of(settings: Settings, night: str, version: int | None = None) -> Books:
    """Return what a manifest counts: the newest, or one version of it."""
    name = "manifest.json" if version is None else f"manifest.v{version}.json"
    manifest = json.loads((settings.home / "nights" / "ztf" / night / name).read_text())
    return {what: manifest[what] for what in BOOKS}


def digests(settings: Settings) -> dict[str, str]:
    """Return what every table says, but for those of closings."""
    tables = sorted(path.name for path in settings.lake.iterdir() if (path / "_delta_log").is_dir())
    return {name: table_digest(settings.lake / name) for name in tables if name not in OF_CLOSINGS}
