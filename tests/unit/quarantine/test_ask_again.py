"""Alerts that enrich set aside for an unforeseen error: shown as such, and asked for without a JVM."""

import datetime as dt

import pytest

from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.lake.releases import Action, Release, record_releases
from fink_lib.quarantine.browse import Place, Selection, chosen
from fink_lib.quarantine.job import perform, plan, told
from fink_lib.quarantine.release import Decision, require_replayable
from fink_lib.streams.requests import Requests
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import ZTF
from tests.unit.quarantine.planted_quarantine import plant_quarantine

NIGHT = dt.date(2021, 11, 22)
DECISION = Decision("NAME", "mended")
OF_ENRICH = {"raw": None, "stage": "enrich", "night": NIGHT}


@pytest.fixture
def planted(settings: Settings) -> Settings:
    plant_quarantine(
        settings.lake,
        [
            {"kafka_offset": 4, "alert_id": 104, "error_class": "bad_value", **OF_ENRICH},
            {"kafka_offset": 5, "alert_id": 105, "error_class": "unforeseen", **OF_ENRICH},
            {"kafka_offset": 6, "alert_id": 106, "error_class": "unforeseen", **OF_ENRICH},
        ],
    )
    return settings


def requests(settings: Settings) -> Requests:
    return Requests(StreamSpec("ztf", Stage.ENRICH, settings))


def test_the_plan_says_what_enrich_would_try_again(planted: Settings) -> None:
    lines = plan(planted, ZTF, Selection(stage="enrich"))
    assert lines[0] == "t:0:4 enrich bad_value → in bronze: reprocess its night"
    assert lines[1] == "t:0:5 enrich unforeseen → in bronze: enrich tries it again"
    assert lines[-1] == "3 messages: 2 are tried again by enrich, 1 stay"


def test_enrich_is_asked_once_for_each_and_for_no_other(planted: Settings) -> None:
    for _ in range(2):
        outcome = perform(planted, ZTF, Action.REPLAYED, Selection(night=NIGHT), DECISION)
        assert (outcome.messages, outcome.released, outcome.waiting) == (2, 0, 2)
        assert told(outcome).startswith("0 of 2 messages replayed; 2 wait for enrich, which tries them again")
    assert [(one.alert_id, one.night, one.place) for one in requests(planted).read()] == [
        (105, "2021-11-22", ("t", 0, 5)),
        (106, "2021-11-22", ("t", 0, 6)),
    ]


def test_one_that_was_released_is_asked_for_no_more(planted: Settings) -> None:
    at = dt.datetime(2021, 11, 23, tzinfo=dt.UTC)
    release = Release(NIGHT, 105, "t", 0, 5, "enrich", "replayed", "NAME", "mended", at, "0")
    record_releases(planted.lake, "ztf", [release])
    outcome = perform(planted, ZTF, Action.REPLAYED, Selection(error_class="unforeseen"), DECISION)
    assert (outcome.messages, outcome.waiting) == (1, 1)
    assert chosen(planted.lake, ZTF, Selection(error_class="unforeseen"))["kafka_offset"].to_pylist() == [6]
    outcome = perform(planted, ZTF, Action.REPLAYED, Selection(places=(Place("t", 0, 4),)), DECISION)
    assert outcome.messages == 0, "its rule is broken still: a reprocessing judges it anew"


def test_of_enrich_only_what_was_unforeseen_is_replayed_by_stage() -> None:
    require_replayable(Selection(stage="enrich", error_class="unforeseen"))
    for error_class in (None, "bad_value"):
        with pytest.raises(ConfigError, match="are in bronze already: reprocess their night instead"):
            require_replayable(Selection(stage="enrich", error_class=error_class))
