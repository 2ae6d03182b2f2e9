"""What is done again and again: nights matched with watch lists, boards filled, requests moved on, people called."""

import datetime as dt
import json
import re

from fink_lib.community.draft import Draft
from fink_lib.community.kinds import Kind
from fink_lib.community.log import Log
from fink_lib.community.people import BROKER
from fink_lib.community.saying import say
from fink_lib.community.watching import broker_of, fill_boards, match_night
from fink_lib.config import Settings
from fink_lib.filters.base import topic_of
from fink_lib.filters.restricted import restricted_topics
from fink_lib.followup.facilities import read_facilities
from fink_lib.followup.run import Runner
from fink_lib.followup.watch_notices import tell_watchers
from fink_lib.lake.small import read_rows
from fink_lib.lake.tables import gold_nights
from fink_lib.notices.notice import Notice
from fink_lib.notices.outbox import entries, queue
from fink_lib.notices.subscriptions import MENTION, read_subscriptions
from fink_lib.processes.endings import run_job
from fink_lib.storage import LakePath

CALL = re.compile(r"(?<![\w.@])@([A-Za-z0-9][A-Za-z0-9_.-]{0,63})")
LATELY = dt.timedelta(days=14)  # nights that are matched without being asked for


def main() -> int:
    """Run the job; return an exit code, after one sentence on stderr when it fails."""
    return run_job("community", lambda: do_round(Settings()))


def do_round(settings: Settings, now: dt.datetime | None = None) -> list[str]:
    """Do everything once; return a sentence for each part that had something to do.

    Parameters
    ----------
    settings
        Which home.
    now
        Nights that were closed lately before this are matched; the present when not given.
    """
    log = Log.of(settings)
    nights = _new_nights(log, settings.lake, now or dt.datetime.now(dt.UTC))
    told = [_night(log, settings, *one) for one in nights]
    facilities = read_facilities(settings)
    if facilities.by_name:
        ended = Runner(log, facilities, settings.home / "followup.lock").run()
        told += [f"follow-up: {', '.join(f'{count} {state}' for state, count in ended.items())}"] if ended else []
    called = call_people(log, settings)
    watchers = tell_watchers(log, settings, dt.datetime.now(dt.UTC))
    counts = {"people called": called, "people told of what they watch": watchers}
    return [*told, *(f"{count} {what}" for what, count in counts.items() if count)]


def _new_nights(log: Log, lake: LakePath, now: dt.datetime) -> list[tuple[str, dt.date]]:
    """Return the nights that were closed lately and that nobody has matched, oldest first."""
    state = log.now()
    rows = read_rows(gold_nights(), lake, columns=["survey", "night", "closed_at"])
    closed = {(row["survey"], row["night"]) for row in rows if row["closed_at"] and row["closed_at"] > now - LATELY}
    return sorted(one for one in closed if state.of_key(BROKER, _key(*one)) is None)


def _key(survey: str, night: dt.date) -> str:
    return f"watched.{survey}.{night}"


def _night(log: Log, settings: Settings, survey: str, night: dt.date) -> str:
    """Match a night, fill the boards, and note that it was done."""
    found = match_night(log, settings.lake, survey, night)
    restricted = restricted_topics(settings)
    count = fill_boards(log, settings.lake, survey, night, lambda name: topic_of(name, survey) not in restricted)
    done = Draft.of({"kind": "tag", "survey": survey, "about_night": night.isoformat(), "label": "watched",
                     "idempotency_key": _key(survey, night)})  # fmt: skip
    say(log, broker_of(log.now()), [done])
    return f"{survey} {night}: {found.total()} objects of {len(found)} watch lists, {count} on boards"


def call_people(log: Log, settings: Settings) -> int:
    """Queue a notice for each person that a public comment calls by ``@name`` and that asked for it; return how many.

    What is said to a group calls nobody by mail: a mailbox is no member of it.

    Parameters
    ----------
    log
        Where the comments are; replaced and withdrawn ones call nobody.
    settings
        Say which subscriptions there are, and where notices wait.
    """
    wanted = {one.event.removeprefix(MENTION): one for one in read_subscriptions(settings.notices)
              if one.event.startswith(MENTION)}  # fmt: skip
    if not wanted:
        return 0
    state, count = log.now(), 0
    known = {(one.subscription, one.key) for one in entries(settings.lake)}
    for row in state.select(broker_of(state), [Kind.COMMENT], visibility="public"):
        text = json.loads(row["body"])["text"]
        for name in sorted(set(CALL.findall(text)) & wanted.keys()):
            subject = f"{row['author']} called you about {row['object_id'] or row['about_statement'] or 'something'}"
            day = row["at"].date().isoformat()
            facts = {"statement_id": row["statement_id"], "object_id": row["object_id"], "author": row["author"]}
            key = f"mention.{row['statement_id']}"
            notice = Notice(key, row["survey"] or wanted[name].survey, day, subject, text, facts)
            count += (wanted[name].name, key) not in known and queue(settings.lake, wanted[name], notice)
    return count
