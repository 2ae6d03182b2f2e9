"""The counter topic of a night: one small message for each public alert, so that a reader can count a night live.

It holds no more than the names of object and alert, in the framing that fink-client reads. In `published` its
messages bear a name that no filter can have; they are in the equation, and in no tally of filters.
"""

import datetime as dt
import io
import re
from collections.abc import Mapping

import fastavro

from fink_lib.distribute.framing import Embedded, schema_text
from fink_lib.filters.base import TOPIC_PREFIX

COUNTER = "(counter)"
VERSION = "1"
PARTITIONS = 1  # some 60 bytes a message: one reader counts a night, and past nights do not litter the broker
SCHEMA = {
    "type": "record",
    "name": "counted",
    "fields": [
        {"name": "objectId", "type": ["null", "string"]},
        {"name": "alertId", "type": ["null", "long"]},
    ],
}
FRAMING, SCHEMA_JSON = Embedded(), schema_text(SCHEMA).encode()
_PARSED = fastavro.parse_schema(SCHEMA)
_COUNTER_TOPIC = re.compile(rf"{TOPIC_PREFIX}[a-z0-9]+_\d{{8}}")


def counter_topic(survey: str, night: dt.date) -> str:
    """Return the counter topic of a night.

    Parameters
    ----------
    survey
        Its name.
    night
        The night that is counted.
    """
    return f"{TOPIC_PREFIX}{survey}_{night:%Y%m%d}"


def is_counter_topic(topic: str) -> bool:
    """Tell whether a topic counts a night of any survey."""
    return _COUNTER_TOPIC.fullmatch(topic) is not None


def of_filters(messages: Mapping[str, int]) -> dict[str, int]:
    """Leave the counters out of a count of messages by topic."""
    return {topic: count for topic, count in messages.items() if not is_counter_topic(topic)}


def datum(object_id: str | None, alert_id: int) -> bytes:
    """Return the value of a counter message.

    Parameters
    ----------
    object_id
        The object that the alert is about; None where it has none.
    alert_id
        The alert.

    Returns
    -------
    Bare Avro of `SCHEMA`, without any header.
    """
    out = io.BytesIO()
    fastavro.schemaless_writer(out, _PARSED, {"objectId": object_id, "alertId": alert_id})
    return out.getvalue()
