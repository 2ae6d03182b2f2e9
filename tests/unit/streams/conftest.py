"""A project whose drivers need no Spark."""

from pathlib import Path

import pytest

from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.streams.spec import Stage, StreamSpec

STANDIN = PROJECT_DIR / "tests" / "integration" / "airflow" / "standin"


@pytest.fixture
def standin(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", project=STANDIN, stop_timeout_s=5)


@pytest.fixture
def spec(standin: Settings) -> StreamSpec:
    return StreamSpec("ztf", Stage.ENRICH, standin)
