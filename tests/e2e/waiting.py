"""Waiting for what Airflow does."""

import time
from collections.abc import Callable

from fink_lib.host.airflow import LocalAirflow

PATIENCE_S = 1200.0


def wait(what: str, look: Callable[[], object]) -> None:
    """Wait until something has happened."""
    deadline = time.monotonic() + PATIENCE_S
    while not look():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_S:.0f} s"
        time.sleep(2.0)


def all_runs_ended(airflow: LocalAirflow, dag_id: str, least: int) -> bool:
    """Tell whether a DAG has had so many runs and none of them is under way; none may have failed."""
    with airflow.api() as api:
        states = [run["state"] for run in api.dag_runs(dag_id)]
    assert "failed" not in states
    return len(states) >= least and set(states) == {"success"}


def succeeded(airflow: LocalAirflow, dag_id: str, run_id: str) -> bool:
    """Tell whether a run has ended; it may not have failed."""
    with airflow.api() as api:
        state = api.dag_run(dag_id, run_id)["state"]
    assert state != "failed", f"{run_id} of {dag_id} failed"
    return bool(state == "success")
