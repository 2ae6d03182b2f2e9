"""A night computed again under a real Airflow: started as its users start it, approved, rejected, undone."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from decided import DAG_ID, Desk
from deltalake import DeltaTable

from fink_lib.lake.digest import table_digest
from fink_lib.reprocess.decisions import decisions
from fink_lib.streaming.runner import settings_environment
from tests.unit.reprocess.alert_lake import SPECS

pytestmark = [pytest.mark.airflow, pytest.mark.spark]

NIGHT = "2018-11-29"


def fink(desk: Desk, *words: str) -> str:
    """Run the command as its users do."""
    done = subprocess.run(
        [sys.executable, "-m", "fink_lib.cli.main", "reprocess", *words],
        env=settings_environment(desk.settings), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def accepted(packets: list[dict[str, Any]], least_rb: float) -> list[int]:
    """Return what the cuts let pass, told from the packets alone."""
    good = [p for p in packets if p["candidate"]["nbad"] == 0 and (p["candidate"]["rb"] or 0) >= least_rb]
    return sorted(packet["candid"] for packet in good)


def live(desk: Desk, name: str = "silver") -> Path:
    return SPECS[name].path(desk.settings.lake)


def ids(desk: Desk) -> list[int]:
    return sorted(DeltaTable(str(live(desk))).to_pyarrow_table(columns=["alert_id"])["alert_id"].to_pylist())


def both(desk: Desk) -> list[str]:
    return [table_digest(live(desk, name)) for name in ("silver", "rejected")]


def facts(desk: Desk, run_id: str) -> dict[str, Any]:
    name = run_id.replace(":", "").replace("+", "-").replace(".", "-")
    folder = desk.settings.home / "reprocess" / name
    return dict(json.loads((folder / "diff.json").read_text()))


def test_a_night_goes_live_stays_at_a_no_and_comes_back(desk: Desk, packets: list[dict[str, Any]]) -> None:
    empty = both(desk)

    told = fink(desk, "run", "--airflow", "--first-night", NIGHT, "--no-dry-run", "--reason", "a first time")
    first = told.strip().rsplit("/", 1)[1]
    assert "60 alerts would change" in desk.question(first)
    assert both(desk) == empty, "nothing goes live before a person says so"
    desk.answer(first, "Approve", "looks right")
    assert desk.end(first)["discard"] == "skipped"
    assert ids(desk) == accepted(packets, 0.55)
    (decision,) = decisions(desk.settings.lake)
    assert (decision["action"], decision["decided_by"], decision["reason"]) == ("promote", "admin", "looks right")
    first_live = both(desk)

    with desk.airflow.api() as api:
        stricter = {"overrides": {"cut.rb": "candidate.rb >= 0.65"}, "first_night": NIGHT}
        second = api.trigger(DAG_ID, {**stricter, "dry_run": False})
    expected = sorted(set(accepted(packets, 0.55)) - set(accepted(packets, 0.65)))
    assert f"{len(expected)} alerts: silver → rejected" in desk.question(second)
    assert facts(desk, second)["alert_ids"] == expected != []
    desk.answer(second, "Reject", "too strict")
    states = desk.end(second)
    assert (states["promote"], states["discard"]) == ("skipped", "success")
    assert both(desk) == first_live
    assert [row["action"] for row in decisions(desk.settings.lake)] == ["promote", "discard"]

    listed = {row["state"]: row["request"] for row in json.loads(fink(desk, "list", "--json"))}
    fink(desk, "undo", listed["promoted"], "--reason", "the end of the test")
    assert both(desk) == empty


def test_a_dry_run_asks_nobody(desk: Desk) -> None:
    with desk.airflow.api() as api:
        run_id = api.trigger(DAG_ID, {"first_night": NIGHT})
    states = desk.end(run_id)
    assert states["diff"] == "success"
    assert {states[task] for task in ("approval", "promote", "discard")} == {"skipped"}


def test_a_form_that_cannot_be_done_fails_with_one_sentence(desk: Desk) -> None:
    with desk.airflow.api() as api:
        run_id = api.trigger(DAG_ID, {"first_night": "2018-11-28"})
    desk.wait("a try that failed", lambda: desk.tasks(run_id)["plan"] in ("failed", "up_for_retry"))
    assert "bronze of ztf holds no alert from 2018-11-28 to 2018-11-28" in desk.log(run_id, "plan")
