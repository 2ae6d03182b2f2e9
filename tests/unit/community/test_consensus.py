"""Consensus counted by hand: who is for what, what is never pooled, and how far voices disagree."""

import datetime as dt
import json
from typing import Any

import pytest

from fink_lib.community.consensus import Consensus, Evidence, consensus
from fink_lib.community.taxonomy import BROKER_CLASSES, TAXONOMIES, broker_class, taxonomy
from fink_lib.errors import ConfigError
from fink_lib.science.methods.classify.schemes import DEFAULT, FINK

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class Talk:
    """Statements one after the other."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def label(self, author: str, label: str, p: float | None = None, origin: str = "person", **body: Any) -> str:
        return self._add("classification", author, origin, body, label=label, probability=p, taxonomy="fink/1")

    def vote(self, author: str, about: str, value: int, origin: str = "person") -> str:
        return self._add("vote", author, origin, {"value": value}, about_statement=about)

    def _add(self, kind: str, author: str, origin: str, body: dict[str, Any], **told: Any) -> str:
        number = len(self.rows)
        columns = dict.fromkeys(("label", "probability", "taxonomy", "about_statement"))
        at = START + dt.timedelta(seconds=number)
        row = {"kind": kind, "author": author, "origin": origin, "at": at, "statement_id": f"s{number}"}
        self.rows.append(columns | row | {"body": json.dumps(body)} | told)
        return f"s{number}"

    def found(self, evidence: Evidence = Evidence.HUMAN) -> Consensus:
        (one,) = [each for each in consensus(self.rows) if each.evidence is evidence]
        return one


@pytest.fixture
def talk() -> Talk:
    return Talk()


def test_three_voices_of_which_two_agree(talk: Talk) -> None:
    """Of three pairs one agrees: two thirds of disagreement."""
    for author, name in (("a", "SN Ia"), ("b", "SN Ia"), ("c", "AGN")):
        talk.label(author, name)
    found = talk.found()
    assert (found.label, found.voices) == ("SN Ia", 3)
    assert dict(found.shares) == pytest.approx({"SN Ia": 2 / 3, "AGN": 1 / 3})
    assert found.disagreement == pytest.approx(2 / 3)


def test_a_class_above_another_does_not_contradict_it(talk: Talk) -> None:
    talk.label("a", "SN Ia")
    talk.label("b", "supernova")
    assert talk.found().disagreement == 0.0


def test_two_distributions(talk: Talk) -> None:
    """0.8 x 0.5 + 0.2 x 0.5 = 0.5 of agreement."""
    talk.label("a", "SN Ia", 0.8)
    talk.label("a", "AGN", 0.2)
    talk.label("b", "SN Ia", 0.5)
    talk.label("b", "AGN", 0.5)
    found = talk.found()
    assert found.voices == 2
    assert dict(found.shares) == pytest.approx({"SN Ia": 0.65, "AGN": 0.35})
    assert found.disagreement == pytest.approx(0.5)


def test_an_account_counts_once(talk: Talk) -> None:
    first = talk.label("a", "SN Ia")
    talk.label("b", "AGN")
    talk.label("b", "AGN")
    talk.vote("b", first, 1)  # b changes sides
    talk.vote("a", first, 1)
    found = talk.found()
    assert (found.voices, dict(found.shares), found.disagreement) == (2, {"SN Ia": 1.0}, 0.0)


def test_a_label_with_all_its_probability_replaces_the_one_before(talk: Talk) -> None:
    talk.label("a", "SN Ia", 0.9)
    talk.label("a", "AGN", 0.9)
    assert dict(talk.found().shares) == {"AGN": 0.9}


def test_a_voice_against(talk: Talk) -> None:
    first = talk.label("a", "SN Ia")
    talk.vote("c", first, -1)
    found = talk.found()
    assert (found.voices, dict(found.shares), dict(found.against)) == (2, {"SN Ia": 0.5}, {"SN Ia": 1})
    assert found.disagreement is None  # one voice only is for something


def test_labels_of_spectra_people_and_machines_are_never_pooled(talk: Talk) -> None:
    talk.label("a", "AGN")
    talk.label("b", "SN II", spectrum="s")
    talk.label("tns", "SN II", origin="tns")
    talk.label("model", "SN Ia", 0.7, origin="program", spectrum="s")
    found = {one.evidence: one for one in consensus(talk.rows)}
    assert {name: (one.voices, dict(one.shares)) for name, one in found.items()} == {
        Evidence.HUMAN: (1, {"AGN": 1.0}),
        Evidence.SPECTROSCOPIC: (2, {"SN II": 1.0}),
        Evidence.MACHINE: (1, {"SN Ia": 0.7}),
    }


def test_a_program_that_votes_stays_a_machine(talk: Talk) -> None:
    first = talk.label("a", "AGN")
    talk.vote("model", first, 1, origin="program")
    assert {one.evidence: one.voices for one in consensus(talk.rows)} == {Evidence.HUMAN: 1, Evidence.MACHINE: 1}


def test_a_vote_on_what_was_withdrawn_is_no_voice(talk: Talk) -> None:
    talk.vote("b", "gone", 1)
    assert consensus(talk.rows) == []


def test_every_class_of_the_broker_has_a_place() -> None:
    named = {rule.label for scheme in (FINK, DEFAULT) for rule in scheme.rules}
    assert {name for name in named if not name.startswith("=")} <= BROKER_CLASSES.keys()  # = passes a catalogue on
    told = ["Early SN Ia candidate", "(TNS) SN II", "(VSX) RRAB", "something new"]
    assert [broker_class(name) for name in told] == ["SN Ia", "SN II", "variable star", "unknown"]
    assert set(BROKER_CLASSES.values()) <= taxonomy("fink/1").parents.keys()


def test_the_tree() -> None:
    tree = TAXONOMIES["fink/1"]
    assert list(tree.line("SN Ia-91bg")) == ["SN Ia-91bg", "SN Ia", "supernova", "transient"]
    assert "SN Ia" not in tree.leaves
    assert "SN IIb" in tree.leaves
    assert not tree.agree("SN Ia", "SN II")
    with pytest.raises(ConfigError, match="no taxonomy 'mine/1'"):
        taxonomy("mine/1")
