"""Queue what a night asks to be told, and deliver what waits: each notice at most once to each subscription."""

import logging
import smtplib
import time
from collections import Counter
from collections.abc import Sequence

import httpx

from fink_lib.config import Settings
from fink_lib.nightly.results import JsonObject
from fink_lib.notices.notice import notice_of
from fink_lib.notices.outbox import Action, Entry, entries, queue, step, told_alerts
from fink_lib.notices.sinks import NotTaken, deliver
from fink_lib.notices.subscriptions import Subscription

logger = logging.getLogger(__name__)

ATTEMPTS = 5
WAITING = {Action.QUEUED, Action.FAILED}


def queue_night(settings: Settings, subscriptions: Sequence[Subscription], manifest: JsonObject) -> int:
    """Put into the outbox what a night asks to be told; return how many notices are new."""
    mine = [one for one in subscriptions if manifest["survey"] == one.survey]
    known = entries(settings.lake) if mine else []
    found = [(one, notice_of(settings.lake, one, manifest, told_alerts(known, one, manifest["night"]))) for one in mine]
    return sum(queue(settings.lake, one, notice) for one, notice in found if notice is not None)


def deliver_waiting(settings: Settings, subscriptions: Sequence[Subscription]) -> Counter[Action]:
    """Try every notice that waits, again and again with longer pauses; return how many ended how."""
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
        if outcome is Action.SENDING:
            logger.error("notice=%s to=%s: nobody knows whether it arrived: %s", entry.key, subscription.name, error)
            return outcome
        step(settings.lake, entry, number, outcome, error)
        if outcome is Action.DELIVERED:
            return outcome
        logger.warning("notice=%s to=%s attempt=%d: %s", entry.key, subscription.name, attempt + 1, error)
    return Action.FAILED


def _once(settings: Settings, subscription: Subscription, entry: Entry) -> tuple[Action, str]:
    try:
        deliver(settings, subscription, entry)
    except NotTaken as error:
        return Action.FAILED, str(error)
    except (OSError, smtplib.SMTPException, httpx.HTTPError) as error:
        return Action.SENDING, f"{type(error).__name__}: {error}"
    return Action.DELIVERED, ""
