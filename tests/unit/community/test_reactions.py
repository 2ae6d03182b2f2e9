"""Filters that fire on what is said: what fires them, and who may make them."""

from typing import Any

import pytest
from community_bench import ANNA, BEN, CLARA, ROBOT, draft, said

from fink_lib.community.log import Log
from fink_lib.community.people import Person
from fink_lib.community.reactions import MOST_OF_AN_AUTHOR, rules_of
from fink_lib.community.saying import NotSaid, say
from fink_lib.errors import ConfigError
from fink_lib.filters.users.store import check_name

BODY = {"reaction": "fast", "kinds": ["annotation"]}


def rule(log: Log, who: Person = ANNA, **told: Any) -> None:
    said(log, who, "reaction", survey="ztf", body={**BODY, **told})


def annotated(log: Log, **told: Any) -> dict[str, Any]:
    body = {"annotator": "net", "classification": "SN"}
    return said(log, ROBOT, "annotation", **{"survey": "ztf", "object_id": "ZTF21acoshvy", "probability": 0.8,
                                             "body": body, **told})  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "fires"),
    [
        ({}, True),
        ({"annotator": "net", "author": "robot", "label": "SN", "min_probability": 0.8}, True),
        ({"annotator": "tree"}, False),
        ({"author": "anna"}, False),
        ({"label": "AGN"}, False),
        ({"min_probability": 0.81}, False),
        ({"kinds": ["tag"]}, False),
    ],
)
def test_what_fires_a_rule(tmp_path: Any, wanted: dict[str, Any], *, fires: bool) -> None:
    log = Log(tmp_path)
    rule(log, **wanted)
    row = annotated(log)
    (one,) = rules_of(log.now(), "ztf")
    assert one.fires_on(row) is fires
    assert (one.filter, one.topic) == ("said_fast", "fink_said_fast_ztf")
    assert rules_of(log.now(), "lsst") == []


def test_what_was_said_before_a_rule_fires_nothing(tmp_path: Any) -> None:
    log = Log(tmp_path)
    before = annotated(log)
    rule(log)
    after = annotated(log)
    (one,) = rules_of(log.now(), "ztf")
    assert [one.fires_on(row) for row in (before, after)] == [False, True]


def test_what_is_not_public_or_of_another_survey_fires_nothing(tmp_path: Any) -> None:
    log = Log(tmp_path)
    rule(log)
    (one,) = rules_of(log.now(), "ztf")
    closed = said(log, ANNA, "annotation", survey="ztf", object_id="ZTF21acoshvy", visibility="group:sn",
                  body={"annotator": "net"})  # fmt: skip
    foreign = annotated(log, survey="lsst", object_id="170028493167509574")
    of_night = said(log, ROBOT, "annotation", survey="ztf", about_night="2021-11-22", body={"annotator": "net"})
    without = annotated(log, probability=None)
    assert [one.fires_on(row) for row in (closed, foreign, of_night, without)] == [False, False, False, True]


def test_the_newest_statement_of_its_author_says_what_a_rule_is(tmp_path: Any) -> None:
    log = Log(tmp_path)
    rule(log)
    rule(log, label="SN")
    assert [one.body.label for one in rules_of(log.now(), "ztf")] == ["SN"]
    rule(log, active=False)
    assert rules_of(log.now(), "ztf") == []


def test_who_may_make_a_rule(tmp_path: Any) -> None:
    log = Log(tmp_path)
    rule(log)
    with pytest.raises(NotSaid, match="'fast' is a reaction of anna"):
        rule(log, BEN)
    with pytest.raises(NotSaid, match="on a public topic"):
        said(log, ANNA, "reaction", survey="ztf", visibility="group:sn", body=BODY)
    with pytest.raises(ConfigError, match="no_such_column"):
        rule(log, reaction="bad", predicate="no_such_column > 1")
    with pytest.raises(ConfigError, match="reaction"):
        rule(log, reaction="Not a name")
    for number in range(MOST_OF_AN_AUTHOR):
        rule(log, CLARA, reaction=f"r{number}", predicate="candidate.magpsf < 18")
    with pytest.raises(NotSaid, match="20 reactions at most"):
        rule(log, CLARA, reaction="one_more")
    many = [draft("reaction", survey="ztf", body={**BODY, "reaction": f"at_once_{number}"}) for number in range(30)]
    with pytest.raises(NotSaid, match="one reaction at most"):
        say(log, BEN, many)
    with pytest.raises(ConfigError, match="said_"):
        check_name("ztf", "said_fast", "team", "Something.")
