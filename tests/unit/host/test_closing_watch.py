"""What keeps a night open is said: the DAG is paused, or which of its steps failed and with which sentence."""

import datetime as dt
from pathlib import Path
from typing import Any, Self

import pytest

from fink_lib.config import Settings
from fink_lib.errors import HostError
from fink_lib.host import closing_watch
from fink_lib.host.closing_watch import Closing, ClosingWatch, look_at_closing, work_done
from fink_lib.nightly.results import Step, write_failure, write_result

NIGHT, NEXT = dt.date(2021, 11, 22), dt.date(2021, 11, 23)
SINCE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class Api:
    """An Airflow of a test's own."""

    base_url = "http://airflow"

    def __init__(self, runs: list[dict[str, Any]], *, paused: bool = False) -> None:
        self.runs, self.paused = runs, paused

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close nothing."""

    def is_paused(self, dag_id: str) -> bool:
        assert dag_id == "ztf_close_night"
        return self.paused

    def dag_runs(self, _dag_id: str) -> list[dict[str, Any]]:
        return self.runs

    def task_instances(self, _dag_id: str, _run_id: str) -> list[dict[str, Any]]:
        states = {"drain": "success", "reconcile": "failed", "manifest": "failed", "report": "success"}
        return [{"task_id": task, "state": state} for task, state in states.items()]


def run(night: dt.date, state: str, run_id: str = "r1", **changes: Any) -> dict[str, Any]:
    facts = {"dag_id": "ztf_close_night", "dag_run_id": run_id, "partition_key": night.isoformat(), "conf": {}}
    return {**facts, "state": state, "run_after": "2026-01-01T00:10:00Z", **changes}


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Any:
    def install(*runs: dict[str, Any], paused: bool = False) -> None:
        monkeypatch.setattr(closing_watch.LocalAirflow, "is_running", lambda _: True)
        monkeypatch.setattr(closing_watch.LocalAirflow, "api", lambda _: Api(list(runs), paused=paused))

    return install


def test_a_paused_dag_is_named(settings: Settings, airflow: Any) -> None:
    airflow(paused=True)
    assert look_at_closing(settings, "ztf", [NIGHT], SINCE) == Closing(
        ("ztf_close_night is paused: `fink airflow dags unpause ztf_close_night` lets it go on",)
    )


def test_the_steps_that_failed_are_named_with_the_sentence_of_the_first(settings: Settings, airflow: Any) -> None:
    write_failure(settings.night_dir("ztf", NIGHT.isoformat()), Step.RECONCILE, "r1", "2 messages are in no table")
    airflow(run(NIGHT, "failed"))
    assert look_at_closing(settings, "ztf", [NIGHT], SINCE) == Closing(
        ("reconcile, manifest of ztf 2021-11-22 failed: 2 messages are in no table",), hopeless=True
    )


def test_a_step_without_a_sentence_leads_to_its_run(settings: Settings, airflow: Any) -> None:
    airflow(run(NIGHT, "failed", partition_key=None, conf={"night": "2021-11-22"}))
    (told,) = look_at_closing(settings, "ztf", [NIGHT], SINCE).troubles
    assert told.endswith("failed: see http://airflow/dags/ztf_close_night/runs/r1")


@pytest.mark.parametrize(
    "runs",
    [
        [run(NIGHT, "failed"), run(NEXT, "running")],
        [run(NIGHT, "failed")],
        [run(NIGHT, "success"), run(NIGHT, "failed", "older")],
        [run(NIGHT, "failed", run_after="2025-12-31T23:59:00Z")],
        [],
    ],
)
def test_hope_is_given_up_only_when_every_open_night_has_failed(
    runs: list[dict[str, Any]], settings: Settings, airflow: Any
) -> None:
    airflow(*runs)
    assert not look_at_closing(settings, "ztf", [NIGHT, NEXT], SINCE).hopeless


def test_a_failure_is_believed_when_it_stays(settings: Settings, airflow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    airflow(run(NIGHT, "failed"))
    clock = [0.0]
    monkeypatch.setattr(closing_watch.time, "monotonic", lambda: clock[0])
    watch = ClosingWatch(settings, "ztf", SINCE)
    told = []
    for clock[0] in (0.0, 2.0, 10.0, 20.0):
        told.append(watch.look([NIGHT]).hopeless)
    assert told == [False, False, False, True]


def test_an_airflow_that_does_not_answer_is_no_reason_to_end(
    settings: Settings, airflow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow()

    def fail(*_: object) -> bool:
        raise HostError("Airflow does not answer")

    monkeypatch.setattr(Api, "is_paused", fail)
    assert look_at_closing(settings, "ztf", [NIGHT], SINCE) == Closing(("Airflow does not answer",))


def test_work_shows_in_the_files_of_a_night(settings: Settings) -> None:
    assert work_done(settings, "ztf", [NIGHT]) == ()
    path = write_result(settings.night_dir("ztf", NIGHT.isoformat()), Step.QUALITY, "r1", {})
    assert [Path(name).name for name, _ in work_done(settings, "ztf", [NIGHT, NEXT])] == [path.name]
