"""A kind of stream that is added to the table is watched as the others are: its death is told, and no night ends."""

import time
from dataclasses import replace

import pytest

from fink_lib.config import Settings
from fink_lib.errors import StreamFailed
from fink_lib.host.night_watch import dead_streams, restarts, wait_for_streams
from fink_lib.monitoring.surveys import survey_streams
from fink_lib.streams.drain import heartbeats, survey_not_drained
from fink_lib.streams.heartbeat import Heartbeat, StreamState
from fink_lib.streams.kinds import KINDS, Stage
from fink_lib.streams.spec import StreamSpec


@pytest.fixture(autouse=True)
def archive(monkeypatch: pytest.MonkeyPatch) -> str:
    """A kind of another source, which is at the end of the table and feeds the first stage."""
    monkeypatch.setitem(KINDS, "archive", replace(KINDS["ingest"]))
    return "archive"


@pytest.fixture
def quiet(settings: Settings) -> Settings:
    """The streams of a survey, all of them quiet but the new one, which never ran."""
    for stage in Stage:
        beat(settings, stage)
    return settings


def beat(settings: Settings, kind: str, **facts: float | str) -> None:
    now, spec = time.time(), StreamSpec("ztf", kind, settings)
    told = {"beat_at": now, "event_at": now, "started_at": 1.0, "last_data_at": 2.0, "lag": 0, **facts}
    Heartbeat(spec.name, spec.hash, "one", 1, "host", StreamState.RUNNING, **told).write(spec.paths.heartbeat)  # type: ignore[arg-type]


def test_a_night_waits_for_it(quiet: Settings, archive: str) -> None:
    assert [*heartbeats(quiet, "ztf")] == [*Stage, archive]
    assert survey_not_drained(quiet, "ztf") == "stream archive does not run"
    beat(quiet, archive, lag=3)
    assert survey_not_drained(quiet, "ztf") == "stream archive is 3 behind"
    beat(quiet, archive)
    assert survey_not_drained(quiet, "ztf") == ""


def test_streams_are_told_in_the_order_that_alerts_pass_them(quiet: Settings, archive: str) -> None:
    """The new one stands last in the table."""
    for kind in (archive, Stage.ENRICH):
        beat(quiet, kind, lag=3)
    assert survey_not_drained(quiet, "ztf") == "stream archive is 3 behind"


def test_it_is_looked_at_and_its_troubles_are_told(quiet: Settings, archive: str) -> None:
    assert [spec.kind for spec in survey_streams(quiet) if spec.survey == "ztf"] == [*Stage, archive]
    assert any(told.startswith("ztf.archive (") for told in dead_streams(quiet, "ztf"))
    beat(quiet, archive, restarts=2, error="of a test")
    assert restarts(quiet, "ztf") == ["stream ztf.archive was started again 2 times: of a test"]
    with pytest.raises(StreamFailed, match=r"not running after 0 s: .*ztf\.archive \(log: "):
        wait_for_streams(quiet, "ztf", 0.0, print)
