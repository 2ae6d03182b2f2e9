"""Everything that is said about one object, for one reader: what its page and the API show."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from fink_lib.community.board import claims
from fink_lib.community.consensus import Consensus, consensus, evidence_of
from fink_lib.community.kinds import Kind
from fink_lib.community.people import Person
from fink_lib.community.state import State

Facts = dict[str, Any]
LISTED: Mapping[str, Kind] = {
    "comments": Kind.COMMENT,
    "annotations": Kind.ANNOTATION,
    "tags": Kind.TAG,
    "citations": Kind.CITATION,
    "photometry": Kind.PHOTOMETRY,
    "spectra": Kind.SPECTRUM,
    "watched": Kind.WATCH_MATCH,
    "followup": Kind.FOLLOWUP_REQUEST,
    "publications": Kind.PUBLICATION,
}


def object_view(state: State, reader: Person, survey: str, object_id: str, now: dt.datetime) -> Facts:
    """Return what stands about an object.

    Parameters
    ----------
    state, reader
        The log, and who asks.
    survey, object_id
        Which object.
    now
        When: claims end.

    Returns
    -------
    dict
        ``claims``, ``labels`` (each with its votes), ``consensus``, and a list for each further kind.
    """
    rows = state.select(reader, survey=survey, object_id=object_id)
    labels = [row for row in rows if row["kind"] == Kind.CLASSIFICATION]
    votes = _votes(state, reader, labels)
    found: Facts = {
        "survey": survey,
        "object_id": object_id,
        "claims": [told(row) for row in claims(rows, now)],
        "labels": [_label(row, votes) for row in labels],
        "consensus": [shown(one) for one in consensus([*labels, *votes])],
    }
    return found | {name: [told(row) for row in rows if row["kind"] == kind] for name, kind in LISTED.items()}


def _votes(state: State, reader: Person, labels: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    names = [row["statement_id"] for row in labels]
    return state.select(reader, [Kind.VOTE], about_statement=names) if names else []


def _label(row: Mapping[str, Any], votes: Iterable[Mapping[str, Any]]) -> Facts:
    newest = {vote["author"]: json.loads(vote["body"])["value"] for vote in votes
              if vote["about_statement"] == row["statement_id"]}  # fmt: skip
    values = [value for author, value in newest.items() if author != row["author"]]
    counts = {"votes_for": values.count(1), "votes_against": values.count(-1)}
    return {**told(row), "evidence": str(evidence_of(row)), **counts}


def shown(one: Consensus) -> Facts:
    """Return a consensus for programs."""
    return {**asdict(one), "evidence": str(one.evidence), "label": one.label}


def told(row: Mapping[str, Any]) -> Facts:
    """Return a statement for programs: its body as an object, times as ISO 8601, without what is null."""
    facts = {name: value for name, value in row.items() if value not in (None, [], "")}
    if isinstance(facts.get("body"), str):
        facts["body"] = json.loads(facts["body"])
    return {name: value.isoformat() if isinstance(value, dt.date) else value for name, value in facts.items()}


def citing(state: State, reader: Person, uri: str) -> list[Facts]:
    """Return the statements that cite an identifier, oldest first.

    Parameters
    ----------
    state
        What the log says.
    reader
        Only what this person may see is returned.
    uri
        The identifier, letter for letter.
    """
    return [told(row) for row in state.select(reader) if any(one["uri"] == uri for one in row["cites"] or ())]
