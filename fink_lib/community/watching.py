"""Alerts of a night in what people watch, and on the boards of groups: each object once for each list."""

import datetime as dt
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.community.draft import Draft
from fink_lib.community.kinds import GROUP, Kind
from fink_lib.community.log import Log
from fink_lib.community.people import BROKER, Broker, Person
from fink_lib.community.saying import say
from fink_lib.community.state import Row, State
from fink_lib.community.watch import Places, Region, near, read_places, read_region, within
from fink_lib.errors import LakeError
from fink_lib.lake.reading import read
from fink_lib.storage import LakePath

logger = logging.getLogger(__name__)

COLUMNS = ("alert_id", "object_id", "ra", "dec")
MOST_OF_A_CALL = 1_000


def broker_of(state: State) -> Person:
    """Return the broker, who sees every list."""
    return Broker(visibilities=tuple(one for one in state.rows["visibility"].unique().to_pylist() if one))


def watches(log: Log, reader: Person | None = None) -> list[tuple[Row, Places | Region]]:
    """Return the lists and maps that stand and are active, as they were uploaded.

    Parameters
    ----------
    log
        Where statements and uploaded files are.
    reader
        Who asks; all of them if none.

    Returns
    -------
    list of (dict, Places or Region)
        The statement, and what was uploaded with it.
    """
    state = log.now()
    rows = state.select(reader or broker_of(state), [Kind.WATCH_LIST, Kind.WATCH_MAP])
    found: list[tuple[Row, Places | Region]] = []
    for row in rows:
        content = log.content(row["statement_id"])
        if content is not None and json.loads(row["body"])["active"]:
            found.append((row, read_places(content) if row["kind"] == Kind.WATCH_LIST else read_region(content)))
    return found


def matches(alerts: pa.Table, watched: Iterable[tuple[Row, Places | Region]]) -> Iterator[dict[str, Any]]:
    """Yield what is watched of some alerts: statement of the list, alert, entry, separation.

    Parameters
    ----------
    alerts
        Columns ``alert_id``, ``object_id``, ``ra``, ``dec`` (degrees).
    watched
        Lists and maps, each with its statement.
    """
    ra, dec = (alerts[name].cast(pa.float64()).to_numpy(zero_copy_only=False) for name in ("ra", "dec"))
    for row, what in watched:
        if isinstance(what, Region):
            for hit in np.flatnonzero(within(what, ra, dec)):
                yield {"watch": row, "at": int(hit), "entry": "", "separation_arcsec": None}
        else:
            for at, place, arcsec in near(what, ra, dec):
                yield {"watch": row, "at": at, "entry": what.labels[place], "separation_arcsec": arcsec}


def match_night(log: Log, lake: LakePath, survey: str, night: dt.date, only: str | None = None) -> Counter[str]:
    """Match a night with what is watched, or with one list; return how many objects are new, by list.

    An object is told of once for each list, however many of its alerts and nights are matched.

    Parameters
    ----------
    log, lake, survey, night
        Where, and which night.
    only
        A list or map, by its statement; all of them when not given.
    """
    watched = [one for one in watches(log) if only is None or one[0]["statement_id"] == only]
    alerts = _alerts(lake, survey, night) if watched else None
    if alerts is None:
        return Counter()
    told: dict[tuple[str, str], Draft] = {}
    columns = alerts.to_pydict()
    for one in matches(alerts, watched):
        row, object_id = one["watch"], columns["object_id"][one["at"]]
        if object_id is not None:
            alert = {name: columns[name][one["at"]] for name in COLUMNS}
            told.setdefault((row["statement_id"], object_id), match_draft(row, survey, alert, one))
    return say_new(log, list(told.values()))


def say_new(log: Log, drafts: Sequence[Draft]) -> Counter[str]:
    """Say which objects are watched, each once for each list; return how many are new, by list.

    Parameters
    ----------
    log
        Where to say it.
    drafts
        As `match_draft` makes them; of several with one key the first is said.
    """
    state = log.now()
    first = {one.idempotency_key or "": one for one in reversed(drafts)}
    new = [one for key, one in reversed(first.items()) if state.of_key(BROKER, key) is None]
    _said(log, new)
    return Counter(one.body["list_name"] for one in new)


def _alerts(lake: LakePath, survey: str, night: dt.date) -> pa.Table | None:
    try:
        return read("gold", survey, "sources", where=pc.field("night") == pa.scalar(night), columns=COLUMNS, lake=lake)
    except LakeError as error:
        logger.info("survey=%s has no closed nights to match: %s", survey, error)
        return None


def match_draft(row: Row, survey: str, alert: Mapping[str, Any], one: Mapping[str, Any]) -> Draft:
    """Return the statement that an alert is in what somebody watches, for those who may see the list.

    Parameters
    ----------
    row
        Statement of the list or map.
    survey
        Of the alert.
    alert
        `alert_id`, `object_id`, `ra` and `dec` (deg).
    one
        The match: `entry`, and `separation_arcsec`, None for a map.
    """
    body = {"watch": row["statement_id"], "list_name": json.loads(row["body"])["list_name"], "entry": one["entry"],
            "separation_arcsec": one["separation_arcsec"]}  # fmt: skip
    key = f"{row['statement_id']}.{alert['object_id']}"  # 36 characters and a dot: the rest holds any object's name
    return Draft.of({**alert, "kind": "watch_match", "survey": survey, "visibility": row["visibility"],
                     "idempotency_key": key, "body": body})  # fmt: skip


def _said(log: Log, drafts: list[Draft]) -> list[Row]:
    found: list[Row] = []
    for first in range(0, len(drafts), MOST_OF_A_CALL):
        found += say(log, broker_of(log.now()), drafts[first : first + MOST_OF_A_CALL])
    return found


def fill_boards(log: Log, lake: LakePath, survey: str, night: dt.date, may_tell: Callable[[str], bool]) -> int:
    """Put what filters sent in a night, and lists matched in any, into inboxes of boards that ask; return how many.

    Parameters
    ----------
    log
        Where boards, lists and candidates are.
    lake
        Root of the lake, with what filters sent.
    survey
        Name of the survey.
    night
        Date that the night is named by.
    may_tell
        Tells of a filter's name whether anybody may read its topic: what the others sent goes to no board.
    """
    state = log.now()
    boards = {row["visibility"]: json.loads(row["body"]) for row in state.select(broker_of(state), [Kind.BOARD])
              if row["visibility"].startswith(GROUP)}  # fmt: skip
    held = {(row["visibility"], row["object_id"]) for row in state.select(broker_of(state), [Kind.CANDIDATE])}
    drafts = [
        draft
        for visibility, told in boards.items()
        for draft in _candidates(state, lake, survey, night, (visibility, _open(told, may_tell)))
        if (visibility, draft.object_id) not in held
    ]
    return len(_said(log, drafts))


def _open(told: Mapping[str, Any], may_tell: Callable[[str], bool]) -> Mapping[str, Any]:
    """Return what a board asks for, with those filters alone that it may be filled from."""
    return {**told, "filters": [name for name in told["filters"] if may_tell(name)]}


def _candidates(
    state: State, lake: LakePath, survey: str, night: dt.date, board: tuple[str, Mapping[str, Any]]
) -> list[Draft]:
    visibility, told = board
    found: dict[str, str] = {}
    if told["filters"]:
        for row in _published(lake, survey, night, told["filters"]):
            found.setdefault(row["object_id"], row["filter"])
    if told["watches"]:
        for row in state.select(broker_of(state), [Kind.WATCH_MATCH], survey=survey):
            body = json.loads(row["body"])
            if body["list_name"] in told["watches"] and row["visibility"] in {visibility, "public"}:
                found.setdefault(row["object_id"], body["list_name"])
    name = told["board"]
    return [
        Draft.of({"kind": "candidate", "survey": survey, "object_id": object_id, "visibility": visibility,
                  "body": {"board": name, "state": "inbox", "source": source}})
        for object_id, source in found.items() if object_id
    ]  # fmt: skip


def _published(lake: LakePath, survey: str, night: dt.date, filters: list[str]) -> list[Row]:
    chosen = pc.field("filter").isin(pa.array(filters))
    try:
        found = read("gold", survey, "published", night=night, columns=["object_id", "filter"], where=chosen, lake=lake)
    except LakeError:
        return []
    rows: list[Row] = found.to_pylist()
    return rows
