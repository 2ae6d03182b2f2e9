"""Delete the counter topics of nights that were closed long ago: one a night and survey would stay for ever.

`published` keeps what stood on them, and the equation of the night holds as before. An alert of such a night that
arrives after all is sent by filters, and counted no more.
"""

import datetime as dt
import json
import logging

from fink_lib.config import Settings
from fink_lib.distribute.counter import counter_topic
from fink_lib.distribute.deleted_counters import note_deleted
from fink_lib.errors import BrokerError
from fink_lib.files import JsonObject
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.topics import delete_topics, partitions_by_topic
from fink_lib.streams.drain import nights_to_close
from fink_lib.surveys import SURVEYS

logger = logging.getLogger(__name__)


def drop_counters(settings: Settings, now: dt.datetime) -> JsonObject:
    """Delete what is over; return the topics, and what kept others from it.

    Parameters
    ----------
    settings
        Of the broker.
    now
        The time, in UTC.

    Returns
    -------
    ``deleted``: names of topics. ``kept_because``: what Kafka said; empty where nothing went wrong.
    """
    connection, chosen = Connection.of(settings), over(settings, now)
    if not chosen:
        return {"deleted": [], "kept_because": ""}
    try:
        topics = sorted(chosen & set(partitions_by_topic(connection)))
        if topics:
            note_deleted(settings, topics, now)
            delete_topics(connection, topics)
    except BrokerError as error:
        logger.warning("counter topics stay as they are: %s", error)
        return {"deleted": [], "kept_because": str(error)}
    return {"deleted": topics, "kept_because": ""}


def over(settings: Settings, now: dt.datetime) -> set[str]:
    """Return the counter topics of nights that are closed, and were so longer ago than the setting says.

    Parameters
    ----------
    settings
        Tell for how many days a closed night keeps its topic.
    now
        The time, in UTC.

    Returns
    -------
    Names; whether Kafka still has such a topic is not asked.
    """
    limit, found = now - dt.timedelta(days=settings.counter_retention_days), set()
    for survey in SURVEYS:
        nights = [path.parent.name for path in (settings.nights / survey).glob("????-??-??/manifest.json")]
        old = {night for night in nights if (closed := closed_at(settings, survey, night)) and closed < limit}
        still_open = set(nights_to_close(settings, survey)) if old else set()
        found |= {counter_topic(survey, dt.date.fromisoformat(night)) for night in old - still_open}
    return found


def closed_at(settings: Settings, survey: str, night: str) -> dt.datetime | None:
    """Return when a night was closed; None where it stayed open.

    Parameters
    ----------
    settings
        Name the folder of nights.
    survey
        Name of the survey.
    night
        As YYYY-MM-DD; it must have a manifest.
    """
    manifest = json.loads((settings.night_dir(survey, night) / "manifest.json").read_text())
    return dt.datetime.fromisoformat(manifest["closed_at"]) if manifest.get("ok") else None
