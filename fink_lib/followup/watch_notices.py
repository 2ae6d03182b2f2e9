"""What was found in what people watch, told to them by the outbox: in one notice for many, and not one after the other.

A notice names the last match that it tells of, and the next one goes on behind it: so each match is told of once,
however often a round is made or dies.
"""

import datetime as dt
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from fink_lib.community.kinds import Kind
from fink_lib.community.log import Log
from fink_lib.community.state import State
from fink_lib.community.watching import broker_of
from fink_lib.config import Settings
from fink_lib.notices.notice import Notice
from fink_lib.notices.outbox import Entry, entries, queue
from fink_lib.notices.subscriptions import WATCH, Subscription, read_subscriptions

Row = dict[str, Any]
SHOWN = 20  # objects in the text; the facts have more
MOST_IN_FACTS = 1_000
FIRST_LOOK = dt.timedelta(days=1)  # before the first notice to somebody


def tell_watchers(log: Log, settings: Settings, now: dt.datetime) -> int:
    """Queue a notice for each person in whose lists something was found since the last one; return how many.

    Parameters
    ----------
    log, settings
        Where, and who asked for it.
    now
        One who was told less than `FINK_WATCH_NOTICE_H` hours before is told later, of everything since.
    """
    wanted = [one for one in read_subscriptions(settings.notices) if one.event.startswith(WATCH)]
    if not wanted:
        return 0
    known, state = entries(settings.lake), log.now()
    return sum(_tell(state, settings, now, one, _told(known, one)) for one in wanted)


def _told(known: Sequence[Entry], subscription: Subscription) -> list[Entry]:
    return [one for one in known if one.subscription == subscription.name and "up_to" in one.facts]


def _tell(state: State, settings: Settings, now: dt.datetime, one: Subscription, told: Sequence[Entry]) -> bool:
    last = max((dt.datetime.fromisoformat(entry.facts["made_at"]) for entry in told), default=None)
    if last is not None and now - last < dt.timedelta(hours=settings.watch_notice_h):
        return False
    up_to = max((entry.facts["up_to"] for entry in told), default="")
    rows = [row for row in _matches(state, one) if row["statement_id"] > up_to]
    if not told:
        rows = [row for row in rows if row["at"] > now - FIRST_LOOK]
    return bool(rows) and queue(settings.lake, one, _notice(settings, one, rows, now))


def _matches(state: State, one: Subscription) -> list[Row]:
    """Return what was found in the lists of an account, of the survey of its subscription, oldest first."""
    broker, account = broker_of(state), one.event.removeprefix(WATCH)
    lists = {row["statement_id"] for row in state.select(broker, [Kind.WATCH_LIST, Kind.WATCH_MAP], author=account)}
    rows = [{**row, "body": json.loads(row["body"])}
            for row in (state.select(broker, [Kind.WATCH_MATCH], survey=one.survey) if lists else ())]  # fmt: skip
    return sorted((row for row in rows if row["body"]["watch"] in lists), key=lambda row: str(row["statement_id"]))


def _notice(settings: Settings, one: Subscription, rows: Sequence[Row], now: dt.datetime) -> Notice:
    base = settings.api_url.rstrip("/") or f"http://127.0.0.1:{settings.api_port}"
    told = [{"object_id": row["object_id"], "list_name": row["body"]["list_name"], "entry": row["body"]["entry"],
             "page": f"{base}/object/{row['survey']}/{quote(row['object_id'], safe='')}"} for row in rows]  # fmt: skip
    counts = Counter(row["list_name"] for row in told)
    lists = ", ".join(f"{count} in {name}" for name, count in sorted(counts.items()))
    words = [[row["object_id"], row["list_name"], row["entry"], row["page"]] for row in told[:SHOWN]]
    lines = ["  ".join(word for word in line if word) for line in words]
    more = [f"and {len(told) - SHOWN} more"] if len(told) > SHOWN else []
    facts = {"objects": told[:MOST_IN_FACTS], "count": len(told), "up_to": rows[-1]["statement_id"],
             "made_at": now.isoformat()}  # fmt: skip
    what = "object" if len(told) == 1 else "objects"
    subject = f"{len(told)} {what} in what you watch: {lists}"
    # Named by its first match: that is told of once, so this key comes once
    key = f"watch.{rows[0]['statement_id']}"
    return Notice(key, one.survey, now.date().isoformat(), subject[:200], "\n".join([*lines, *more]), facts)
