from dataclasses import replace

import pytest

from fink_lib.streams.health import Health, judge
from fink_lib.streams.heartbeat import Heartbeat, StreamState
from fink_lib.streams.lease import Handle
from fink_lib.streams.spec import StreamSpec

NOW = 100_000.0  # the silence allowed by default is 60 s
HANDLE = Handle("ztf.enrich", "hash", "token", 7, "here", NOW - 1000, ("python",))
BEAT = Heartbeat("ztf.enrich", "hash", "token", 7, "here", state=StreamState.RUNNING, beat_at=NOW - 1)


@pytest.mark.parametrize(
    ("changes", "health"),
    [
        ({}, Health.RUNS),
        ({"beat_at": NOW - 61}, Health.STALLED),
        ({"beat_at": NOW - 61, "state": StreamState.STARTING}, Health.RUNS),
        ({"beat_at": NOW - 301, "state": StreamState.STARTING}, Health.STALLED),
        ({"trigger_active_since": NOW - 599}, Health.RUNS),
        ({"trigger_active_since": NOW - 601}, Health.STALLED),
        ({"state": StreamState.STOPPING}, Health.RUNS),
    ],
)
def test_a_living_driver(spec: StreamSpec, changes: dict[str, object], health: Health) -> None:
    assert judge(spec, HANDLE, replace(BEAT, **changes), NOW).health is health


@pytest.mark.parametrize(
    ("state", "health", "words"),
    [
        (StreamState.STOPPED, Health.STOPPED, "asked to stop"),
        (StreamState.FAILED, Health.FAILED, "boom"),
        (StreamState.RUNNING, Health.FAILED, "is gone"),
    ],
)
def test_no_driver(spec: StreamSpec, state: StreamState, health: Health, words: str) -> None:
    verdict = judge(spec, None, replace(BEAT, state=state, error="boom"), NOW)
    assert verdict.health is health
    assert words in verdict.reason


def test_a_new_driver_is_not_judged_by_the_old_ones_heartbeat(spec: StreamSpec) -> None:
    old = replace(BEAT, token="old", state=StreamState.FAILED, beat_at=NOW - 9999)
    assert judge(spec, replace(HANDLE, process_started_at=NOW - 200), old, NOW).health is Health.RUNS
    assert judge(spec, replace(HANDLE, process_started_at=NOW - 301), old, NOW).health is Health.STALLED
    assert judge(spec, None, None, NOW).health is Health.FAILED
