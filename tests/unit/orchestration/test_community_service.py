"""The carrier of statements is found or started, watched by its last word, and ended when somebody clears its task."""

import asyncio
import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import TaskDeferred

from fink_lib.community.kafka import beat
from fink_lib.community.kafka.beat import BEAT, LOG, Beat, folder_of, last_word, read_beat, running, stop
from fink_lib.config import Settings
from fink_lib.errors import JobFailed
from fink_lib.orchestration import community_service
from fink_lib.orchestration.community_service import CommunityTopicsOperator, ServiceTrigger
from fink_lib.processes.identity import process_started_at

STUB = """
import time
from fink_lib.community.kafka.beat import beat
from fink_lib.config import Settings
print("carries", flush=True)
while True:
    beat(Settings())
    time.sleep(0.2)
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A home whose project has a stand-in for the process."""
    home, project = tmp_path / "home", tmp_path / "project"
    (project / "jobs" / "streaming").mkdir(parents=True)
    (project / "jobs" / "streaming" / "community.py").write_text(STUB)
    monkeypatch.setenv("FINK_HOME", str(home))
    monkeypatch.setenv("FINK_PROJECT", str(project))
    found = Settings()
    yield found
    stop(found)


def say(settings: Settings, **changes: Any) -> Beat:
    """Write a last word of this very process, or a changed one."""
    pid = os.getpid()
    told = Beat(pid, process_started_at(pid) or 0.0, time.time(), community_service.__version__)
    told = dataclasses.replace(told, **changes)
    folder_of(settings).mkdir(parents=True, exist_ok=True)
    (folder_of(settings) / BEAT).write_text(json.dumps(dataclasses.asdict(told)))
    return told


def looked(**told: Any) -> Any:
    return ServiceTrigger(until=told.pop("until", time.time() + 100), **told).look()


def test_what_the_trigger_sees(settings: Settings) -> None:
    assert looked() == {"runs": False, "reason": "it has ended"}
    say(settings)
    assert looked() is None
    assert looked(until=time.time() - 1) == {"runs": True, "reason": ""}
    say(settings, beat_at=time.time() - 2 * settings.heartbeat_silence_s)
    assert "said nothing for" in looked()["reason"]
    say(settings, code_version="0.0.1")
    assert looked()["reason"] == "it runs version 0.0.1"
    say(settings, started_at=1.0)  # the pid is another process by now
    assert looked()["reason"] == "it has ended"
    (folder_of(settings) / BEAT).write_text("{")
    assert read_beat(settings) is None


def test_a_trigger_is_rebuilt_in_another_process() -> None:
    path, facts = ServiceTrigger(until=5.0, poll_s=1.0, settle_s=0.0).serialize()
    assert path == "fink_lib.orchestration.community_service.ServiceTrigger"
    assert ServiceTrigger(**facts).serialize() == (path, facts)


def test_one_process_is_started_found_and_started_again(settings: Settings) -> None:
    operator = CommunityTopicsOperator(task_id="carry")

    def found() -> Beat:
        with pytest.raises(TaskDeferred):
            operator.execute({})
        deadline = time.monotonic() + 120
        while (told := running(settings)) is None or last_word(settings) != "carries":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return told

    first = found()
    assert found().mark == first.mark, "a run finds the process of the one before"
    operator.execute_complete({}, {"runs": True, "reason": ""})
    assert running(settings) is not None
    with pytest.raises(JobFailed, match="it has said nothing for 90 s; its last word: carries"):
        operator.execute_complete({}, {"runs": False, "reason": "it has said nothing for 90 s"})
    assert running(settings) is None
    assert found().mark != first.mark
    asyncio.run(ServiceTrigger(until=0.0).on_kill())
    assert running(settings) is None
    assert last_word(settings) == "carries"
    assert (folder_of(settings) / LOG).exists()


def test_what_is_not_there_is_not_ended(settings: Settings) -> None:
    assert not stop(settings)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    started = process_started_at(dead.pid) or 0.0
    dead.wait(60)
    say(settings, pid=dead.pid, started_at=started)
    assert not stop(settings)
    assert beat.read_beat(settings) is not None
