"""A real Airflow over a stand-in project: one real Spark driver, two without, nightly steps that leave a trace."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from supervised import Broker

from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.host.airflow import LocalAirflow
from fink_lib.processes.identity import processes_of
from fink_lib.streams.lease import Handle
from fink_lib.streams.runner import LocalRunner
from fink_lib.streams.spec import Stage

DAGS = ("ztf_close_night", *(f"ztf_{stage}" for stage in Stage))


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    home = tmp_path_factory.mktemp("airflow") / "home"
    project = home / "project"
    shutil.copytree(Path(__file__).parent / "stub_project", project)
    (project / "dags").symlink_to(PROJECT_DIR / "dags")
    settings = Settings(
        home=home,
        project=project,
        airflow_port=0,
        spark_master="local[1]",
        stream_memory="512m",
        ingest_trigger_s=0.5,
        night_quiet_s=8,
        night_deadline_s=300,
    )
    mine = Broker(settings, LocalAirflow(settings))
    mine.feed("2021-11-22", 5)
    handles: list[Handle] = []
    try:
        mine.airflow.start()
        with mine.airflow.api() as api:
            for dag_id in DAGS:
                api.unpause(dag_id)
        yield mine
    finally:
        mine.airflow.stop()
        handles = [handle for handle in mine.drivers().values() if handle is not None]
        for stage in Stage:
            LocalRunner(settings).kill(mine.spec(stage))
    assert [process for handle in handles for process in processes_of(handle.token)] == []
