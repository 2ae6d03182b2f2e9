"""One broker for all e2e tests: started as a user would, on free ports, in a home of its own; stopped at the end."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.airflow_pages import airflow_pages
from e2e.sky import CATALOG, write_catalog
from e2e.waiting import all_runs_ended, succeeded, wait
from fink_lib.config import Settings
from fink_lib.host.airflow import LocalAirflow
from fink_lib.host.stack import connected

FINK = Path(sys.executable).with_name("fink")
PLAY_TIMEOUT_S = 1200

ARCHIVES = {
    "2018-11-29": "ztf_public_20181129.tar.gz",
    "2021-11-22": "sample",
    "2023-10-18": "ztf_public_20231018.tar.gz",
}
DAMAGED = ("--truncated", "20", "--corrupt", "20")

Books = dict[str, Any]
Play = Callable[..., Books]
Fink = Callable[..., str]


@pytest.fixture(scope="package")
def e2e_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of the broker under test."""
    return tmp_path_factory.mktemp("e2e") / "home"


@pytest.fixture(scope="package")
def e2e_settings(e2e_home: Path) -> Settings:
    """The settings that the broker under test runs with, but for the port of Kafka."""
    catalogs = e2e_home.parent / "catalogs"
    catalogs.mkdir(exist_ok=True)
    ports = {"kafka_port": 0, "airflow_port": 0, "api_port": 0, "metrics_port": 0}
    return Settings(home=e2e_home, **ports, night_quiet_s=8.0, catalogs=catalogs)


@pytest.fixture(scope="package")
def environment(e2e_settings: Settings) -> dict[str, str]:
    """The environment of every command: free ports, and a night that ends after a short quiet."""
    chosen = {
        "FINK_KAFKA_PORT": "0",
        "FINK_AIRFLOW_PORT": "0",
        "FINK_API_PORT": "0",
        "FINK_METRICS_PORT": "0",
        "FINK_NIGHT_QUIET_S": str(e2e_settings.night_quiet_s),
        "FINK_CATALOGS": str(e2e_settings.catalogs),
    }
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


@pytest.fixture(scope="package")
def fink(environment: dict[str, str], e2e_home: Path) -> Fink:
    """Run a command in the home and return what it said."""

    def run(*words: str) -> str:
        command = [str(FINK), *words, "--home", str(e2e_home)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="package")
def nights(play: Play, e2e_home: Path, shared_data: Path) -> Path:
    """The home after three real nights: played, with some damage, unless they were, and closed."""
    for night, archive in ARCHIVES.items():
        if not (e2e_home / "nights" / "ztf" / night / "manifest.json").exists():
            play(archive if archive == "sample" else shared_data / "ztf" / archive, *DAMAGED)
    return e2e_home


@pytest.fixture(scope="package")
def airflow(nights: Path, e2e_settings: Settings) -> LocalAirflow:
    """The Airflow that closed them."""
    return LocalAirflow(connected(e2e_settings))


@pytest.fixture(scope="package")
def loaded(airflow: LocalAirflow) -> str:
    """What the run told that loaded a catalogue, started from its form: the night's sky lies in it, in part."""
    # The run of the week, which was due at once, has loaded every file that was there.
    wait("the packaged catalogues", lambda: all_runs_ended(airflow, "catalogs", 1))
    write_catalog(airflow.settings)
    with airflow_pages(airflow.login) as pages:
        run_id = pages.trigger("catalogs", {"names": CATALOG})
    wait("the catalogue", lambda: succeeded(airflow, "catalogs", run_id))
    with airflow.api() as api:
        return api.task_log("catalogs", run_id, "refresh")
