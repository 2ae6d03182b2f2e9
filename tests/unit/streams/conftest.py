"""A project whose drivers need no Spark."""

from pathlib import Path

import pytest

from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.streams.spec import Stage, StreamSpec

STUB_PROJECT = PROJECT_DIR / "tests" / "integration" / "airflow" / "stub_project"


@pytest.fixture
def stub_project(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", project=STUB_PROJECT, stop_timeout_s=5)


@pytest.fixture
def spec(stub_project: Settings) -> StreamSpec:
    return StreamSpec("ztf", Stage.ENRICH, stub_project)
