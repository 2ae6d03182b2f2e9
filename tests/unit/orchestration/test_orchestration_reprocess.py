import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
from airflow.providers.standard.operators.hitl import ApprovalOperator

from fink_lib.config import Settings
from fink_lib.errors import JobFailed
from fink_lib.orchestration.reprocess import (
    DECISION,
    REQUEST_ID,
    DecisionOperator,
    ReprocessOperator,
    may_be_promoted,
)
from fink_lib.reprocess.request import request_id_of


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FINK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FINK_PROJECT", str(tmp_path / "project"))
    path = tmp_path / "project" / "jobs" / "on_demand" / "reprocess.py"
    path.parent.mkdir(parents=True)
    return path


def operator(step: str, **options: Any) -> ReprocessOperator:
    mine = ReprocessOperator(task_id=step, survey="ztf", step=step, **options)
    mine.request_id, mine.decided_by, mine.reason = "run-1", "vera", "why"
    mine.request = json.dumps({"first_night": "2018-11-29", "dry_run": False, "catalogs": None})
    return mine


def test_a_step_is_given_the_request_and_the_decision(job: Path) -> None:
    job.write_text("import json, os, sys; open(os.environ['FINK_HOME'] + '.txt', 'w').write(json.dumps(sys.argv[1:]))")
    told = operator("plan").execute({})
    assert told == "request run-1: plan done"
    words = json.loads(Path(f"{Settings().home}.txt").read_text())
    assert words[:3] == ["plan", "--id", "run-1"]
    assert json.loads(words[4]) == {"first_night": "2018-11-29", "dry_run": False, "catalogs": None, "survey": "ztf"}
    assert words[5:] == ["--by=vera", "--reason=why"]


def test_the_comparison_is_what_the_person_reads(job: Path) -> None:
    job.write_text("")
    folder = Settings().home / "reprocess" / "run-1"
    folder.mkdir(parents=True)
    (folder / "diff.md").write_text("12 alerts would change")
    assert operator("diff").execute({}) == "12 alerts would change"


def test_the_last_word_of_a_failing_step_is_the_error(job: Path) -> None:
    job.write_text("import sys; sys.stderr.write('noise\\npromote failed: the night has changed\\n'); sys.exit(2)")
    with pytest.raises(JobFailed, match=r"^promote failed: the night has changed$"):
        operator("promote").execute({})


def test_a_promotion_has_its_nights_closed_again(job: Path) -> None:
    job.write_text("")
    folder = Settings().home / "reprocess" / "run-1"
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps({"nights": ["2018-11-29", "2021-11-22"]}))

    class Event:
        extra: dict[str, Any]
        partitions: list[str]

        def add_partitions(self, keys: list[str]) -> None:
            self.partitions = keys

    mine, event = operator("promote", announces=True), Event()
    mine.execute({"outlet_events": {mine.night: event}})
    assert event.partitions == ["2018-11-29", "2021-11-22"]
    assert mine.outlets == [mine.night]
    assert operator("diff").outlets == []


@pytest.mark.parametrize("run_id", ["manual__2026-11-27T14:17:31.123456+00:00", "manual__2026-11-27T14:17:31+00:00_x9"])
def test_a_request_is_found_again_by_its_run(run_id: str) -> None:
    assert jinja2.Template(REQUEST_ID).render(run_id=run_id) == request_id_of(run_id)


@pytest.mark.parametrize("chosen", ["Approve", "Reject"])
def test_who_answered_and_why_is_left_behind_also_for_a_reject(chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    left: dict[str, Any] = {}
    context = {"ti": SimpleNamespace(xcom_push=lambda key, value: left.update({key: value}))}
    monkeypatch.setattr(ApprovalOperator, "execute_complete", lambda *_: "as Airflow does")
    mine = DecisionOperator(task_id="approval", subject="go live?")
    event = {"chosen_options": [chosen], "responded_by_user": {"name": "vera"}, "params_input": {"why": "not yet"}}
    assert mine.execute_complete(context, event) == "as Airflow does"
    assert left == {DECISION: {"by": "vera", "why": "not yet"}}


@pytest.mark.parametrize(("told", "asked"), [("False", True), ("True", False), ("None", False), ("", False)])
def test_only_a_plain_no_to_a_dry_run_asks_a_person(told: str, asked: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert may_be_promoted(told) is asked
