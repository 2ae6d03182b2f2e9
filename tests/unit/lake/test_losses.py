"""Losses: found once, accepted by a person, and never more than what is really missing."""

import datetime as dt
import json

import pytest
from typer.testing import CliRunner

from fink_lib.cli.losses import app
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.lake.losses import (
    KnownLosses,
    Loss,
    accept_losses,
    chosen_losses,
    divide,
    note_losses,
    open_losses,
    read_losses,
)
from fink_lib.lake.places import Held, Places, Range
from fink_lib.lake.small import append_rows
from fink_lib.lake.tables import gold_known_losses, quarantine

NIGHT = dt.date(2021, 11, 22)


def loss(first: int, last: int, night: dt.date | None = NIGHT) -> Loss:
    return Loss(Range("t", 0, first, last), night, "expired")


def test_some_offsets_are_divided_by_what_is_lost_of_them() -> None:
    others = [Loss(Range("t", 1, 0, 99)), Loss(Range("u", 0, 0, 99))]
    inside, outside = divide(Range("t", 0, 3, 20), [loss(15, 17), loss(0, 4), loss(30, 40), *others])
    assert [(one.place.first, one.place.last) for one in inside] == [(3, 4), (15, 17)]
    assert [(one.first, one.last) for one in outside] == [(5, 14), (18, 20)]
    assert divide(Range("t", 0, 3, 5), [loss(0, 9), loss(4, 4)]) == ([loss(3, 5)], [])
    assert divide(Range("t", 0, 3, 5), []) == ([], [Range("t", 0, 3, 5)])


def test_a_loss_is_noted_once_and_what_is_new_of_it_alone(settings: Settings) -> None:
    assert read_losses(settings.lake, "ztf") == KnownLosses()
    assert note_losses(settings.lake, "ztf", [loss(3, 5)]) == [loss(3, 5)]
    assert note_losses(settings.lake, "ztf", [loss(2, 6)]) == [loss(2, 2), loss(6, 6)]
    assert note_losses(settings.lake, "ztf", [loss(2, 6)]) == []
    assert [one.place.first for one in read_losses(settings.lake, "ztf").found] == [2, 3, 6]
    assert read_losses(settings.lake, "lsst").found == ()


def test_what_is_accepted_is_no_longer_open_and_what_came_to_be_kept_was_never_lost(settings: Settings) -> None:
    note_losses(settings.lake, "ztf", [loss(0, 9, None)])
    accept_losses(settings.lake, "ztf", [loss(0, 2, None)], "someone", "expired")
    damaged = quarantine("ztf")
    rows = [{"kafka_topic": "t", "kafka_partition": 0, "kafka_offset": offset, "stage": "ingest"} for offset in (5, 8)]
    append_rows(damaged, settings.lake, [*rows, {**rows[0], "kafka_offset": 9, "stage": "enrich"}])
    held = Places([Held(damaged.path(settings.lake), "ingest")])
    left = open_losses(read_losses(settings.lake, "ztf"), held)
    assert [one.label for one in left] == ["t:0:3-4", "t:0:6-7", "t:0:9-9"]
    assert chosen_losses(left, ["t:0:9-9", "t:0:9-9"]) == [loss(9, 9, None)]
    with pytest.raises(ConfigError, match="no open loss is called t:0:0-2; open: t:0:3-4, t:0:6-7, t:0:9-9"):
        chosen_losses(left, ["t:0:0-2"])


def test_rows_that_name_no_messages_are_left_to_the_suite(settings: Settings) -> None:
    note_losses(settings.lake, "ztf", [loss(3, 5)])
    spoiled = {"topic": "t", "partition": 0, "first_offset": None, "last_offset": 9, "event": "found"}
    append_rows(gold_known_losses("ztf"), settings.lake, [spoiled, {**spoiled, "topic": None, "first_offset": 1}])
    assert read_losses(settings.lake, "ztf").found == (loss(3, 5),)


@pytest.mark.parametrize(("who", "why"), [("", "expired"), ("someone", " ")])
def test_nothing_is_accepted_by_nobody_or_for_no_reason(settings: Settings, who: str, why: str) -> None:
    with pytest.raises(ConfigError, match="--who NAME --why TEXT"):
        accept_losses(settings.lake, "ztf", [loss(0, 2)], who, why)


def fink(*words: str) -> str:
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout if "--json" in words else result.output


def test_the_command_lists_and_accepts(settings: Settings) -> None:
    home = ("--home", str(settings.home))
    assert "0 messages are lost" in fink("list", *home)
    note_losses(settings.lake, "ztf", [loss(3, 5), loss(7, 7, None)])
    accepted = fink("accept", "t:0:3-5", "--who", "someone", "--why", "the disk was full", *home)
    assert "3 messages accepted as lost" in accepted
    rows = json.loads(fink("list", "--json", *home))
    assert [(row["loss"], row["state"], row["why"]) for row in rows] == [
        ("t:0:7-7", "open", "expired"),
        ("t:0:3-5", "accepted", "the disk was full"),
    ]
