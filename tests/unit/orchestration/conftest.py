"""A home whose streams are told what to say, and what an operator finds in its context."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.streams.heartbeat import Heartbeat, StreamState
from fink_lib.streams.spec import Stage, StreamSpec


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings as Airflow's processes find them: in the environment."""
    monkeypatch.setenv("FINK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FINK_PROJECT", str(PROJECT_DIR / "tests" / "integration" / "airflow" / "stub_project"))
    monkeypatch.setenv("FINK_NIGHT_QUIET_S", "5")
    return Settings()


@pytest.fixture
def quiet(home: Settings) -> Callable[..., None]:
    def write(**changes: Any) -> None:
        now = time.time()
        for stage in Stage:
            beat = Heartbeat(f"ztf.{stage}", "hash", "token", 1, "here", state=StreamState.RUNNING, lag=0)
            beat.event_at, beat.started_at, beat.last_data_at = now, now - 900, now - 800
            for name, value in changes.items():
                setattr(beat, name, value)
            beat.write(StreamSpec("ztf", stage, home).paths.heartbeat)

    return write
