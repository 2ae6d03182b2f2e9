"""What the end of a night waits for: told once by each rule, with its time, and to programs too."""

import datetime as dt
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fink_lib.config import Settings
from fink_lib.errors import NightNotDrained
from fink_lib.host import night_end, play
from fink_lib.host.night_end import NightEndRule, NightEnds, waiting_for
from fink_lib.host.night_watch import Expected, wait_for_close
from fink_lib.streams.heartbeat import Heartbeat, StreamState
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import ZTF
from fink_lib.surveys.calendar import night_ends_at

NIGHT = dt.date(2021, 11, 22)
ENDS_S = night_ends_at(ZTF, NIGHT)  # the Sun rises at Palomar


def beat(settings: Settings, stage: Stage, last_data_at: float, **facts: Any) -> None:
    spec = StreamSpec("ztf", stage, settings)
    told = {"last_data_at": last_data_at, "started_at": 0.0, "lag": 0, **facts}
    Heartbeat(spec.name, spec.hash, "one", 1, "host", StreamState.RUNNING, **told).write(spec.paths.heartbeat)


@pytest.fixture
def streams(settings: Settings) -> Settings:
    """Streams of which the last one had data ten seconds after the night's end."""
    for number, stage in enumerate(Stage):
        beat(settings, stage, ENDS_S + 5 * number)
    return settings


def test_before_sunrise_a_night_waits_for_it_however_quiet_the_streams_are(streams: Settings) -> None:
    (found,) = waiting_for(streams, "ztf", [NIGHT], ENDS_S - 3600)
    assert (found.rule, found.until.timestamp()) == (NightEndRule.SUNRISE, pytest.approx(ENDS_S))
    assert str(found) == (
        f"night 2021-11-22 of ztf is not over: it ends at sunrise, 2021-11-22 {found.until:%H:%M} UTC, "
        "and is closed once all streams are quiet"
    )
    assert 14 <= found.until.hour < 15, "the Sun rises at Palomar some time after 14 UTC in November"
    assert found.as_dict()["until"] == f"{found.until:%Y-%m-%dT%H:%M:%SZ}"


def test_after_it_a_night_waits_for_quiet(streams: Settings) -> None:
    (found,) = waiting_for(streams, "ztf", [NIGHT], ENDS_S + 11)
    assert (found.rule, found.until.timestamp()) == (
        NightEndRule.QUIET,
        pytest.approx(ENDS_S + 10 + streams.night_quiet_s),
    )
    assert "quiet until 2021-11-22 " in str(found)
    assert waiting_for(streams, "ztf", [NIGHT], ENDS_S + 10 + streams.night_quiet_s + 1) == []


@pytest.mark.parametrize("busy", [{"lag": 4}, {"batch_since": ENDS_S + 9}])
def test_while_a_stream_has_something_to_do_nobody_knows_when_it_is_quiet(streams: Settings, busy: Any) -> None:
    beat(streams, Stage.ENRICH, ENDS_S, **busy)
    assert waiting_for(streams, "ztf", [NIGHT], ENDS_S + 11) == []


def test_each_rule_is_told_once(streams: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    ends, clock = NightEnds(streams, "ztf", said.append), iter([-3600, -1800, 11, 12, 4000])
    monkeypatch.setattr(night_end.time, "time", lambda: ENDS_S + next(clock))
    looks = [ends.look([NIGHT]) for _ in range(5)]
    assert [one.split(" of ztf ")[1][:11] for one in said] == ["is not over", "is closed w"]
    assert [len(look) for look in looks] == [1, 1, 0, 0, 0], "an error names a night that could not end yet"
    assert [one.rule for one in ends.told] == [NightEndRule.SUNRISE, NightEndRule.QUIET]


def test_a_wait_that_is_given_up_names_the_sunrise(streams: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(night_end.time, "time", lambda: ENDS_S - 3600)
    said: list[str] = []
    ends = NightEnds(streams, "ztf", said.append)
    with pytest.raises(NightNotDrained, match="it ends at sunrise, 2021-11-22"):
        wait_for_close(streams, "ztf", [Expected(NIGHT, 1)], 0.0, lambda _: None, ends=ends)
    assert len(said) == 1


def test_play_gives_it_to_programs(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole of `play_night`, with everything that needs a broker taken out."""
    waits = night_end.Waits("ztf", NIGHT, NightEndRule.SUNRISE, dt.datetime(2021, 11, 22, 14, 26, tzinfo=dt.UTC))

    class Result:
        failed: tuple[str, ...] = ()
        skipped: tuple[str, ...] = ()
        sent, seconds, nights, topics = 1, 0.1, {NIGHT: 1}, ()

        def as_json(self) -> str:
            return '{"sent": 1}'

    def waited(*_about: Any, ends: NightEnds) -> None:
        ends.told.append(waits)

    monkeypatch.setattr(play, "unpause_streams", lambda *_: None)
    monkeypatch.setattr(play, "wait_for_catalogs", lambda *_: None)
    monkeypatch.setattr(play, "play", lambda *_: Result())
    monkeypatch.setattr(play, "undated_night", lambda *_: {"offered": 0, "equation_holds": True})
    monkeypatch.setattr(play.watch, "wait_for_streams", lambda *_: None)
    monkeypatch.setattr(play.watch, "wait_for_close", waited)
    monkeypatch.setattr(play.watch, "dead_streams", lambda *_: [])
    wanted = play.NightPlay(Path("x"), ZTF)
    told = play.play_night(wanted, SimpleNamespace(settings=settings), lambda _: None, nullcontext(lambda *_: None))  # type: ignore[arg-type]
    assert told["waited_for"] == [
        {"survey": "ztf", "night": "2021-11-22", "rule": "sunrise", "until": "2021-11-22T14:26:00Z"}
    ]


def test_what_stays_paused_is_said_with_its_reason(tmp_path: Path) -> None:
    quiet = play.left_paused(Settings(home=tmp_path))
    assert set(quiet) == {"deliver_notices", "vacuum"}
    assert "FINK_NOTICES" in quiet["deliver_notices"]
    assert set(play.left_paused(Settings(home=tmp_path, notices=tmp_path / "notices.toml"))) == {"vacuum"}
