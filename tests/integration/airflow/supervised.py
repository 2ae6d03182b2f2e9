"""What the tests ask of a running Airflow."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import pyarrow as pa
from deltalake import write_deltalake

from fink_lib.config import Settings
from fink_lib.host.airflow import LocalAirflow
from fink_lib.streams.heartbeat import read_heartbeat
from fink_lib.streams.lease import Handle
from fink_lib.streams.runner import LocalRunner
from fink_lib.streams.spec import Stage, StreamSpec

PATIENCE_S = 600.0  # a minute on an idle host
Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Broker:
    """A running Airflow and what a test asks of it."""

    settings: Settings
    airflow: LocalAirflow

    def spec(self, stage: Stage) -> StreamSpec:
        return StreamSpec("ztf", stage, self.settings)

    def driver(self, stage: Stage) -> Handle | None:
        return LocalRunner(self.settings).find(self.spec(stage))

    def drivers(self) -> dict[Stage, Handle | None]:
        return {stage: self.driver(stage) for stage in Stage}

    def feed(self, night: str, rows: int) -> None:
        """Let alerts of a night arrive."""
        table = pa.table({"night": [date.fromisoformat(night)] * rows, "id": list(range(rows))})
        write_deltalake(str(self.settings.lake / "incoming"), table, mode="append", partition_by=["night"])

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        with self.airflow.api() as api:
            return api.dag_runs(dag_id)

    def tasks(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        with self.airflow.api() as api:
            return {task["task_id"]: task["state"] for task in api.task_instances(dag_id, run_id)}

    def tries(self, dag_id: str, run_id: str) -> dict[str, int]:
        """Return how often each task that failed was tried."""
        with self.airflow.api() as api:
            tasks = api.task_instances(dag_id, run_id)
        return {task["task_id"]: task["try_number"] for task in tasks if task["state"] == "failed"}

    def closings(self, night: str) -> list[dict[str, Any]]:
        """Runs of close_night that a drained night started."""
        return [run for run in self.runs("ztf_close_night") if run["partition_key"] == night]

    def wait(self, what: str, look: Callable[[], Seen | None]) -> Seen:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            seen = look()
            if seen:
                return seen
            assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_S:.0f} s"
            time.sleep(1.0)

    def rows_seen(self, stage: Stage) -> int:
        beat, handle = read_heartbeat(self.spec(stage).paths.heartbeat), self.driver(stage)
        return beat.rows_total if beat is not None and handle is not None and beat.token == handle.token else -1
