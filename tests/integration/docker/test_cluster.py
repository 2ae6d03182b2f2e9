"""The Spark commands of the compose file, run for real: a master, a worker, and a Delta table written through them."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from fink_lib.config import PROJECT_DIR
from fink_lib.host import ports
from fink_lib.processes.detached import start_detached, stop_session

SCRIPTS = Path(sys.executable).parent
pytestmark = pytest.mark.spark
# A session of its own: the shared one of the other tests has another master and there is one JVM a process.
JOB = """
import sys
from pathlib import Path
import pandas as pd
from pyspark.sql import functions as F
from fink_lib.config import Settings
from fink_lib.lake.spark.session import build_session

settings = Settings()
session = build_session("cluster", settings, memory="512m", conf={"spark.executor.memory": "512m"})

@F.pandas_udf("string")
def where(numbers: pd.Series) -> pd.Series:
    from pyspark import TaskContext
    return pd.Series([str(TaskContext.get().cpus())] * len(numbers))

path = str(settings.lake / "t")
session.range(100).withColumn("cpus", where("id")).write.format("delta").save(path)
rows = session.read.format("delta").load(path)
print("MASTER", session.sparkContext.master, "ROWS", rows.count())
session.stop()
"""


def commands(replaced: dict[str, str]) -> dict[str, tuple[list[str], dict[str, str]]]:
    """Return command and environment of master and worker, some of their words replaced."""
    compose: dict[str, Any] = yaml.safe_load((PROJECT_DIR / "docker" / "compose.yaml").read_text())
    found = {}
    for name in ("spark-master", "spark-worker"):
        service = compose["services"][name]
        program, *words = service["command"]
        found[name] = ([str(SCRIPTS / program), *(replaced.get(word, word) for word in words)], service["environment"])
    return found


def wait_for(what: str, ready: Callable[[], bool], timeout_s: float = 120) -> None:
    deadline = time.monotonic() + timeout_s
    while not ready():
        assert time.monotonic() < deadline, f"{what} is not ready"
        time.sleep(0.2)


@pytest.fixture
def base_env() -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("SPARK_")}
    return {**inherited, "PATH": f"{SCRIPTS}:{inherited['PATH']}", "SPARK_LOCAL_IP": ports.LOOPBACK}


@pytest.fixture
def cluster(tmp_path: Path, base_env: dict[str, str]) -> Iterator[str]:
    port, master_ui, worker_ui = (str(each) for each in ports.free_ports(3))
    address = f"spark://{ports.LOOPBACK}:{port}"
    work = str(tmp_path / "work")
    both = commands({
        "spark-master": ports.LOOPBACK, "7077": port, "8081": master_ui,
        "spark://spark-master:7077": address, "/tmp/spark-work": work,  # noqa: S108  # a place in the container
    })  # fmt: skip
    both["spark-worker"][0][2:2] = ["--host", ports.LOOPBACK, "--webui-port", worker_ui]
    log = tmp_path / "spark-worker.log"
    marks = []
    try:
        for name, (words, extra) in both.items():
            marks.append(start_detached(words, log=tmp_path / f"{name}.log", env={**base_env, **extra}))
            wait_for(name, lambda: ports.answers(int(port)))
        wait_for("worker", lambda: "Successfully registered with master" in log.read_text())
        yield address
    finally:
        for mark in reversed(marks):
            stop_session(mark, timeout_s=20)


def test_a_delta_table_through_the_cluster(
    cluster: str, jars: dict[str, Path], base_env: dict[str, str], tmp_path: Path
) -> None:
    env = {**base_env, "FINK_SPARK_MASTER": cluster, "FINK_HOME": str(tmp_path / "home")}
    job = subprocess.run([sys.executable, "-c", JOB], env=env, capture_output=True, text=True, timeout=400, check=False)
    assert job.returncode == 0, job.stderr[-3000:]
    assert f"MASTER {cluster} ROWS 100" in job.stdout
    # One core an application, as the master of the compose file deals them out.
    assert re.findall(r'"--cores" "(\d+)"', (tmp_path / "spark-worker.log").read_text()) == ["1"]
    assert list((tmp_path / "home" / "lake" / "t").glob("*.parquet"))
    assert list((tmp_path / "work").glob("app-*")), "the worker ran no executor"
