"""The run loop in a real driver process: why it ends, what it leaves behind, and who may write."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from fink_lib.config import Settings
from fink_lib.processes.identity import TOKEN_VARIABLE, end_processes_of, processes_of
from fink_lib.streams.heartbeat import Heartbeat, StreamState, read_heartbeat
from fink_lib.streams.lease import read_lease
from fink_lib.streams.loop import ExitCode
from fink_lib.streams.runner import settings_environment
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.streams.stop import ask_to_stop

pytestmark = [pytest.mark.spark, pytest.mark.timeout(2400)]

PATIENCE_S = 600.0  # seconds on an idle host; a host that is busy with other work needs minutes
Start = Callable[[str], "subprocess.Popen[bytes]"]


@pytest.fixture
def spec(tmp_path: Path) -> StreamSpec:
    home = tmp_path / "home"
    settings = Settings(
        home=home, project=Path(__file__).parent / "project", spark_master="local[1]", stream_memory="512m"
    )
    for first in (0, 10, 20):
        feed(settings, first)
    return StreamSpec("ztf", Stage.INGEST, settings)


@pytest.fixture
def start(spec: StreamSpec) -> Iterator[Start]:
    started: list[tuple[str, subprocess.Popen[bytes]]] = []

    def begin(token: str) -> "subprocess.Popen[bytes]":
        environment = {**settings_environment(spec.settings), TOKEN_VARIABLE: token}
        spec.paths.root.mkdir(parents=True, exist_ok=True)
        with spec.paths.log.open("ab") as log:
            child = subprocess.Popen(spec.command, env=environment, stdout=log, stderr=log, start_new_session=True)
        started.append((token, child))
        return child

    yield begin
    for token, child in started:
        end_processes_of(token, 15)
        child.wait(15)


def feed(settings: Settings, first: int) -> None:
    rows = pa.table({"id": pa.array(range(first, first + 10), pa.int64())})
    write_deltalake(str(settings.lake / "incoming"), rows, mode="append")


def written(spec: StreamSpec) -> list[int]:
    out = str(spec.settings.lake / "out")
    return sorted(DeltaTable(out).to_pyarrow_table()["id"].to_pylist()) if DeltaTable.is_deltatable(out) else []


def wait_for(spec: StreamSpec, what: str, seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not seen():
        log = spec.paths.log.read_text(errors="replace")[-3000:]
        assert time.monotonic() < deadline, f"{what} has not happened; the driver says:\n{log}"
        time.sleep(0.1)


def beat_of(spec: StreamSpec) -> Heartbeat:
    beat = read_heartbeat(spec.paths.heartbeat)
    assert beat is not None
    return beat


def test_a_stop_lets_the_batch_end_and_begins_no_other(spec: StreamSpec, start: Start) -> None:
    (spec.settings.home / "slow").touch()
    driver = start("first")
    wait_for(spec, "a batch", (spec.settings.home / "working").exists)
    assert set(spec.facts.preload) <= set((spec.settings.home / "loaded").read_text().split()), "workers begin with it"
    second = start("second")
    assert second.wait(PATIENCE_S) == ExitCode.LEASE_HELD
    assert beat_of(spec).token == "first"  # the one that was refused left no trace
    wait_for(spec, "the loop's own beat", lambda: beat_of(spec).trigger_active_since > 0)
    ask_to_stop(spec.paths.stop_marker)
    wait_for(spec, "stopping", lambda: beat_of(spec).state is StreamState.STOPPING)
    (spec.settings.home / "slow").unlink()
    assert driver.wait(PATIENCE_S) == ExitCode.STOPPED
    assert beat_of(spec).state is StreamState.STOPPED
    assert written(spec) == list(range(10)), "one batch of three was begun, so one was written"
    assert not spec.paths.stop_marker.exists()
    assert read_lease(spec.paths.lease) is None
    wait_for(spec, "the end of the JVM", lambda: processes_of("first") == [])


def test_a_killed_driver_takes_its_jvm_along_and_is_taken_over(spec: StreamSpec, start: Start) -> None:
    (spec.settings.home / "slow").touch()
    driver = start("first")
    wait_for(spec, "a batch", (spec.settings.home / "working").exists)
    assert len(processes_of("first")) > 1, "the JVM carries the token of its driver"
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait(15)
    wait_for(spec, "the end of the JVM", lambda: processes_of("first") == [])
    (spec.settings.home / "slow").unlink()
    driver = start("second")
    wait_for(spec, "all rows", lambda: written(spec) == list(range(30)))
    wait_for(spec, "no lag", lambda: beat_of(spec).lag == 0)
    assert beat_of(spec).rows_total == 30
    driver.send_signal(signal.SIGTERM)
    assert driver.wait(PATIENCE_S) == ExitCode.STOPPED
    assert written(spec) == list(range(30))
    assert "reason=SIGTERM" in spec.paths.log.read_text()


def test_a_failing_batch_ends_the_driver_with_its_sentence(spec: StreamSpec, start: Start) -> None:
    (spec.settings.home / "boom").touch()
    assert start("first").wait(PATIENCE_S) == ExitCode.FAILED
    beat = beat_of(spec)
    assert beat.state is StreamState.FAILED
    assert beat.error is not None
    assert "this batch cannot be written" in beat.error
    assert read_lease(spec.paths.lease) is None
    assert written(spec) == []


def test_a_driver_without_spark_says_so(spec: StreamSpec, start: Start, tmp_path: Path) -> None:
    settings = spec.settings.model_copy(update={"cache": tmp_path / "empty"})
    environment = {**settings_environment(settings), TOKEN_VARIABLE: "first"}
    done = subprocess.run(spec.command, env=environment, capture_output=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == ExitCode.FAILED
    beat = beat_of(spec)
    assert (beat.state, "fink jars" in str(beat.error)) == (StreamState.FAILED, True)


def test_a_dead_jvm_ends_the_driver(spec: StreamSpec, start: Start) -> None:
    (spec.settings.home / "slow").touch()
    driver = start("first")
    wait_for(spec, "a batch", (spec.settings.home / "working").exists)
    (jvm,) = [process for process in processes_of("first") if process.name() == "java"]
    jvm.kill()
    assert driver.wait(PATIENCE_S) == ExitCode.FAILED
    assert beat_of(spec).state is StreamState.FAILED
    assert read_lease(spec.paths.lease) is None
