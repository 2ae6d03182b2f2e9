"""Statements beside what must be true of them, for the suite that judges a log."""

import datetime as dt
import json
from typing import Any

import pyarrow.compute as pc

from fink_lib.community.bodies import BODIES, is_former
from fink_lib.community.draft import LABELLED, OF_OBJECTS, OF_STATEMENTS
from fink_lib.community.kinds import RELATIONS, Kind
from fink_lib.community.log import Log
from fink_lib.community.state import State
from fink_lib.community.taxonomy import TAXONOMIES
from fink_lib.errors import ConfigError
from fink_lib.storage import LakePath

Row = dict[str, Any]
MOST_ROWS = 20_000
KINDS = {str(kind) for kind in Kind}


def checked_rows(lake: LakePath, first: dt.datetime | None = None, last: dt.datetime | None = None) -> list[Row]:
    """Return the statements of a time, the newest `MOST_ROWS`, each beside what must be true of it.

    Parameters
    ----------
    lake
        Root folder of the tables.
    first, last
        From when (included) to when; all time when not given.
    """
    state = Log(lake).now()
    rows = state.rows
    if first is not None:
        rows = rows.filter(pc.field("at") >= first)
    if last is not None:
        rows = rows.filter(pc.field("at") < last)
    found = rows.slice(max(0, rows.num_rows - MOST_ROWS)).to_pylist()
    return [{**_plain(row), **_facts(row, state)} for row in found]


def _plain(row: Row) -> Row:
    names = ("statement_id", "kind", "at", "author", "origin", "visibility", "body", "probability")
    return {name: row[name] for name in names}


def _facts(row: Row, state: State) -> dict[str, bool]:
    tree = TAXONOMIES.get(row["taxonomy"] or "")
    return {
        "label_in_taxonomy": row["taxonomy"] is None or (tree is not None and row["label"] in tree.parents),
        "subject": _has_subject(row),
        "replaces_what_it_may": _replaces_well(row, state),
        "relations": all(one["relation"] in RELATIONS for one in row["cites"] or ()),
        "body_of_its_kind": _has_its_body(row),
    }


def _has_subject(row: Row) -> bool:
    if row["kind"] not in KINDS:
        return False
    kind = Kind(row["kind"])
    named = row["object_id"] is not None or is_former(kind, _body(row))
    missing = (kind in OF_OBJECTS and not named) or (kind in LABELLED and row["label"] is None)
    return not missing and not (kind in OF_STATEMENTS and row["about_statement"] is None)


def _replaces_well(row: Row, state: State) -> bool:
    """Tell whether what a statement replaces was there before, and is its author's, or was withdrawn by another."""
    if row["supersedes"] is None:
        return True
    old = state.get(row["supersedes"])
    if old is None or old["at"] >= row["at"]:
        return False
    return bool(old["author"] == row["author"] or row["kind"] == Kind.WITHDRAWAL)


def _body(row: Row) -> Row:
    """Return what a statement says; nothing where that is no object."""
    try:
        found = json.loads(row["body"])
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _has_its_body(row: Row) -> bool:
    if is_former(row["kind"], _body(row)):
        return True
    try:
        BODIES[Kind(row["kind"])].of(json.loads(row["body"]))
    except (ConfigError, ValueError, KeyError):
        return False
    return True
