"""A run in which any task failed is red, whatever its other tasks make of that: Airflow's own scheduling decides."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fink_lib.config import PROJECT_DIR
from tests.dags.test_dag_files import STRUCTURE

DAGS = PROJECT_DIR / "dags"
TIMEOUT_S = 600.0  # half a minute on an idle host


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[str]]]:
    """How the runs of each DAG ended in which a task failed; under no name, how the one without a failure did."""
    home = tmp_path_factory.mktemp("airflow")
    own = {"CORE__DAGS_FOLDER": str(DAGS), "CORE__LOAD_EXAMPLES": "False", "LOGGING__LOGGING_LEVEL": "ERROR"}
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")},
        **{f"AIRFLOW__{key}": value for key, value in own.items()},
        "AIRFLOW_HOME": str(home),
        "FINK_HOME": str(home / "fink"),
    }
    command = [sys.executable, str(Path(__file__).with_name("fail_each.py")), str(DAGS)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, dict[str, list[str]]] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_every_task_of_every_dag_was_let_fail(ends: dict[str, dict[str, list[str]]]) -> None:
    assert {dag_id: set(tasks) - {""} for dag_id, tasks in ends.items()} == {
        dag_id: set(tasks) for dag_id, tasks in STRUCTURE.items()
    }


@pytest.mark.parametrize("dag_id", sorted(STRUCTURE))
def test_a_run_is_red_when_any_task_failed_and_green_when_none_did(
    dag_id: str, ends: dict[str, dict[str, list[str]]]
) -> None:
    assert ends[dag_id] == {"": ["success"], **{task: ["failed"] for task in STRUCTURE[dag_id]}}
