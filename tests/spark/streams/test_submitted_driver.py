"""A setting chooses how drivers are started: as a process, or by spark-submit; they are found and ended alike."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from fink_lib.config import Settings
from fink_lib.processes.identity import processes_of
from fink_lib.streams.runner import LocalRunner
from fink_lib.streams.runners import SubmitRunner, runner_of
from fink_lib.streams.spec import Stage, StreamSpec

pytestmark = [pytest.mark.spark, pytest.mark.timeout(300)]

DRIVER = """
import json
import os
import time

from fink_lib.config import Settings
from fink_lib.lake.spark.session import build_session
from fink_lib.processes.identity import TOKEN_VARIABLE
from fink_lib.streams.known import asked_stream
from fink_lib.streams.lease import release_lease, take_lease

spec = asked_stream("A driver that tells what it runs in.", Settings())
token = os.environ[TOKEN_VARIABLE]
take_lease(spec, token)
session = build_session(spec.name, spec.settings, memory=spec.settings.stream_memory)
facts = dict(session.sparkContext.getConf().getAll())
facts["heap"] = session._jvm.java.lang.Runtime.getRuntime().maxMemory()
facts["rows"] = session.range(10).count()
(spec.paths.root / "told.part").write_text(json.dumps(facts))
(spec.paths.root / "told.part").rename(spec.paths.root / "told.json")
while not spec.paths.stop_marker.exists():
    time.sleep(0.1)
session.stop()
release_lease(spec, token)
"""
PATIENCE_S = 120.0


@pytest.fixture
def spec(jars: dict[str, Path], tmp_path: Path) -> Iterator[StreamSpec]:
    job = tmp_path / "project" / "jobs" / "streaming" / "enrich.py"
    job.parent.mkdir(parents=True)
    job.write_text(DRIVER)
    home, project = tmp_path / "home", tmp_path / "project"
    settings = Settings(home=home, project=project, stream_runner="spark-submit", stream_memory="600m")
    mine = StreamSpec("ztf", Stage.ENRICH, settings)
    yield mine
    runner_of(settings).kill(mine)


def told(spec: StreamSpec) -> dict[str, str]:
    path, deadline = spec.paths.root / "told.json", time.monotonic() + PATIENCE_S
    while not path.exists():
        assert time.monotonic() < deadline, spec.paths.log.read_text()
        time.sleep(0.1)
    found: dict[str, str] = json.loads(path.read_text())
    return found


def test_a_driver_of_spark_submit_is_found_and_ended(spec: StreamSpec) -> None:
    runner = runner_of(spec.settings)
    assert isinstance(runner, SubmitRunner)
    handle = runner.submit(spec)
    assert runner.find(spec) == handle
    assert LocalRunner(spec.settings).find(spec) == handle, "whoever looks finds it"
    facts = told(spec)
    assert facts["rows"] == 10  # type: ignore[comparison-overlap]
    assert facts["spark.submit.deployMode"] == "client"
    assert facts["spark.app.name"] == spec.name
    assert 0.5e9 < float(facts["heap"]) < 0.7e9, "the JVM was started with the stream's own memory"
    parent = psutil.Process(handle.pid).parent()
    assert parent is not None
    assert "org.apache.spark.deploy.SparkSubmit" in parent.cmdline()
    runner.stop(spec, PATIENCE_S)
    assert runner.find(spec) is None
    assert processes_of(handle.token) == []


def test_what_is_not_set_is_a_process(tmp_path: Path) -> None:
    assert type(runner_of(Settings(home=tmp_path))) is LocalRunner
    with pytest.raises(ValueError, match="stream_runner"):
        Settings(home=tmp_path, stream_runner="by hand")  # type: ignore[arg-type]
