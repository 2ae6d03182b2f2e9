"""A night computed again under a real Airflow, and rejected; what goes live and comes back is in tests/e2e."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from decided import DAG_ID, Desk

from fink_lib.lake.digest import table_digest
from fink_lib.reprocess.decisions import decisions
from fink_lib.reprocess.request import request_id_of
from fink_lib.streams.runner import settings_environment
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


def live(desk: Desk, name: str = "silver") -> Path:
    return SPECS[name].path(desk.settings.lake)


def both(desk: Desk) -> list[str]:
    return [table_digest(live(desk, name)) for name in ("silver", "rejected")]


def test_a_question_keeps_no_other_run_waiting_and_a_command_answers_it(
    desk: Desk, packets: list[dict[str, Any]]
) -> None:
    empty = both(desk)
    told = fink(desk, "run", "--airflow", "--first-night", NIGHT, "--no-dry-run", "--reason", "a first time")
    run_id = told.strip().rsplit("/", 1)[1]
    assert f"{len(packets)} alerts would change" in desk.question(run_id)

    with desk.airflow.api() as api:
        dry = api.trigger(DAG_ID, {"first_night": NIGHT})
    states = desk.end(dry)
    assert states["diff"] == "success"
    assert {states[task] for task in ("approval", "promote", "discard")} == {"skipped"}
    assert desk.tasks(run_id)["approval"] == "awaiting_input"
    candidates = [desk.settings.lake / f"candidate_{request_id_of(each)}" for each in (run_id, dry)]
    assert [path.exists() for path in candidates] == [True, False], "of a dry run the comparison is enough"

    said = fink(desk, "discard", request_id_of(run_id), "--by", "vera", "--reason", "not yet")
    assert f"answered  Reject: {desk.airflow.login.url}/dags/{DAG_ID}/runs/{run_id}" in said
    states = desk.end(run_id)
    assert (states["promote"], states["discard"]) == ("skipped", "success")
    assert both(desk) == empty
    (decision,) = decisions(desk.settings.lake)
    assert (decision["action"], decision["decided_by"], decision["reason"]) == ("discard", "vera", "not yet")
    assert [row["state"] for row in json.loads(fink(desk, "list", "--json"))] == ["discarded", "compared"]


def test_a_form_that_cannot_be_done_fails_with_one_sentence(desk: Desk) -> None:
    with desk.airflow.api() as api:
        run_id = api.trigger(DAG_ID, {"first_night": "2018-11-28"})
    desk.wait("a try that failed", lambda: desk.tasks(run_id)["plan"] in ("failed", "up_for_retry"))
    assert "bronze of ztf holds no alert from 2018-11-28 to 2018-11-28" in desk.log(run_id, "plan")
