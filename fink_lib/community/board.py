"""Who is on what: claims that end by themselves, and the board of a group with what it is filled from."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fink_lib.community.consensus import Consensus, consensus
from fink_lib.community.kinds import GROUP, Kind
from fink_lib.community.people import Person
from fink_lib.community.state import State, by_object

OPEN_STATES = ("inbox", "in_work", "waiting")
USUAL_ROWS = 100


@dataclass(frozen=True)
class Candidate:
    """An object on a board.

    Attributes
    ----------
    survey, object_id, ra, dec
        Which, and where, if somebody has said so.
    state, priority, source, text
        As its newest statement says.
    changed_by, changed_at
        Who said so, and when.
    on_it
        Accounts whose claims hold.
    consensus
        What it is thought to be, by evidence.
    comments
        How many comments stand.
    """

    survey: str
    object_id: str
    ra: float | None
    dec: float | None
    state: str
    priority: int
    source: str
    text: str
    changed_by: str
    changed_at: dt.datetime
    on_it: tuple[str, ...]
    consensus: tuple[Consensus, ...]
    comments: int


def claims(rows: Iterable[Mapping[str, Any]], now: dt.datetime) -> list[dict[str, Any]]:
    """Return the claims that hold, the first one first: the newest of each account, until its time is over.

    Parameters
    ----------
    rows
        Statements on one object that stand, in any order; other kinds are passed over.
    now
        When a claim must still hold.

    Returns
    -------
    list of dict
        Each claim's row with the fields of its body.
    """
    newest = {row["author"]: row for row in sorted(rows, key=lambda row: row["at"]) if row["kind"] == Kind.CLAIM}
    told = [{**row, **json.loads(row["body"])} for row in newest.values()]
    held = [row for row in told if dt.datetime.fromisoformat(row["until"]) > now]
    return sorted(held, key=lambda row: row["at"])


def board(
    state: State, reader: Person, name: str, now: dt.datetime, *, limit: int = USUAL_ROWS, offset: int = 0
) -> list[Candidate]:
    """Return the board of a group as a reader may see it: open candidates first, then by priority and time.

    Parameters
    ----------
    state, reader, name
        The log, who asks, and of which group.
    now
        When: claims end.
    limit, offset
        Which part of it: what is said about each candidate is looked up for those alone.
    """
    newest = [(json.loads(body), at, place) for place, body, at in state.newest(reader, Kind.CANDIDATE, GROUP + name)]
    newest.sort(key=lambda one: (one[0]["state"] not in OPEN_STATES, one[0]["priority"], one[1]))
    page = newest[offset : offset + limit]
    if not page:
        return []
    shown = list(zip(state.at([place for _, _, place in page]), (body for body, _, _ in page), strict=True))
    kinds = [Kind.CLAIM, Kind.CLASSIFICATION, Kind.COMMENT]
    said = state.select(reader, kinds, object_id=sorted({row["object_id"] for row, _ in shown}))
    labels = [row["statement_id"] for row in said if row["kind"] == Kind.CLASSIFICATION]
    votes = state.select(reader, [Kind.VOTE], about_statement=labels) if labels else []
    about = by_object(said)
    found = []
    for row, body in shown:
        mine = about.get((row["survey"], row["object_id"]), [])
        found.append(_candidate(row, body, [*mine, *_of(votes, mine)], now))
    return found


def _of(votes: Iterable[Mapping[str, Any]], rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the votes on some labels."""
    labels = {row["statement_id"] for row in rows if row["kind"] == Kind.CLASSIFICATION}
    return [vote for vote in votes if vote["about_statement"] in labels]


def _candidate(
    row: Mapping[str, Any], body: Mapping[str, Any], about: list[Mapping[str, Any]], now: dt.datetime
) -> Candidate:
    return Candidate(
        survey=row["survey"],
        object_id=row["object_id"],
        ra=row["ra"],
        dec=row["dec"],
        state=body["state"],
        priority=body["priority"],
        source=body["source"],
        text=body["text"],
        changed_by=row["author"],
        changed_at=row["at"],
        on_it=tuple(one["author"] for one in claims(about, now)),
        consensus=tuple(consensus(about)),
        comments=sum(one["kind"] == Kind.COMMENT for one in about),
    )


def sources_of(state: State, reader: Person, name: str) -> dict[str, list[str]]:
    """Return the filters and watch lists that a board is filled from, as its newest statement says.

    Parameters
    ----------
    state
        What the log says.
    reader
        Who asks: one who is not of the group sees no statement, and gets two empty lists.
    name
        Of the group.
    """
    rows = state.select(reader, [Kind.BOARD], visibility=GROUP + name)
    told = json.loads(rows[-1]["body"]) if rows else {"filters": [], "watches": []}
    return {"filters": told["filters"], "watches": told["watches"]}


def disputed(state: State, reader: Person) -> list[tuple[str, str, Consensus]]:
    """Return survey, object and consensus of what people disagree on, the most disputed first.

    Parameters
    ----------
    state
        What the log says.
    reader
        Only what this person may see is counted.
    """
    found = []
    rows = state.select(reader, [Kind.CLASSIFICATION])
    votes = state.select(reader, [Kind.VOTE])
    for (survey, object_id), some in by_object(rows).items():
        counted = consensus([*some, *_of(votes, some)])
        found += [(survey, object_id, one) for one in counted if one.disagreement]
    return sorted(found, key=lambda one: (-(one[2].disagreement or 0.0), -one[2].voices, one[1]))
