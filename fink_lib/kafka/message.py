"""A message as it leaves, and its headers: everything that `published` says of it travels with it.

A driver that dies between sending and recording leaves messages that no table knows. The next one
reads them back from the topic and records them from their headers alone, whatever filters run by then.
"""

import datetime as dt
from dataclasses import dataclass

from confluent_kafka import Message

UNIX_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)

Headers = list[tuple[str, str | bytes | None]]


@dataclass(frozen=True)
class Facts:
    """What is known of a message before it is sent; times in UTC.

    Attributes
    ----------
    night, alert_id, object_id
        Identity of the alert.
    filter, filter_version
        What selected it.
    kafka_time, ingest_time, enrich_time
        When the alert arrived, was stored, was enriched.
    code_version
        Version of the code that sent it.
    """

    night: dt.date
    alert_id: int
    object_id: str | None
    filter: str
    filter_version: str
    kafka_time: dt.datetime | None
    ingest_time: dt.datetime | None
    enrich_time: dt.datetime | None
    code_version: str


@dataclass(frozen=True)
class Sent:
    """A message that stands on a topic.

    Attributes
    ----------
    facts
        What it is.
    topic, partition, offset
        Where it stands.
    publish_time
        When the broker appended it.
    topic_id
        Id that Kafka gave the topic; None where it gives none, or nobody has asked.
    """

    facts: Facts
    topic: str
    partition: int
    offset: int
    publish_time: dt.datetime
    topic_id: str | None = None


def _time_text(moment: dt.datetime | None) -> str:
    """Write a time as whole microseconds since 1970, or nothing."""
    return "" if moment is None else str((moment - UNIX_EPOCH) // MICROSECOND)


def _time(text: str) -> dt.datetime | None:
    return UNIX_EPOCH + int(text) * MICROSECOND if text else None


def to_headers(facts: Facts) -> Headers:
    """Write the facts as Kafka headers; readers that do not know them ignore them."""
    texts = {
        "alert_id": str(facts.alert_id),
        "object_id": facts.object_id,
        "night": facts.night.isoformat(),
        "filter": facts.filter,
        "filter_version": facts.filter_version,
        "kafka_time_us": _time_text(facts.kafka_time),
        "ingest_time_us": _time_text(facts.ingest_time),
        "enrich_time_us": _time_text(facts.enrich_time),
        "code_version": facts.code_version,
    }
    return [(name, text.encode()) for name, text in texts.items() if text is not None]


def from_headers(headers: Headers | dict[str, str | bytes | None] | None) -> Facts | None:
    """Read the facts back; None when the message is not one of ours."""
    pairs = headers.items() if isinstance(headers, dict) else headers or ()
    texts = {name: value.decode() if isinstance(value, bytes) else value for name, value in pairs if value is not None}
    try:
        return Facts(
            night=dt.date.fromisoformat(texts["night"]),
            alert_id=int(texts["alert_id"]),
            object_id=texts.get("object_id"),
            filter=texts["filter"],
            filter_version=texts["filter_version"],
            kafka_time=_time(texts["kafka_time_us"]),
            ingest_time=_time(texts["ingest_time_us"]),
            enrich_time=_time(texts["enrich_time_us"]),
            code_version=texts["code_version"],
        )
    except (KeyError, ValueError):
        return None


def standing(facts: Facts, message: Message) -> Sent:
    """Return what stands where: of a message that was acknowledged, or read back.

    Parameters
    ----------
    facts
        What it is.
    message
        As librdkafka gives it, without an error.

    Returns
    -------
    The message without the id of its topic.

    Raises
    ------
    ValueError
        When Kafka did not say where; it does of every message that has no error.
    """
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    if topic is None or partition is None or offset is None:
        raise ValueError(f"a message of {facts.filter} has no place on a topic")
    _, milliseconds = message.timestamp()
    return Sent(facts, topic, partition, offset, UNIX_EPOCH + dt.timedelta(milliseconds=milliseconds))
