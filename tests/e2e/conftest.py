"""One broker for all e2e tests: started as a user would, on free ports, in a home of its own; stopped at the end."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fink_lib.config import Settings

FINK = Path(sys.executable).with_name("fink")
PLAY_TIMEOUT_S = 1200

Books = dict[str, Any]
Play = Callable[..., Books]


@pytest.fixture(scope="package")
def e2e_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of the broker under test."""
    return tmp_path_factory.mktemp("e2e") / "home"


@pytest.fixture(scope="package")
def e2e_settings(e2e_home: Path) -> Settings:
    """The settings that the broker under test runs with, but for the port of Kafka."""
    return Settings(home=e2e_home, kafka_port=0, airflow_port=0, night_quiet_s=8.0)


@pytest.fixture(scope="package")
def environment(e2e_settings: Settings) -> dict[str, str]:
    """The environment of every command: free ports, and a night that ends after a short quiet."""
    chosen = {"FINK_KAFKA_PORT": "0", "FINK_AIRFLOW_PORT": "0", "FINK_NIGHT_QUIET_S": str(e2e_settings.night_quiet_s)}
    return {**os.environ, **chosen, "NO_COLOR": "1", "COLUMNS": "160"}


@pytest.fixture(scope="package")
def play(e2e_home: Path, environment: dict[str, str]) -> Iterator[Play]:
    """Run `fink night play … --keep` and return its books; the services are stopped after the last test."""

    def run(path: str | Path, *options: str, expect: int = 0) -> Books:
        file = e2e_home.parent / "books.json"
        file.unlink(missing_ok=True)
        command = [str(FINK), "night", "play", str(path), "--home", str(e2e_home), "--json", str(file), "--keep"]
        done = subprocess.run(
            [*command, *options], env=environment, capture_output=True, text=True, timeout=PLAY_TIMEOUT_S, check=False
        )
        assert done.returncode == expect, f"exit {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        books: Books = json.loads(file.read_text())
        return books

    yield run
    down = subprocess.run([str(FINK), "down", "--home", str(e2e_home)], env=environment, timeout=300, check=False)
    assert down.returncode == 0
