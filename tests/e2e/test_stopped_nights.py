"""A night with planted faults, under a real Airflow: it stops before anything is built on it, and the UI says why.

Every critical expectation is broken, all of them at once; ``FINK_TEST_FAULTS=each`` breaks one after another.
"""

import datetime as dt
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.airflow_pages import airflow_pages
from e2e.waiting import wait
from fink_lib.config import Settings
from fink_lib.host.airflow import LocalAirflow
from fink_lib.host.stack import connected
from tests.builders.lake import Fault
from tests.builders.lake_folder import lake_folder
from tests.builders.rounds import Round, all_faults, each_fault

pytestmark = [pytest.mark.e2e, pytest.mark.airflow, pytest.mark.kafka, pytest.mark.spark]

DAG_ID = "ztf_rerun_nights"
EACH = os.environ.get("FINK_TEST_FAULTS") == "each"
ROUNDS = each_fault() if EACH else all_faults()


@pytest.fixture(scope="module")
def copied(
    loaded: str, nights: Path, e2e_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalAirflow]:
    """An Airflow of its own for a copy of the nights; Kafka is that which they came through."""
    home = tmp_path_factory.mktemp("copied") / "home"
    shutil.copytree(nights / "nights", home / "nights")
    settings = connected(e2e_settings).model_copy(update={"home": home, "airflow_port": 0})
    with LocalAirflow(settings) as airflow:
        with airflow.api() as api:
            api.unpause(DAG_ID)
        yield airflow


@pytest.fixture
def lake(nights: Path, copied: LocalAirflow) -> Path:
    """The lake as the nights and the catalogues left it."""
    lake = lake_folder(copied.settings)
    shutil.rmtree(lake, ignore_errors=True)
    shutil.copytree(nights / "lake", lake)
    return lake


@pytest.mark.parametrize("planted", ROUNDS, ids=lambda planted: "+".join(map(str, planted.values())))
def test_a_night_with_a_fault_stops_and_says_why(planted: Round, copied: LocalAirflow, lake: Path) -> None:
    for night, fault in planted.items():
        fault.plant(lake, night)
    with airflow_pages(copied.login) as pages:
        runs = {night: pages.trigger(DAG_ID, {"night": str(night)}) for night in planted}
        for night, run_id in runs.items():
            wait(f"the end of {night}", lambda run_id=run_id: state_of(copied, run_id) in {"success", "failed"})
            assert_stopped(copied, run_id)
            told = pages.error_of(
                DAG_ID, run_id, "quality", re.compile(r"critical expectations? failed on the night.*\)", re.DOTALL)
            )
            assert_named(told, night, planted[night])
            stays_open = re.compile(f"the night ztf {night} stays open.*critical expectations failed: ", re.DOTALL)
            reason = pages.error_of(DAG_ID, run_id, "manifest", stays_open)
            assert set(re.findall(r"\w+__\w[\w.]+", reason)) == planted[night].names, reason


def state_of(airflow: LocalAirflow, run_id: str) -> str:
    with airflow.api() as api:
        return str(api.dag_run(DAG_ID, run_id)["state"])


def assert_stopped(airflow: LocalAirflow, run_id: str) -> None:
    """Nothing is built on the night: what needs it has not run, and the night is not closed."""
    with airflow.api() as api:
        tasks = {task["task_id"]: task["state"] for task in api.task_instances(DAG_ID, run_id)}
    waited = ("crossmatch", "objects", "events", "compact", "statistics", "serve")
    assert {tasks[step] for step in waited} == {"upstream_failed"}
    assert (tasks["quality"], tasks["manifest"], tasks["report"]) == ("failed", "failed", "success")
    assert state_of(airflow, run_id) == "failed"


def assert_named(told: str, night: dt.date, fault: Fault) -> None:
    """One sentence names the night, how many expectations failed, and each of them with what was found."""
    named = set(re.findall(r"(\w+__[\w.]+) \(", told))
    assert (fault.names - named, named - fault.names) == (set(), set()), "not found, and found beside"
    count = len(fault.names)
    expectations = f"{count} critical expectation{'s' * (count > 1)} failed on the night ztf {night}: "
    assert expectations in told
