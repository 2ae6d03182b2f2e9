"""Claims, boards, disputes and training labels of three people of two groups and one stranger, counted by hand."""

import datetime as dt
from pathlib import Path

import pytest
from community_bench import ANNA, BEN, CLARA, OBJECT, ROBOT, draft, label, said

from fink_lib.community.board import board, claims, disputed, sources_of
from fink_lib.community.log import Log
from fink_lib.community.people import STRANGER
from fink_lib.community.saying import NotSaid, say
from fink_lib.community.training import training_set

NOW = dt.datetime.now(dt.UTC)
TOMORROW = (NOW + dt.timedelta(days=1)).isoformat()
OTHER = {"survey": "ztf", "object_id": "ZTF18aaaaaaa"}


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def test_a_claim_ends_by_itself_and_is_seen_by_those_who_may(log: Log) -> None:
    said(log, ANNA, "claim", visibility="group:sn", body={"until": TOMORROW, "intent": "spectrum"})
    said(log, CLARA, "claim", body={"until": TOMORROW})
    said(log, BEN, "claim", body={"until": (NOW - dt.timedelta(seconds=1)).isoformat()})
    state = log.now()
    seen = {who.name: [one["author"] for one in claims(state.select(who, **OBJECT), NOW)] for who in (BEN, STRANGER)}
    assert seen == {"ben": ["anna", "clara"], "": ["clara"]}
    assert claims(state.select(BEN), NOW + dt.timedelta(days=2)) == []


def test_the_board_of_a_group(log: Log) -> None:
    def place(who: object, where: dict[str, str], state: str, priority: int) -> None:
        body = {"board": "sn", "state": state, "priority": priority, "source": "early_sn"}
        said(log, who, "candidate", **where, visibility="group:sn", body=body)  # type: ignore[arg-type]

    place(ANNA, OBJECT, "inbox", 3)
    place(ANNA, OTHER, "inbox", 1)
    place(BEN, OBJECT, "in_work", 0)
    said(log, BEN, "claim", visibility="group:sn", body={"until": TOMORROW})
    first = say(log, CLARA, [label("SN Ia")])[0]
    said(log, BEN, "vote", about_statement=first["statement_id"], body={"value": 1})
    said(log, ANNA, "comment", body={"text": "rising"})
    found = board(log.now(), BEN, "sn", NOW)
    assert [(one.object_id, one.state, one.priority, one.on_it, one.comments) for one in found] == [
        ("ZTF21acoshvy", "in_work", 0, ("ben",), 1),
        ("ZTF18aaaaaaa", "inbox", 1, (), 0),
    ]
    assert [(one.label, one.voices) for one in found[0].consensus] == [("SN Ia", 2)]
    place(ANNA, OTHER, "done", 0)
    assert [one.state for one in board(log.now(), BEN, "sn", NOW)] == ["in_work", "done"]
    assert board(log.now(), CLARA, "sn", NOW) == board(log.now(), STRANGER, "sn", NOW) == []
    with pytest.raises(NotSaid):
        place(CLARA, OBJECT, "done", 0)


def test_what_a_board_is_filled_from(log: Log) -> None:
    assert sources_of(log.now(), BEN, "sn") == {"filters": [], "watches": []}
    told = {"visibility": "group:sn", "survey": "ztf"}
    said(log, ANNA, "board", **told, body={"board": "sn", "filters": ["early_sn"]})
    said(log, ANNA, "board", **told, body={"board": "sn", "filters": ["early_sn", "fast"], "watches": ["hosts"]})
    assert sources_of(log.now(), BEN, "sn") == {"filters": ["early_sn", "fast"], "watches": ["hosts"]}
    assert sources_of(log.now(), CLARA, "sn")["filters"] == []


def test_the_most_disputed_first(log: Log) -> None:
    for who, name in ((ANNA, "SN Ia"), (BEN, "SN Ia"), (CLARA, "AGN")):
        say(log, who, [label(name)])
        say(log, who, [draft("classification", **OTHER, taxonomy="fink/1", label="SN Ia")])
    say(log, CLARA, [draft("classification", **OTHER, taxonomy="fink/1", label="AGN", probability=0.9)])
    (first, second) = disputed(log.now(), STRANGER)
    assert {(first[1], first[2].voices), (second[1], second[2].voices)} == {("ZTF21acoshvy", 3), ("ZTF18aaaaaaa", 3)}
    assert first[2].disagreement == second[2].disagreement == pytest.approx(2 / 3)


def test_a_training_set(log: Log) -> None:
    """Four labels: one replaced, one of a program, one withdrawn, one of a group."""
    first = say(log, ANNA, [label("SN II")])[0]
    second = say(log, ANNA, [label("SN IIb", supersedes=first["statement_id"])])[0]
    say(log, ROBOT, [label("SN Ia", probability=0.7, agent_version="net/2")])
    gone = say(log, BEN, [label("AGN")])[0]
    said(log, BEN, "withdrawal", supersedes=gone["statement_id"])
    say(log, BEN, [label("TDE", visibility="group:sn")])
    for who, value in ((BEN, 1), (CLARA, -1), (CLARA, 1), (ANNA, 1)):
        said(log, who, "vote", about_statement=second["statement_id"], body={"value": value})
    found = training_set(log.now(), STRANGER).to_pylist()
    told = [(row["label"], row["evidence"], row["author"], row["votes_for"], row["votes_against"]) for row in found]
    assert told == [("SN IIb", "human", "anna", 2, 0), ("SN Ia", "machine", "robot", 0, 0)]
    assert found[0]["replaces"] == [first["statement_id"]]
    assert found[0]["line"] == ["SN IIb", "SN II", "supernova", "transient"]
    assert found[1]["agent_version"] == "net/2"
    assert found[0]["log_version"] == log.now().version
    assert [row["label"] for row in training_set(log.now(), BEN, ["human"]).to_pylist()] == ["SN IIb", "TDE"]
    assert training_set(log.now(), BEN, since=dt.datetime(2100, 1, 1, tzinfo=dt.UTC)).num_rows == 0
