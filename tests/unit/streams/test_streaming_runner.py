import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fink_lib.config import Settings
from fink_lib.config.surveys import SurveySettings
from fink_lib.errors import LeaseHeld, StreamFailed
from fink_lib.processes.identity import TOKEN_VARIABLE, processes_of
from fink_lib.streams import runner as runner_module
from fink_lib.streams.health import Health, ensure_running, examine
from fink_lib.streams.heartbeat import StreamState, read_heartbeat
from fink_lib.streams.lease import Handle, write_lease
from fink_lib.streams.runner import LocalRunner, job_environment, settings_environment
from fink_lib.streams.spec import Stage, StreamSpec


@pytest.fixture
def runner(stub_project: Settings) -> Iterator[LocalRunner]:
    mine = LocalRunner(stub_project)
    yield mine
    for stage in Stage:
        mine.kill(StreamSpec("ztf", stage, stub_project))


def settle(spec: StreamSpec, state: StreamState) -> None:
    deadline = time.monotonic() + 20
    while (beat := read_heartbeat(spec.paths.heartbeat)) is None or beat.state is not state:
        assert time.monotonic() < deadline, f"no heartbeat {state}: {beat}"
        time.sleep(0.05)


def test_settings_survive_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(
        home=tmp_path,
        kafka_security={"sasl.username": "fink"},
        night_quiet_s=1.5,
        of_surveys={"ztf": SurveySettings(optional_cuts="i_band")},
    )
    monkeypatch.setenv("FINK_STREAM_MEMORY", "9g")
    environment = settings_environment(settings)
    assert "FINK_STREAM_MEMORY" not in environment
    for name in [name for name in os.environ if name.startswith("FINK_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        if name.startswith("FINK_"):
            monkeypatch.setenv(name, value)
    assert Settings() == settings


def test_a_driver_is_found_stopped_and_gone(runner: LocalRunner, spec: StreamSpec) -> None:
    assert runner.find(spec) is None
    handle = runner.submit(spec)
    assert runner.find(spec) == handle
    assert os.getsid(handle.pid) == handle.pid
    assert handle.spec_hash == spec.hash
    settle(spec, StreamState.RUNNING)
    assert examine(spec, runner).health is Health.RUNS
    runner.stop(spec, timeout_s=10)
    assert runner.find(spec) is None
    assert examine(spec, runner).health is Health.STOPPED
    assert not spec.paths.stop_marker.exists()
    assert processes_of(handle.token) == []


def test_submitting_at_once_starts_one(runner: LocalRunner, spec: StreamSpec) -> None:
    handles: list[Handle] = []
    threads = [threading.Thread(target=lambda: handles.append(runner.submit(spec))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(handles) == 4
    assert len({handle.pid for handle in handles}) == 1


def test_a_second_driver_is_refused_by_the_lease(
    runner: LocalRunner, spec: StreamSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = runner.submit(spec)
    blind = LocalRunner(spec.settings)
    looks = iter([None])  # the first look sees nothing, as if both had looked before either started
    monkeypatch.setattr(blind, "find", lambda _spec: next(looks, handle))
    assert blind.submit(spec) == handle
    assert [process.pid for process in processes_of(handle.token)] == [handle.pid]


def test_a_killed_driver_has_failed_and_is_started_again(runner: LocalRunner, spec: StreamSpec) -> None:
    first = runner.submit(spec)
    settle(spec, StreamState.RUNNING)
    os.kill(first.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while runner.find(spec) is not None:
        assert time.monotonic() < deadline
    verdict = examine(spec, runner)
    assert (verdict.health, "is gone" in verdict.reason) == (Health.FAILED, True)
    second = ensure_running(runner, spec)
    assert second.pid != first.pid
    assert ensure_running(runner, spec) == second


def test_another_spec_replaces_the_driver(runner: LocalRunner, spec: StreamSpec) -> None:
    first = ensure_running(runner, spec)
    changed = spec.settings.model_copy(update={"of_surveys": {"ztf": SurveySettings(optional_cuts="i_band")}})
    second = ensure_running(LocalRunner(changed), StreamSpec(spec.survey, spec.stage, changed))
    assert second.spec_hash != first.spec_hash
    assert not first.is_alive


def test_a_driver_about_to_stop_is_replaced(runner: LocalRunner, spec: StreamSpec) -> None:
    first = ensure_running(runner, spec)
    os.kill(first.pid, signal.SIGSTOP)  # it cannot obey the marker yet
    spec.paths.stop_marker.touch()
    threading.Timer(0.5, os.kill, (first.pid, signal.SIGCONT)).start()
    second = ensure_running(runner, spec)
    assert second.pid != first.pid
    assert not spec.paths.stop_marker.exists()


def test_a_driver_that_ignores_the_marker_is_ended(
    runner: LocalRunner, spec: StreamSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "TERM_TIMEOUT_S", 0.3)
    handle = runner.submit(spec)
    os.kill(handle.pid, signal.SIGSTOP)
    runner.stop(spec, timeout_s=0.3)
    assert not handle.is_alive


def test_a_driver_that_cannot_begin_says_why(tmp_path: Path) -> None:
    job = tmp_path / "project" / "jobs" / "streaming" / "enrich.py"
    job.parent.mkdir(parents=True)
    settings = Settings(home=tmp_path / "home", project=tmp_path / "project")
    spec = StreamSpec("ztf", Stage.ENRICH, settings)
    with pytest.raises(StreamFailed, match="FINK_PROJECT"):
        LocalRunner(settings.model_copy(update={"project": tmp_path})).submit(
            StreamSpec("ztf", Stage.ENRICH, settings.model_copy(update={"project": tmp_path}))
        )
    job.write_text("import sys; sys.exit('no such catalogue')")
    with pytest.raises(StreamFailed, match="code 1 before it began: no such catalogue"):
        LocalRunner(settings).submit(spec)


def test_a_large_log_is_kept_once(runner: LocalRunner, spec: StreamSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "LOG_BYTES", 10)
    spec.paths.root.mkdir(parents=True)
    spec.paths.log.write_text("an earlier driver's words")
    runner.submit(spec)
    assert spec.paths.log.with_suffix(".log.1").read_text() == "an earlier driver's words"


def test_a_driver_carries_its_token(runner: LocalRunner, spec: StreamSpec) -> None:
    handle = runner.submit(spec)
    environ = Path(f"/proc/{handle.pid}/environ").read_bytes().split(b"\0")
    assert f"{TOKEN_VARIABLE}={handle.token}".encode() in environ
    assert json.loads(spec.paths.lease.read_text())["token"] == handle.token


def test_a_driver_is_told_nothing_of_airflow(stub_project: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql://airflow:secret@db/airflow")
    environment = job_environment(stub_project, "mine")
    assert [name for name in environment if "AIRFLOW" in name] == []
    assert environment[TOKEN_VARIABLE] == "mine"
    assert environment["FINK_HOME"] == str(stub_project.home)


def test_a_driver_on_another_host_is_asked_and_never_signalled(
    runner: LocalRunner, spec: StreamSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = replace(Handle.of_this_process(spec, "far"), host="far.away")
    write_lease(spec.paths.lease, far)
    signals: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *facts: signals.append(facts))
    with pytest.raises(LeaseHeld, match=r"far\.away"):
        runner.stop(spec, timeout_s=0.2)
    assert spec.paths.stop_marker.exists()
    threading.Timer(0.3, spec.paths.lease.unlink).start()
    runner.stop(spec, timeout_s=10)
    assert signals == []


def test_a_driver_rebuilds_the_settings_it_was_started_with(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    chosen = Settings(
        home=tmp_path,
        airflow_port=0,
        kafka_port=0,
        night_quiet_s=3.5,
        of_surveys={"ztf": SurveySettings(optional_cuts="i_band")},
    )
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "secret")
    environment = job_environment(chosen, "token")
    for name in [name for name in os.environ if name.startswith(("FINK_", "AIRFLOW"))]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Settings() == chosen
    assert StreamSpec("ztf", Stage.INGEST, Settings()).hash == StreamSpec("ztf", Stage.INGEST, chosen).hash
    assert not [name for name in environment if name.startswith("AIRFLOW")]
