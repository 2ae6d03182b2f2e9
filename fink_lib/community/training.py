"""Labels for training: what stands, with who said it, when, on what evidence, and what it replaced."""

import json
from collections.abc import Collection
from typing import Any

import pyarrow as pa

from fink_lib.community.consensus import evidence_of
from fink_lib.community.kinds import Kind
from fink_lib.community.people import Person
from fink_lib.community.state import State
from fink_lib.community.taxonomy import taxonomy
from fink_lib.lake.tables.types import TEXTS, TS, D, L, S

SCHEMA = pa.schema(
    [
        *(pa.field(name, S) for name in ("survey", "object_id")),
        *(pa.field("alert_id", L), pa.field("taxonomy", S), pa.field("label", S), pa.field("line", TEXTS)),
        *(pa.field("probability", D), pa.field("evidence", S), pa.field("author", S), pa.field("origin", S)),
        *(pa.field("agent_version", S), pa.field("at", TS), pa.field("statement_id", S), pa.field("replaces", TEXTS)),
        *(pa.field("votes_for", L), pa.field("votes_against", L), pa.field("log_version", L)),
    ]
)


def training_set(state: State, reader: Person, evidence: Collection[str] = (), since: Any = None) -> pa.Table:
    """Return the labels that a reader may see, a row a label that stands, in the order of their statements.

    Parameters
    ----------
    state, reader
        The log, and who asks; the row names its version.
    evidence
        ``spectroscopic``, ``human``, ``machine``: those alone; all where none is given, each row told apart.
    since
        Labels written from this time on.
    """
    rows = state.select(reader, [Kind.CLASSIFICATION, Kind.VOTE])
    votes: dict[str, dict[str, int]] = {}
    for row in rows:
        if row["kind"] == Kind.VOTE:  # the newest vote of an account counts
            votes.setdefault(row["about_statement"], {})[row["author"]] = json.loads(row["body"])["value"]
    labels = [row for row in rows if row["kind"] == Kind.CLASSIFICATION and (since is None or row["at"] >= since)]
    told = [_told(row, state, votes.get(row["statement_id"], {})) for row in labels]
    kept = [one for one in told if not evidence or one["evidence"] in evidence]
    return pa.Table.from_pylist(kept, schema=SCHEMA)


def _told(row: dict[str, Any], state: State, votes: dict[str, int]) -> dict[str, Any]:
    given = {author: value for author, value in votes.items() if author != row["author"]}
    return {
        **{name: row[name] for name in SCHEMA.names if name in row},
        "line": list(taxonomy(row["taxonomy"]).line(row["label"])),
        "evidence": str(evidence_of(row)),
        "replaces": _replaced(row, state),
        "votes_for": sum(value > 0 for value in given.values()),
        "votes_against": sum(value < 0 for value in given.values()),
        "log_version": state.version,
    }


def _replaced(row: dict[str, Any], state: State) -> list[str]:
    """Return the statements that a label replaced, the newest first."""
    found: list[str] = []
    while row["supersedes"] is not None and row["supersedes"] not in found:
        found.append(row["supersedes"])
        older = state.get(found[-1])
        if older is None:
            break
        row = older
    return found
