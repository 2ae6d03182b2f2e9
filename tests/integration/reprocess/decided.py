"""What the tests ask of a running Airflow with the reprocessing DAG."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from fink_lib.config import Settings
from fink_lib.host.airflow import LocalAirflow

DAG_ID = "ztf_reprocess"
PATIENCE_S = 900.0  # two minutes on an idle host
Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Desk:
    """A running Airflow, where somebody starts runs and decides."""

    settings: Settings
    airflow: LocalAirflow

    def wait(self, what: str, look: Callable[[], Seen | None]) -> Seen:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            seen = look()
            if seen:
                return seen
            assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_S:.0f} s"
            time.sleep(2.0)

    def tasks(self, run_id: str) -> dict[str, str | None]:
        with self.airflow.api() as api:
            return {task["task_id"]: task["state"] for task in api.task_instances(DAG_ID, run_id)}

    def question(self, run_id: str) -> str:
        """Wait until a person is asked; return what that person reads."""

        def look() -> str | None:
            states = self.tasks(run_id)
            failed = [task for task, state in states.items() if state in ("failed", "upstream_failed")]
            assert not failed, f"{failed}: {self.log(run_id, failed[0])}"
            return "asked" if states.get("approval") == "awaiting_input" else None

        self.wait("the approval", look)
        path = f"/dags/{DAG_ID}/dagRuns/{run_id}/taskInstances/approval/-1/hitlDetails"
        with self.airflow.api() as api:
            return str(api._request("GET", path).json()["body"])

    def end(self, run_id: str) -> dict[str, str | None]:
        """Wait until a run has ended; return the states of its tasks."""

        def look() -> str | None:
            with self.airflow.api() as api:
                state = str(api.dag_run(DAG_ID, run_id)["state"])
            return state if state in ("success", "failed") else None

        state = self.wait("the end of the run", look)
        tasks = self.tasks(run_id)
        assert state == "success", {task: self.log(run_id, task) for task, end in tasks.items() if end == "failed"}
        return tasks

    def log(self, run_id: str, task: str) -> str:
        with self.airflow.api() as api:
            return api.task_log(DAG_ID, run_id, task)[-3000:]
