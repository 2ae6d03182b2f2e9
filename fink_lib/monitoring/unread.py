"""How long messages that ingest has not read will still be there: their age beside what their topic keeps."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from confluent_kafka import KafkaException
from confluent_kafka.admin import ConfigResource

from fink_lib.config import Settings
from fink_lib.kafka.connection import QUIET, Connection
from fink_lib.kafka.reading import RawMessage, TopicReader
from fink_lib.streams.kafka_ranges import Ends, last_ends
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import get_survey

ANSWER_S = 5.0
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Unread:
    """What waits in one topic.

    Attributes
    ----------
    survey, topic
        Whose, and where.
    messages
        How many ingest has not read.
    expires_h
        Hours until Kafka may delete the oldest of them, below 0 when it already may; None where nothing waits, or
        the topic keeps its messages for ever, or does not tell for how long.
    """

    survey: str
    topic: str
    messages: int
    expires_h: float | None


def unread(settings: Settings, survey: str, now: float) -> list[Unread]:
    """Ask a survey's Kafka for what waits there, at a Unix time.

    Parameters
    ----------
    settings
        Tell how Kafka is reached, and where ingest keeps its checkpoint.
    survey
        Its name.
    now
        Unix time that ages are measured to.

    Returns
    -------
    One a topic of the survey, those with nothing unread included.

    Raises
    ------
    BrokerError
        When Kafka does not answer.
    """
    known = get_survey(survey)
    connection = Connection.to(known.connection(settings))
    read = last_ends(StreamSpec(survey, Stage.INGEST, settings).checkpoint) or {}
    with TopicReader(connection, "monitor", QUIET, answer_s=ANSWER_S) as reader:
        waiting = _waiting(reader, known.topics(settings), read)
        kept_ms = _kept_ms(connection, sorted(waiting))
        return [
            Unread(survey, topic, sum(high - first for first, high in parts.values()),
                   _expires_h(reader, topic, parts, kept_ms.get(topic), now))
            for topic, parts in waiting.items()
        ]  # fmt: skip


def _waiting(reader: TopicReader, pattern: str, read: Ends) -> dict[str, dict[int, tuple[int, int]]]:
    """Return topic → partition → first offset that was not read, and the end."""
    found: dict[str, dict[int, tuple[int, int]]] = {}
    for topic, partitions in reader.topics().items():
        for partition in partitions if re.fullmatch(pattern, topic) else ():
            marks = reader.watermarks(topic, partition)
            first = max(read.get(topic, {}).get(str(partition), 0), marks.low)
            found.setdefault(topic, {})[partition] = (min(first, marks.high), marks.high)
    return found


def _expires_h(
    reader: TopicReader, topic: str, parts: dict[int, tuple[int, int]], kept_ms: int | None, now: float
) -> float | None:
    if kept_ms is None:
        return None
    oldest = [_first(reader, topic, partition, *ends) for partition, ends in parts.items() if ends[0] < ends[1]]
    times_ms = [one.timestamp_ms for one in oldest if one is not None and one.timestamp_ms > 0]
    return (min(times_ms) + kept_ms - now * 1000) / HOUR_MS if times_ms else None


def _first(reader: TopicReader, topic: str, partition: int, first: int, high: int) -> RawMessage | None:
    messages: Iterator[RawMessage] = reader.messages(topic, partition, first, high - 1)
    return next(messages, None)


def _kept_ms(connection: Connection, topics: list[str]) -> dict[str, int]:
    """Return for how long each topic keeps a message, of those that say so and do not keep it for ever."""
    if not topics:
        return {}
    admin = connection.admin(QUIET)  # kept until its answers are there: they end with it
    asked = admin.describe_configs(
        [ConfigResource(ConfigResource.Type.TOPIC, topic) for topic in topics], request_timeout=ANSWER_S
    )
    found = {}
    for resource, future in asked.items():
        try:
            kept_ms = int(future.result(ANSWER_S)["retention.ms"].value)
        except (KafkaException, KeyError, TypeError, ValueError):
            continue  # an account that may read need not be told
        if kept_ms >= 0:
            found[resource.name] = kept_ms
    return found
