"""Queue what a night asks to be told, and deliver what waits: each notice at most once to each subscription."""

import logging
import smtplib
import time
from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
from deltalake.exceptions import DeltaError

from fink_lib.config import Settings
from fink_lib.errors import FinkError
from fink_lib.files import JsonObject
from fink_lib.notices.notice import Notice, notice_of
from fink_lib.notices.outbox import Action, Entry, entries, queue, step, told_alerts
from fink_lib.notices.sinks import NotTaken, Uncertain, deliver
from fink_lib.notices.subscriptions import ALARM, NIGHT, OF_ACCOUNTS, Subscription

logger = logging.getLogger(__name__)

ATTEMPTS = 5
WAITING = {Action.QUEUED, Action.FAILED}


def queue_night(settings: Settings, subscriptions: Sequence[Subscription], manifest: JsonObject) -> int:
    """Put into the outbox what a night asks to be told; return how many notices are new.

    A subscription whose alerts cannot be read is named in the log and keeps no other one back.

    Parameters
    ----------
    settings
        Tell where the lake is.
    subscriptions
        All; those of other surveys, to alarms and of accounts are left out.
    manifest
        Of the night.
    """
    of_survey = [one for one in subscriptions if manifest["survey"] == one.survey]
    mine = [one for one in of_survey if one.event != ALARM and not one.event.startswith(OF_ACCOUNTS)]
    known = entries(settings.lake) if mine else []
    return sum(_queue_one(settings, one, manifest, known) for one in mine)


def queue_filter(settings: Settings, subscriptions: Sequence[Subscription], name: str, notice: Notice) -> int:
    """Put into the outbox what a filter does that its owner and the operators must know; return how many are new.

    Told is whoever subscribed to the alerts of the filter, and to the nights of its survey.

    Parameters
    ----------
    settings
        Tell where the lake is.
    subscriptions
        All; those of other surveys are left out.
    name
        Of the filter.
    notice
        What is told.
    """
    mine = [one for one in subscriptions if one.survey == notice.survey and (one.event == NIGHT or one.filter == name)]
    return sum(queue(settings.lake, one, notice) for one in mine)


def _queue_one(settings: Settings, one: Subscription, manifest: JsonObject, known: Sequence[Entry]) -> bool:
    try:
        notice = notice_of(settings.lake, one, manifest, told_alerts(known, one, manifest["night"]))
    except (FinkError, DeltaError, pa.ArrowException, OSError) as error:
        night = f"{manifest['survey']} {manifest['night']}"
        logger.error("night=%s notice=%s cannot be made: %s; close the night again", night, one.name, error)  # noqa: TRY400
        return False
    return notice is not None and queue(settings.lake, one, notice)


def deliver_waiting(settings: Settings, subscriptions: Sequence[Subscription]) -> Counter[Action]:
    """Try every notice that waits, again and again with longer pauses; return how many ended how.

    Parameters
    ----------
    settings
        Tell where the lake is, how long to pause after a failure, and which mail server there is.
    subscriptions
        Those whose notices are sent, if they are live; the others' keep waiting.
    """
    ended: Counter[Action] = Counter()
    by_name = {one.name: one for one in subscriptions if one.live}
    for entry in entries(settings.lake):
        if entry.action in WAITING and entry.subscription in by_name:
            ended[_try(settings, by_name[entry.subscription], entry)] += 1
    return ended


def _try(settings: Settings, subscription: Subscription, entry: Entry) -> Action:
    """Send one notice, several times if need be; return how it stands."""
    number = entry.steps
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(settings.notice_retry_s * 2 ** (attempt - 1))
        if not step(settings.lake, entry, number + 1, Action.SENDING):
            return Action.SENDING  # somebody else sends it at this moment
        outcome, error = _once(settings, subscription, entry)
        number += 2
        step(settings.lake, entry, number, outcome, error)
        if outcome is Action.UNCERTAIN:
            logger.error("notice=%s to=%s: nobody knows whether it arrived: %s", entry.key, subscription.name, error)
            return outcome
        if outcome is Action.DELIVERED:
            return outcome
        logger.warning("notice=%s to=%s attempt=%d: %s", entry.key, subscription.name, attempt + 1, error)
    return Action.FAILED


def _once(settings: Settings, subscription: Subscription, entry: Entry) -> tuple[Action, str]:
    import httpx  # noqa: PLC0415 - only who sends pays for it

    try:
        deliver(settings, subscription, entry)
    except NotTaken as error:
        return Action.FAILED, str(error)
    except Uncertain as error:
        return Action.UNCERTAIN, str(error)
    except (OSError, smtplib.SMTPException, httpx.HTTPError) as error:
        return Action.UNCERTAIN, f"{type(error).__name__}: {error}"
    return Action.DELIVERED, ""
