"""The outbox: `gold__notices` keeps what is to be told, each try, and what became of it; one row an event."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fink_lib import __version__
from fink_lib.lake.events import append_event
from fink_lib.lake.small import read_rows
from fink_lib.lake.tables import gold_notices
from fink_lib.notices.notice import Notice
from fink_lib.notices.subscriptions import Subscription
from fink_lib.storage import LakePath


class Action(StrEnum):
    """What happened to a notice.

    A try is recorded before it is made. Where nothing follows it, or only that its end is uncertain, nobody knows
    whether the notice arrived, and it is not sent again: told once too few is better here than told twice, and the
    outbox shows it.
    """

    QUEUED = "queued"
    KEPT = "kept"  # the subscription is not live
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True)
class Entry:
    """A notice to one subscription, as it stands.

    Attributes
    ----------
    subscription
        Its name.
    key, survey, night, subject, text, facts, alert_ids
        As of `Notice`.
    action, at, attempts, error
        What happened last, when (UTC), how many tries were made, and what the last one said.
    steps
        Events so far.
    """

    subscription: str
    key: str
    survey: str
    night: str
    subject: str
    text: str
    facts: dict[str, Any]
    alert_ids: tuple[int, ...]
    action: Action
    at: dt.datetime
    attempts: int
    error: str
    steps: int


def entries(lake: LakePath) -> list[Entry]:
    """Return every notice as it stands, oldest first."""
    by_notice: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in read_rows(gold_notices(), lake):
        by_notice.setdefault((row["subscription"], row["key"]), []).append(row)
    found = [_entry(sorted(rows, key=lambda row: row["step"])) for rows in by_notice.values()]
    return sorted(found, key=lambda one: (one.at, one.subscription, one.key))


def _entry(rows: list[dict[str, Any]]) -> Entry:
    first, last = rows[0], rows[-1]
    return Entry(
        subscription=first["subscription"], key=first["key"], survey=first["survey"], night=first["night"].isoformat(),
        subject=first["subject"], text=first["text"], facts=json.loads(first["facts"]),
        alert_ids=tuple(first["alert_ids"] or ()), action=Action(last["action"]), at=last["at"],
        attempts=sum(row["action"] == Action.SENDING for row in rows), error=last["error"], steps=last["step"],
    )  # fmt: skip


def told_alerts(known: Iterable[Entry], subscription: Subscription, night: str) -> set[int]:
    """Return the alerts of a night that a subscription is told of already, or is about to be.

    Parameters
    ----------
    known
        All notices as they stand.
    subscription
        Known by its name.
    night
        YYYY-MM-DD.

    Returns
    -------
    Ids of the alerts.
    """
    mine = (one for one in known if one.subscription == subscription.name and one.night == night)
    return {alert_id for one in mine for alert_id in one.alert_ids}


def queue(lake: LakePath, subscription: Subscription, notice: Notice) -> bool:
    """Put a notice into the outbox; return False when it was there.

    Parameters
    ----------
    lake
        Root folder of the tables.
    subscription
        Who is to be told; one that is not live has the notice kept and never sent.
    notice
        What; its key tells it from others.
    """
    told = {
        "subject": notice.subject,
        "text": notice.text,
        "facts": json.dumps(notice.facts, sort_keys=True),
        "alert_ids": list(notice.alert_ids),
    }
    action = Action.QUEUED if subscription.live else Action.KEPT
    return _append(lake, subscription.name, notice, 1, {"action": action, "error": "", **told})


def step(lake: LakePath, entry: Entry, number: int, action: Action, error: str = "") -> bool:
    """Record what happens to a notice; return False when somebody else recorded this step first.

    Parameters
    ----------
    lake
        Root folder of the tables.
    entry
        The notice.
    number
        Of the step: one more than the steps that are recorded.
    action
        What happens.
    error
        What the other side said, empty for nothing.
    """
    return _append(lake, entry.subscription, entry, number, {"action": action, "error": error})


def _append(lake: LakePath, subscription: str, about: Notice | Entry, number: int, facts: Mapping[str, Any]) -> bool:
    """Append an event of a notice; what is told stands in the first one alone."""
    row = {
        "subscription": subscription,
        "key": about.key,
        "survey": about.survey,
        "night": dt.date.fromisoformat(about.night),
        "step": number,
        "at": dt.datetime.now(dt.UTC),
        "code_version": __version__,
        **facts,
    }
    return append_event(gold_notices(), lake, row, f"notice.{subscription}.{about.key}", number)
