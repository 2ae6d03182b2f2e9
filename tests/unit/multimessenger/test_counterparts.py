"""Matches on the topics of counterparts: which leave by which, once, and taken back when they are true no longer."""

import datetime as dt
from typing import Any

import pytest

from fink_lib.config import Settings
from fink_lib.distribute.counterparts.tiers import FIVE_SIGMA, tiers_of
from fink_lib.distribute.counterparts.topics import Message, Said, due, kept_long
from fink_lib.distribute.output_topics import is_output_topic
from fink_lib.errors import ConfigError
from fink_lib.filters.counterparts import counterpart_topics, counterparts_of
from fink_lib.filters.registry import filters_of
from fink_lib.filters.users.store import check_name
from fink_lib.kafka.message import Facts
from fink_lib.lake.tables.spec import column_paths
from fink_lib.multimessenger.event import Action, Event, Messenger, Purpose
from fink_lib.nightly import events
from fink_lib.nightly.job import NightContext
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import SURVEYS, get_survey
from tests.unit.multimessenger.fake_topics import FakeTopics
from tests.unit.multimessenger.test_event_nights import (
    NIGHT,
    alert,
    best_place,
    closed,
    kept,
    superevent,
    swift,
    without_kafka,
    write_silver,
)  # fmt: skip

__all__ = ["superevent", "without_kafka"]

FINK = ("fink_grb_bronze", "fink_grb_silver", "fink_grb_gold", "fink_gw_bronze")
ALL = ("grb_bronze", "grb_silver", "grb_gold")
GALAXY = {"host_kind": "extragalactic", "ps1_shape": "galaxy", "vsx": "none", "gcvs": "none"}


@pytest.fixture
def topics(monkeypatch: pytest.MonkeyPatch) -> FakeTopics:
    return FakeTopics(monkeypatch)


def test_topics_keep_what_a_retraction_must_find() -> None:
    for kept_days in (1.0, 90.0):
        settings = Settings(output_retention_days=kept_days)
        assert kept_long(settings).output_retention_days >= max(events.LOOK_BACK_DAYS + 1, kept_days)


def event(messenger: Messenger, mission: str) -> Event:
    return Event(mission, "", "1", "", messenger, Action.INITIAL, Purpose.OBSERVATION, None, None)


def seen(number: int, ra: float = 10.0, dec: float = 20.0, **changes: Any) -> dict[str, Any]:
    """A public alert near a galaxy, an hour after the trigger."""
    row = alert(number, ra, dec, at=5.0, first=4.0, programid=1)
    row["candidate"] |= {"jd": row["time"]} | {
        name: value for name, value in changes.items() if name in {"rb", "programid", "magpsf"}
    }
    return row | GALAXY | {name: value for name, value in changes.items() if name not in row["candidate"]}


def test_the_topics_are_those_that_fink_client_knows() -> None:
    ztf, lsst = (counterparts_of(name) for name in ("ztf", "lsst"))
    assert ztf is not None
    assert lsst is not None
    assert ztf.topics == FINK
    assert lsst.topics == tuple(f"{name}_lsst" for name in FINK)
    assert counterparts_of("winter") is None


@pytest.mark.parametrize("topic", sorted(counterpart_topics()))
def test_no_stream_takes_them_for_its_own(topic: str) -> None:
    assert not [survey for survey in SURVEYS if is_output_topic(topic, survey)]
    assert not [one for survey in SURVEYS for one in filters_of(survey) if one.topic == topic]


def test_no_filter_of_a_user_may_bear_their_name() -> None:
    with pytest.raises(ConfigError, match="'gw_bronze' is that of a topic of counterparts"):
        check_name("lsst", "gw_bronze", "team", "Every alert.")
    check_name("ztf", "gw_bronze", "team", "Every alert.")  # fink_gw_bronze_ztf is another topic


@pytest.mark.parametrize(
    ("messenger", "mission", "facts", "expected"),
    [
        (Messenger.GAMMA_RAY, "fermi", {}, ALL),
        (Messenger.X_RAY, "swift", {}, ALL),  # what follows a burst
        (Messenger.OPTICAL, "swift", {}, ALL),
        (Messenger.X_RAY, "maxi", {}, ()),
        (Messenger.NEUTRINO, "icecube", {}, ()),
        (Messenger.GRAVITATIONAL_WAVE, "lvk", {}, ("gw_bronze",)),
        (Messenger.GRAVITATIONAL_WAVE, "lvk", {"bronze": False}, ()),
        (Messenger.GAMMA_RAY, "fermi", {"bronze": False}, ()),
        (Messenger.GAMMA_RAY, "fermi", {"chance": FIVE_SIGMA}, ("grb_bronze",)),
        (Messenger.GAMMA_RAY, "fermi", {"radius_deg": 5.1}, ALL[:2]),
        (Messenger.GAMMA_RAY, "fermi", {"gold": False}, ALL[:2]),
    ],
)
def test_which_topics_a_match_leaves_by(
    messenger: Messenger, mission: str, facts: dict[str, Any], expected: tuple[str, ...]
) -> None:
    usual = {"chance": 5e-7, "radius_deg": 5.0, "bronze": True, "gold": True}
    assert tiers_of(event(messenger, mission), **{**usual, **facts}) == expected


def test_five_sigma_are_five_sigma() -> None:
    assert pytest.approx(5.733e-7, rel=1e-3) == FIVE_SIGMA


@pytest.mark.parametrize(
    ("last", "said", "is_sent"),
    [
        (None, Said("a", True), True),
        (Said("a", True), Said("a", True), False),
        (Said("a", True), Said("b", True), True),  # a revision
        (Said("a", False), Said("a", True), True),
        (None, Said("a", False), False),  # nothing was said that could be taken back
        (Said("a", True), Said("b", False), True),
        (Said("b", False), Said("c", False), False),
    ],
)
def test_what_is_news(last: Said | None, said: Said, is_sent: bool) -> None:  # noqa: FBT001 - of the table
    facts = Facts(NIGHT, 1, "a", "grb_bronze", "1", None, None, None, "1")
    one = Message("fink_grb_bronze", "swift:1", said, facts, b"")
    assert due([one], {} if last is None else {one.key: last}) == [one] * is_sent


def test_a_match_leaves_once_with_what_it_rests_on(settings: Settings, topics: FakeTopics) -> None:
    alerts = [
        seen(1, dec=20.01, mag_rate=-0.5),
        seen(2, programid=2),  # private
        seen(3, host_kind="star", ps1_shape="star"),
        seen(4, dec=40.0),  # elsewhere
    ]
    write_silver(settings.lake, alerts)
    kept(settings.lake, swift(1, 10.0, 20.0, hour=3.0))
    assert closed(settings)["messages"] == {"fink_grb_bronze": 1}
    assert closed(settings)["messages"] == {}
    assert topics.told() == [("fink_grb_bronze", 1, True)]
    (record,) = topics.records
    told = {name: record[name] for name in ("objectId", "candid", "eventId", "triggerId", "platform", "stands", "rate")}
    assert told == {
        "objectId": "ZTF231", "candid": 1, "eventId": "swift:1", "triggerId": "1", "platform": "swift", "stands": True,
        "rate": -0.5,
    }  # fmt: skip
    assert (record["grb_ra"], record["grb_dec"]) == (10.0, 20.0)
    assert record["grb_loc_error"] == pytest.approx(3.0)  # arcminutes
    assert record["triggerTimeUTC"] == "2023-10-18T03:00:00+00:00"
    assert 0.0 < record["grb_proba"] <= record["chance_night"] < 1.0
    assert record["candidate"]["jd"] == record["jd"] == alerts[0]["time"]  # fink-client looks there


def test_a_superevent_that_moves_and_is_retracted_is_taken_back(
    settings: Settings,
    superevent: list[bytes],
    topics: FakeTopics,
) -> None:
    write_silver(settings.lake, [seen(1, *best_place(superevent[0])), seen(2, *best_place(superevent[1]))])
    for content in superevent:
        kept(settings.lake, content)
        closed(settings)
    gw = "fink_gw_bronze"
    assert topics.told() == [(gw, 1, True), (gw, 2, True), (gw, 1, False), (gw, 2, False)]
    assert [record["stands"] for record in topics.records] == [True, True, False, False]
    assert {record["eventId"] for record in topics.records} == {"lvk:S230518h"}


def test_while_kafka_is_down_nothing_is_lost(settings: Settings, topics: FakeTopics) -> None:
    write_silver(settings.lake, [seen(1, dec=20.01), {**seen(2, 50.0), "night": NIGHT + dt.timedelta(days=3)}])
    kept(settings.lake, swift(1, 10.0, 20.0, hour=3.0))
    topics.down = True
    outcome = events.run(NightContext(settings, get_survey("ztf"), NIGHT, "run-1"))
    assert str(outcome.failure) == "Kafka does not answer"
    assert (outcome.result["matches"], outcome.result["messages"]) == (1, {})
    topics.down = False
    assert closed(settings, NIGHT + dt.timedelta(days=3))["messages"] == {"fink_grb_bronze": 1}  # looks back
    assert topics.told() == [("fink_grb_bronze", 1, True)]


@pytest.mark.parametrize("name", ["ztf", "lsst"])
def test_every_field_of_a_message_is_a_column_of_silver(name: str) -> None:
    counterparts = counterparts_of(name)
    assert counterparts is not None
    columns = column_paths(silver_spec(get_survey(name)).plain_schema)
    read = {path for one in counterparts.asked for path in one.inputs}
    assert {*counterparts.fields.values(), *read} - {""} <= columns
