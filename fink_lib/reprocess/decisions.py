"""The table `gold__decisions`: who promoted, discarded or undid what, when and why. Written by delta-rs."""

import datetime as dt
import json
from dataclasses import asdict, dataclass

from fink_lib.lake import tables
from fink_lib.lake.delta import delta_table, is_delta_table
from fink_lib.lake.events import append_event
from fink_lib.reprocess.compare import JsonObject
from fink_lib.storage import LakePath


@dataclass(frozen=True)
class Decision:
    """One decision.

    Attributes
    ----------
    survey, request_id, first_night, last_night
        About what.
    action
        ``promote``, ``discard`` or ``undo``.
    decided_by, decided_at, reason
        Who, when (UTC) and why.
    facts
        Table → version before and after, and the digest of its nights after.
    """

    survey: str
    request_id: str
    first_night: dt.date
    last_night: dt.date
    action: str
    decided_by: str
    decided_at: dt.datetime
    reason: str
    facts: JsonObject


def record(lake: LakePath, decision: Decision) -> None:
    """Append a decision once, however often the step that took it is repeated.

    Parameters
    ----------
    lake
        Root folder of the tables.
    decision
        One a request and action: a second one of the same is left out.
    """
    row = {**asdict(decision), "facts": json.dumps(decision.facts, sort_keys=True)}
    append_event(tables.gold_decisions(), lake, row, f"decision.{decision.request_id}.{decision.action}")


def decisions(lake: LakePath, request_id: str | None = None) -> list[JsonObject]:
    """Return the decisions, oldest first; of one request when it is given.

    Parameters
    ----------
    lake
        Root folder of the tables.
    request_id
        Whole name of the request; every request when not given.
    """
    path = tables.gold_decisions().path(lake)
    if not is_delta_table(path):
        return []
    rows: list[JsonObject] = delta_table(path).to_pyarrow_table().to_pylist()
    mine = [row for row in rows if request_id in (None, row["request_id"])]
    return sorted(mine, key=lambda row: row["decided_at"])
