"""A home that is watched."""

from pathlib import Path

import pytest

from fink_lib.config import Settings
from tests.builders.watched_home import STUB_PROJECT, Watched


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    settings = Settings(home=tmp_path / "home", project=STUB_PROJECT, stop_timeout_s=5)
    settings.home.mkdir()
    return Watched(settings)
