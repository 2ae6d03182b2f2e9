"""Which users' filters are switched off for their time, what the history says, and what people are shown."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st
from typer.testing import CliRunner

from fink_lib.cli.filters import app
from fink_lib.config import Settings
from fink_lib.filters.users import slow
from fink_lib.filters.users.slow import BROKER, USERS_SHARE, slow_ones, standing, switch_off
from fink_lib.filters.users.store import Action, Event, active, history, record
from tests.builders.lake_folder import lake_folder

AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
ADDED = Event("ztf", "greedy", 1, Action.ADD, 1, "team", "Looks twice.", "roid = 3", "operator", AT)
ACTIVE = replace(ADDED, event=2, action=Action.ACTIVATE, at=AT + dt.timedelta(minutes=1))


@pytest.fixture
def lake(settings: Settings) -> Path:
    for event in (ADDED, ACTIVE):
        record(lake_folder(settings), event)
    return lake_folder(settings)


def test_the_one_that_holds_the_batch_up_goes_and_the_others_stay() -> None:
    (found,) = slow_ones({"greedy": 0.05, "plain": 0.0001, "other": 0.001}, alerts=1000, budget_s=60)
    assert (found.name, found.took_s, found.allowed_s) == ("greedy", 50.0, 10.0)
    assert found.reason == "slow: 50.0 s for a batch of 1000 alerts, 50 ms an alert; its share is 10.0 s"


def test_a_machine_that_is_slow_is_nobodys_fault() -> None:
    assert slow_ones({"plain": 0.001, "other": 0.002}, alerts=1000, budget_s=60) == []
    assert slow_ones({}, alerts=1000, budget_s=60) == []


@profile(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=4), st.floats(0, 10), max_size=12),
    st.integers(1, 100_000),
    st.floats(0.1, 1000),
)
def test_what_stays_leaves_in_time_and_nobody_within_its_share_goes(
    seconds: dict[str, float], alerts: int, budget_s: float
) -> None:
    gone = slow_ones(seconds, alerts, budget_s)
    left = [each * alerts for name, each in seconds.items() if name not in {one.name for one in gone}]
    assert sum(left) <= USERS_SHARE * budget_s
    assert all(one.took_s > one.allowed_s * (1 - 1e-9) for one in gone)
    assert min((one.took_s for one in gone), default=1e9) >= max(left, default=0)


def test_it_is_paused_by_the_broker_with_a_reason_and_can_be_activated_again(lake: Path) -> None:
    assert switch_off(lake, ACTIVE, "slow: 50.0 s")
    off = history(lake, "ztf")[-1]
    assert (off.action, off.by, off.reason, off.event, off.version) == (Action.PAUSE, BROKER, "slow: 50.0 s", 3, 1)
    assert active(history(lake, "ztf")) == []
    assert not switch_off(lake, ACTIVE, "again"), "once"
    record(lake, replace(ACTIVE, event=4, at=off.at + dt.timedelta(minutes=1)))
    assert [one.event for one in active(history(lake, "ztf"))] == [4]
    assert not switch_off(lake, ACTIVE, "of the plan before"), "what was activated since was not measured"


def test_who_was_quicker_than_the_broker_wins(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = history(lake, "ztf")
    record(lake, replace(ACTIVE, event=3, action=Action.PAUSE, at=AT + dt.timedelta(minutes=2)))
    looks = iter([kept])
    monkeypatch.setattr(slow, "history", lambda *about: next(looks, None) or history(*about))
    assert not switch_off(lake, ACTIVE, "late")
    assert [one.by for one in history(lake, "ztf")] == ["operator"] * 3


def test_list_and_show_tell_the_reason(lake: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    switch_off(lake, ACTIVE, "slow: 50.0 s; its share is 10.0 s")
    for arguments in (["list"], ["show", "greedy"], ["history"]):
        done = CliRunner().invoke(app, [*arguments, "--home", str(settings.home)])
        assert done.exit_code == 0, done.output
        assert "slow: 50.0 s; its share is 10.0 s" in done.output
        assert BROKER in done.output


def test_a_pause_of_the_owner_is_no_fault(lake: Path) -> None:
    record(lake, replace(ACTIVE, event=3, action=Action.PAUSE, by="operator", reason="enough"))
    assert standing(history(lake, "ztf"), "greedy") == "not active"
