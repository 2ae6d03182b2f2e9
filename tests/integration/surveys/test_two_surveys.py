"""Two surveys in one home: what becomes of the driver of one is nothing to the other."""

import os
import signal
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from deltalake import DeltaTable

from fink_lib.config import Settings
from fink_lib.simulator.player import play
from fink_lib.simulator.request import PlayRequest
from fink_lib.streams.heartbeat import read_heartbeat
from fink_lib.streams.runner import LocalRunner
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import get_survey
from fink_lib.surveys.tables import bronze_spec
from tests.unit.surveys.lsst_messages import WIRE

pytestmark = [pytest.mark.spark, pytest.mark.kafka, pytest.mark.timeout(2400)]

PATIENCE_S = 600.0  # seconds on an idle host; a host that is busy with other work needs minutes
EACH = 6
ARCHIVES = {"ztf": "ztf/ztf_public_20211122.tar.gz", "lsst": f"lsst/{WIRE}"}


def until(done: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < end, f"not within its time: {what}"
        time.sleep(0.3)


@pytest.fixture
def parts(shared_data: Path, tmp_path: Path) -> dict[str, list[Path]]:
    """Three folders of a few real packets of each survey."""
    found: dict[str, list[Path]] = {}
    for survey, archive in ARCHIVES.items():
        folders = [tmp_path / survey / str(number) for number in range(3)]
        with tarfile.open(shared_data / archive) as tar:
            members = [one for one in tar if one.isfile()][: 3 * EACH]
            for number, member in enumerate(members):
                tar.extract(member, folders[number // EACH], filter="data")
        found[survey] = folders
    return found


@pytest.fixture
def settings(own_kafka: str, shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("FINK_LSST_SCHEMAS", str(shared_data / "schemas" / "lsst"))
    facts = {"kafka_bootstrap": own_kafka, "surveys": "ztf,lsst", "spark_master": "local[1]", "stream_memory": "512m"}
    return Settings(home=tmp_path / "home", **facts)


@pytest.fixture
def runner(settings: Settings) -> Iterator[LocalRunner]:
    found = LocalRunner(settings)
    yield found
    for survey in ARCHIVES:
        found.kill(StreamSpec(survey, Stage.INGEST, settings))


def rows_of(settings: Settings, survey: str) -> int:
    path = bronze_spec(get_survey(survey)).path(settings.lake)
    return DeltaTable(str(path)).to_pyarrow_dataset().count_rows() if DeltaTable.is_deltatable(str(path)) else 0


def test_a_driver_that_is_killed_is_nothing_to_the_other_survey(
    settings: Settings, runner: LocalRunner, parts: dict[str, list[Path]]
) -> None:
    def send(survey: str, number: int) -> None:
        assert play(PlayRequest(parts[survey][number], get_survey(survey), settings)).sent == EACH

    def wait_for(survey: str, count: int) -> None:
        until(lambda: rows_of(settings, survey) == count, f"{count} of {survey}")

    specs = {survey: StreamSpec(survey, Stage.INGEST, settings) for survey in ARCHIVES}
    for survey in ARCHIVES:
        send(survey, 0)
    handles = {survey: runner.submit(spec) for survey, spec in specs.items()}
    for survey in ARCHIVES:
        wait_for(survey, EACH)
    for victim, other in (("ztf", "lsst"), ("lsst", "ztf")):
        before = rows_of(settings, victim), rows_of(settings, other)
        os.kill(handles[victim].pid, signal.SIGKILL)
        until(lambda victim=victim: runner.find(specs[victim]) is None, f"the end of {victim}")  # type: ignore[misc]
        number = before[1] // EACH
        send(victim, before[0] // EACH)
        send(other, number)
        wait_for(other, before[1] + EACH)
        beat = read_heartbeat(specs[other].paths.heartbeat)
        assert beat is not None
        assert (beat.pid, beat.token) == (handles[other].pid, handles[other].token)  # the same driver as before
        assert rows_of(settings, victim) == before[0]
        handles[victim] = runner.submit(specs[victim])
        wait_for(victim, before[0] + EACH)  # what came meanwhile, once
    assert {survey: rows_of(settings, survey) for survey in ARCHIVES} == dict.fromkeys(ARCHIVES, 3 * EACH)
