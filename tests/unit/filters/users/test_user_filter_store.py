"""Every event of a user's filter is kept; which version runs is read off the events."""

import datetime as dt
import re
from dataclasses import replace
from pathlib import Path

import pytest
from deltalake import DeltaTable
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st
from typer.testing import CliRunner

from fink_lib.cli.filters import app
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.filters.registry import filters_of
from fink_lib.filters.users.store import Action, Event, active, check_name, history, newest, record
from fink_lib.lake.tables import gold_user_filters

ADDED = Event(
    survey="ztf",
    name="bright_star",
    event=1,
    action=Action.ADD,
    version=1,
    owner="team",
    description="Bright stars.",
    predicate="candidate.magpsf < 15",
    by="operator",
    at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
)


def done(action: Action, number: int, version: int = 1, **changed: object) -> Event:
    at = ADDED.at + dt.timedelta(minutes=number)
    return replace(ADDED, action=action, event=number, version=version, at=at, **changed)  # type: ignore[arg-type]


def test_a_lake_without_users_filters_has_no_history(tmp_path: Path) -> None:
    assert history(tmp_path, "ztf") == []


def test_events_come_back_as_they_were_recorded_oldest_first(tmp_path: Path) -> None:
    events = [ADDED, done(Action.ACTIVATE, 2, match_rate=0.01, reason="as agreed"), done(Action.PAUSE, 3)]
    other = replace(ADDED, name="faint_star", at=ADDED.at + dt.timedelta(hours=1))
    for event in (*events, other, replace(ADDED, survey="lsst")):
        record(tmp_path, event)
    assert history(tmp_path, "ztf", "bright_star") == events
    assert history(tmp_path, "ztf") == [*events, other]
    assert [one.survey for one in history(tmp_path, "lsst")] == ["lsst"]


def test_the_second_of_two_writers_is_told_so_and_writes_nothing(tmp_path: Path) -> None:
    record(tmp_path, ADDED)
    with pytest.raises(ConfigError, match="somebody else changed filter 'bright_star'"):
        record(tmp_path, replace(ADDED, predicate="roid = 3", by="somebody else"))
    assert history(tmp_path, "ztf") == [ADDED]
    assert DeltaTable(str(gold_user_filters().path(tmp_path))).count() == 1


def test_what_runs_is_the_version_that_was_activated_last_and_not_paused_since() -> None:
    life = [
        ADDED,
        done(Action.ACTIVATE, 2),
        done(Action.ADD, 3, 2, predicate="candidate.magpsf < 14"),
        done(Action.ACTIVATE, 4, 2, predicate="candidate.magpsf < 14"),
        done(Action.PAUSE, 5, 2),
    ]
    assert [active(life[:end]) for end in range(1, 6)] == [[], [life[1]], [life[1]], [life[3]], []]
    assert newest(life, "bright_star") == life[2]


def test_filters_run_in_the_order_of_their_names() -> None:
    names = ("c_star", "a_star", "b_star")
    assert [one.name for one in active([done(Action.ACTIVATE, 2, name=name) for name in names])] == sorted(names)


def test_an_unknown_filter_is_named_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match="unknown user filter 'dim_star': there are bright_star"):
        newest([ADDED], "dim_star")
    with pytest.raises(ConfigError, match="`fink filters add` makes one"):
        newest([], "dim_star")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"name": "Bright"}, "not usable"),
        ({"name": "a"}, "not usable"),
        ({"name": "x" * 65}, "not usable"),
        ({"name": "../../etc"}, "not usable"),
        ({"name": "bright\n"}, "not usable"),
        ({"name": filters_of("ztf")[0].name}, "is taken by a filter of the broker"),
        ({"owner": ""}, "owner '' is not usable"),
        ({"description": " "}, "one sentence"),
        ({"description": "x" * 501}, "one sentence"),
        ({"description": "a\x1b[31m"}, "one sentence"),
    ],
)
def test_a_filter_that_could_not_be_told_from_others_is_refused(changed: dict[str, str], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        check_name(**{"survey": "ztf", "name": "bright_star", "owner": "team", "description": "Bright.", **changed})


NAMES = st.one_of(st.text(max_size=300), st.text(alphabet="abz09_A-. ", max_size=70), st.binary(max_size=80).map(str))
GOOD = {"name": "bright_star", "owner": "team", "description": "Bright stars."}


def refusal_of(**changed: str) -> str:
    """Return why a filter is refused, which must be a sentence that can be printed; else an empty text."""
    refusal = ""
    try:
        check_name("ztf", **{**GOOD, **changed})
    except ConfigError as error:
        refusal = str(error)
    assert refusal.isprintable()
    return refusal


@profile(max_examples=1000, deadline=None)
@given(NAMES)
def test_a_thousand_names(name: str) -> None:
    if not refusal_of(name=name):
        assert re.fullmatch(r"[a-zA-Z0-9._-]{1,249}", replace(ADDED, name=name).topic), "Kafka takes no other topic"
        assert name not in {one.name for one in filters_of("ztf")}


@profile(max_examples=1000, deadline=None)
@given(NAMES)
def test_a_thousand_owners(owner: str) -> None:
    if not refusal_of(owner=owner):
        assert owner.isascii()
        assert owner.isprintable()
        assert owner.strip()


@profile(max_examples=1000, deadline=None)
@given(st.one_of(NAMES, st.text(min_size=490, max_size=510)))
def test_a_thousand_descriptions(description: str) -> None:
    if not refusal_of(description=description):
        assert 0 < len(description.strip()) <= len(description) <= 500
        assert description.isprintable()


def test_the_command_lists_the_filters_of_users_too(tmp_path: Path) -> None:
    home = Settings(home=tmp_path)
    for event in (ADDED, done(Action.ACTIVATE, 2), done(Action.ADD, 3, 2, description="Fainter.")):
        record(home.lake, event)
    record(home.lake, replace(ADDED, name="faint_star", owner="others"))
    _, *lines = CliRunner().invoke(app, ["list", "--home", str(tmp_path)]).output.splitlines()
    told = {line.split("\t")[0]: line for line in lines}
    assert {one.name for one in filters_of("ztf")} | {"bright_star", "faint_star"} == set(told)
    assert all(word in told["bright_star"] for word in ("2", "version 1 is active", "fink_bright_star_ztf", "Fainter."))
    assert all(word in told["faint_star"] for word in ("not active", "others", "fink_faint_star_ztf"))
    assert "of the broker" in told["sn_candidates"]
