"""What the community thinks an object is: voices of accounts, kept apart by what they rest on.

A label rests on a spectrum, on a person's judgement, or on a program. These are never pooled. Within each an account
has one voice: its newest label, or its newest vote for another's label, whichever came last; votes against count only
for an account that is for nothing.

Disagreement is the probability that two voices, drawn at random without putting the first one back, name classes that
cannot both be true: one minus the mean, over all pairs of voices, of the sum over pairs of classes of the product of
their probabilities where one class is the other or above it (Gini-Simpson index, here with a tree).
"""

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from fink_lib.community.kinds import Kind, Origin
from fink_lib.community.taxonomy import Taxonomy, taxonomy

Row = Mapping[str, Any]
EPSILON = 1e-9


class Evidence(StrEnum):
    """What a label rests on."""

    SPECTROSCOPIC = "spectroscopic"
    HUMAN = "human"
    MACHINE = "machine"


@dataclass(frozen=True)
class Voice:
    """What one account thinks.

    Attributes
    ----------
    author
        The account.
    labels
        Class → probability; what is missing to 1 is undecided.
    against
        Classes that it voted against, where it is for none.
    statements
        Statements that the voice is made of.
    """

    author: str
    labels: Mapping[str, float]
    against: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()


@dataclass(frozen=True)
class Consensus:
    """The voices on an object that rest on one kind of evidence, in one taxonomy.

    Attributes
    ----------
    evidence, taxonomy
        Which.
    shares
        Class → mean probability over the voices; the highest first.
    against
        Class → voices against it that are for nothing.
    voices
        How many accounts.
    disagreement
        0 where all can be right, 1 where no two can; None with fewer than two voices for something.
    """

    evidence: Evidence
    taxonomy: str
    shares: Mapping[str, float]
    against: Mapping[str, int]
    voices: int
    disagreement: float | None

    @property
    def label(self) -> str | None:
        """The class with the largest share; None where nobody is for anything."""
        return next(iter(self.shares), None)


@dataclass
class _Account:
    labels: dict[str, float] = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)
    against: dict[str, str] = field(default_factory=dict)


def evidence_of(label: Row) -> Evidence:
    """Return what a classification rests on: a program's is a machine's, even where it has read a spectrum."""
    if label["origin"] == Origin.PROGRAM:
        return Evidence.MACHINE
    if label["origin"] in {Origin.TNS, Origin.FACILITY} or json.loads(label["body"]).get("spectrum"):
        return Evidence.SPECTROSCOPIC
    return Evidence.HUMAN


def consensus(rows: Iterable[Row]) -> list[Consensus]:
    """Return the consensus on one object, by evidence and taxonomy.

    Parameters
    ----------
    rows
        Classifications and votes that stand, in the order in which they were written.
    """
    voices = voices_of(rows)
    return [_counted(evidence, name, some) for (evidence, name), some in sorted(voices.items())]


def voices_of(rows: Iterable[Row]) -> dict[tuple[Evidence, str], list[Voice]]:
    """Return the voices on one object, by evidence and taxonomy, accounts in the order of their names."""
    ordered = sorted(rows, key=lambda row: (row["at"], row["statement_id"]))
    labels = {row["statement_id"]: row for row in ordered if row["kind"] == Kind.CLASSIFICATION}
    found: dict[tuple[Evidence, str], dict[str, _Account]] = {}
    for row in ordered:
        label = row if row["kind"] == Kind.CLASSIFICATION else labels.get(row["about_statement"])
        if label is None or row["kind"] not in {Kind.CLASSIFICATION, Kind.VOTE}:
            continue
        # A program that votes for a person's label stays a machine
        evidence = Evidence.MACHINE if row["origin"] == Origin.PROGRAM else evidence_of(label)
        accounts = found.setdefault((evidence, label["taxonomy"]), {})
        _hear(accounts.setdefault(row["author"], _Account()), row, label)
    return {
        place: [_voice(author, one) for author, one in sorted(accounts.items())] for place, accounts in found.items()
    }


def _hear(account: _Account, row: Row, label: Row) -> None:
    """Let an account say what it says last."""
    if row["kind"] == Kind.VOTE and json.loads(row["body"])["value"] < 0:
        account.against[label["label"]] = row["statement_id"]
        account.labels.pop(label["label"], None)
        return
    probability = 1.0 if label["probability"] is None else label["probability"]
    if row["kind"] == Kind.CLASSIFICATION and _goes_on(account, row):
        account.labels[label["label"]] = probability
        account.statements.append(row["statement_id"])
    else:
        account.labels = {label["label"]: probability}
        account.statements = [row["statement_id"]]
    account.against.pop(label["label"], None)


def _goes_on(account: _Account, row: Row) -> bool:
    """Tell whether a label belongs to a distribution over classes that the account gives, which sums to 1 at most."""
    if not account.labels or row["probability"] is None or row["label"] in account.labels:
        return False
    total = sum(account.labels.values()) + float(row["probability"])
    return total <= 1.0 + EPSILON


def _voice(author: str, account: _Account) -> Voice:
    if account.labels:
        return Voice(author, dict(account.labels), (), tuple(account.statements))
    return Voice(author, {}, tuple(sorted(account.against)), tuple(sorted(account.against.values())))


def _counted(evidence: Evidence, name: str, voices: Sequence[Voice]) -> Consensus:
    shares: dict[str, float] = {}
    against: dict[str, int] = {}
    for voice in voices:
        for label, probability in voice.labels.items():
            shares[label] = shares.get(label, 0.0) + probability / len(voices)
        for label in voice.against:
            against[label] = against.get(label, 0) + 1
    ordered = dict(sorted(shares.items(), key=lambda one: (-one[1], one[0])))
    return Consensus(evidence, name, ordered, against, len(voices), disagreement(taxonomy(name), voices))


def disagreement(tree: Taxonomy, voices: Sequence[Voice]) -> float | None:
    """Return the probability that two voices cannot both be right; a voice that is for nothing is left out.

    Parameters
    ----------
    tree
        The taxonomy of the labels.
    voices
        One an account.

    Returns
    -------
    float or None
        0 to 1; None where fewer than two voices are for something.
    """
    deciding = [_normalized(voice.labels) for voice in voices if sum(voice.labels.values()) > EPSILON]
    pairs = list(itertools.combinations(deciding, 2))
    if not pairs:
        return None
    agreed = sum(
        left * right
        for one, other in pairs
        for (a, left), (b, right) in itertools.product(one.items(), other.items())
        if tree.agree(a, b)
    )
    return min(1.0, max(0.0, 1.0 - agreed / len(pairs)))


def _normalized(labels: Mapping[str, float]) -> dict[str, float]:
    total = sum(labels.values())
    return {label: value / total for label, value in labels.items()}
