"""The question that the DAG of a reprocessing asks in Airflow: answered there when it was decided here."""

import time
from typing import TYPE_CHECKING

from fink_lib.cli.common import say
from fink_lib.config import Settings
from fink_lib.reprocess.folder import RequestFolder
from fink_lib.reprocess.request import request_id_of

if TYPE_CHECKING:
    from fink_lib.host.airflow_api import AirflowApi

TASK = "approval"
WAITS = "awaiting_input"
ON_ITS_WAY = (None, "scheduled", "queued", "running")
PATIENCE_S = 60.0  # between the comparison and the question lie two starts of a task
POLL_S = 1.0


def answer_in_airflow(settings: Settings, folder: RequestFolder, option: str, why: str) -> bool:
    """Answer for the run that made a request, so that it goes to its end; tell whether one was waiting.

    The run then finds that what it is to do was done, and has the nights closed again where they changed.
    """
    from fink_lib.host.airflow import LocalAirflow

    airflow, dag_id = LocalAirflow(settings), f"{folder.request().survey}_reprocess"
    if not airflow.is_running():
        return False
    with airflow.api() as api:
        runs = [run["dag_run_id"] for run in api.dag_runs(dag_id) if run["state"] == "running"]
        for run_id in (run_id for run_id in runs if request_id_of(run_id) == folder.request_id):
            if _is_asked(api, dag_id, run_id):
                api.answer(dag_id, run_id, TASK, option, {"why": why})
                say(f"answered  {option}: {airflow.login.url}/dags/{dag_id}/runs/{run_id}")
                return True
    return False


def _is_asked(api: "AirflowApi", dag_id: str, run_id: str) -> bool:
    """Wait until the run asks; tell whether it does."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        states = {task["task_id"]: task["state"] for task in api.task_instances(dag_id, run_id)}
        if states.get(TASK) not in ON_ITS_WAY or time.monotonic() > deadline:
            return states.get(TASK) == WAITS
        time.sleep(POLL_S)
