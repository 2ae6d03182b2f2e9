"""What a request leaves on disk is not kept for ever: candidate tables, and the files for the way back.

What was asked, found and decided stays: it is small.
"""

import datetime as dt
import logging

from fink_lib.config import Settings
from fink_lib.errors import ReprocessRefused
from fink_lib.reprocess.folder import PATIENCE_S, RequestFolder, listed, one_at_a_time
from fink_lib.reprocess.promote import Person, discard
from fink_lib.reprocess.state import State

logger = logging.getLogger(__name__)

OPEN = frozenset({State.REQUESTED, State.PLANNED, State.CANDIDATE, State.COMPARED})
DECIDED = frozenset({State.PROMOTED, State.UNDONE})
WHO = "maintenance"


def expire(settings: Settings, now: dt.datetime) -> list[str]:
    """Discard requests that nobody decided, and drop what older decisions left; return whose disk was freed.

    A promotion that was begun is never touched, and nothing is while another process changes live tables.

    Parameters
    ----------
    settings
        Tell after how many days a request is old.
    now
        The time, in UTC.

    Returns
    -------
    Names of requests.
    """
    limit = now - dt.timedelta(days=settings.reprocess_retention_days)
    try:
        return [folder.request_id for folder in listed(settings) if _expired(folder, limit, now)]
    except ReprocessRefused as refusal:
        logger.info("requests stay as they are: %s", refusal)
        return []


def _expired(folder: RequestFolder, limit: dt.datetime, now: dt.datetime) -> bool:
    """Free the disk of a request when it is old; tell whether there was anything."""
    state = folder.state()
    if folder.entered_at() > limit or not (folder.candidate.exists() or folder.kept.exists()):
        return False
    if state in OPEN:
        days = folder.settings.reprocess_retention_days
        discard(folder, Person(WHO, f"nobody decided within {days:g} days", now))
        return True
    if state not in DECIDED:
        return False
    with one_at_a_time(folder.settings, PATIENCE_S):
        if folder.state() is not state:
            return False
        folder.write("expired", {"at": now.isoformat(timespec="seconds")})
        folder.drop_kept()
    logger.info("request=%s can no longer be undone", folder.request_id)
    return True
