"""What a message costs on the broker's disk: the segments of its topic, in each framing and compression."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from fink_lib.config import Settings
from fink_lib.distribute.framing import Confluent, Embedded, Framing
from fink_lib.distribute.output_topics import output_topics
from fink_lib.errors import BrokerError
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.message import Headers
from fink_lib.kafka.producing import OUTPUT_CONFIG, ReportingProducer
from fink_lib.kafka.reading import ends_of
from fink_lib.kafka.topics import ensure_topics

SAMPLE_AT_MOST = 500  # messages that are sent again in each way
QUIET_AT_MOST = 50
COMPRESSIONS = ("none", "lz4", "zstd")
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Alert:
    """A message of an embedded topic, taken apart."""

    name: str
    schema: bytes
    datum: bytes
    headers: Headers


def topic_bytes(home: Path, topic: str) -> int:
    """Return the bytes that the segments of a topic take.

    Parameters
    ----------
    home
        Home whose own Kafka it is.
    topic
        Its name; 0 where there is no such topic.
    """
    folders = [path for path in (home / "kafka" / "data").glob(f"{topic}-*") if _is_partition(path, topic)]
    return sum(segment.stat().st_size for path in folders for segment in path.glob("*.log"))


def _is_partition(path: Path, topic: str) -> bool:
    return path.name.removeprefix(f"{topic}-").isdecimal()


def messages_of(settings: Settings, topics: Sequence[str]) -> dict[str, int]:
    """Return how many messages each topic holds.

    Parameters
    ----------
    settings
        Tell where Kafka is.
    topics
        Existing topics.
    """
    consumer = _consumer(settings)
    try:
        return {topic: sum(high - low for low, high in ends_of(consumer, topic).values()) for topic in topics}
    finally:
        consumer.close()


def _consumer(settings: Settings) -> Consumer:
    return Connection.of(settings).consumer("bench", {"fetch.message.max.bytes": 10_000_000})


def read_alerts(settings: Settings, topic: str, at_most: int) -> list[Alert]:
    """Read the first messages of an embedded topic.

    Parameters
    ----------
    settings
        Tell where Kafka is.
    topic
        One whose messages have their schemas in their keys.
    at_most
        How many messages; fewer come where it holds fewer.

    Raises
    ------
    BrokerError
        When Kafka does not give them.
    """
    consumer = _consumer(settings)
    try:
        ends = ends_of(consumer, topic)
        consumer.assign([TopicPartition(topic, partition, low) for partition, (low, _) in ends.items()])
        wanted = min(at_most, sum(high - low for low, high in ends.values()))
        found: list[Alert] = []
        while len(found) < wanted:
            message = consumer.poll(PATIENCE_S)
            if message is None or message.error() is not None:
                raise BrokerError(f"Kafka gave {len(found)} of {wanted} messages of {topic}")
            headers: Any = list(message.headers() or ())
            key: Any = message.key()
            value: Any = message.value()
            found.append(Alert(dict(headers).get("object_id", b"").decode(), key, value, headers))
    finally:
        consumer.close()
    return found


def send_again(settings: Settings, topic: str, alerts: Sequence[Alert], framing: Framing | None, **facts: Any) -> None:
    """Send alerts to a topic of their own as distribute would, but for some facts.

    Parameters
    ----------
    settings
        Where Kafka is.
    topic
        Name of the new topic.
    alerts
        What to send.
    framing
        How; None leaves each its own schema in the key.
    facts
        ``compression``, and ``quiet``: whether each message makes a batch of its own.
    """
    ensure_topics(settings, [topic], partitions=1)
    compression = {"compression.type": facts["compression"]}
    refused: list[str] = []

    def reported(_: None, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            refused.append(error.str())

    producer = ReportingProducer(Connection.of(settings), {**OUTPUT_CONFIG, **compression}, reported)
    for one in alerts:
        key, value = (framing or Embedded()).frame(one.name, one.datum, one.schema)
        producer.send(None, topic, 0, value, key=key, headers=one.headers)
        if facts["quiet"]:
            producer.flush(PATIENCE_S)
    if producer.flush(PATIENCE_S) or refused:
        raise BrokerError(f"Kafka did not take the messages of {topic}")
    producer.close()


def ways() -> Iterator[tuple[str, Framing | None, str, bool]]:
    """Yield (name, framing, compression, quiet) of each way that is measured."""
    for name, framing in (("embedded", None), ("compact", Confluent(lambda _: 1))):
        for compression in COMPRESSIONS:
            yield f"{name}_{compression}", framing, compression, False
        yield f"{name}_zstd_quiet", framing, "zstd", True


def bytes_per_message(settings: Settings, survey: str) -> dict[str, Any]:
    """Measure the topics as they were sent, and one of them in every other way.

    Parameters
    ----------
    settings
        Of the home whose own Kafka it is.
    survey
        Name of the survey.

    Returns
    -------
    ``topics``: by topic, bytes on disk over messages; ``value`` and ``key``: mean bytes of a datum and of its schema;
    ``ways``: by framing and compression, ``quiet`` where every message is a batch of its own.
    """
    counts = {
        topic: n for topic, n in messages_of(settings, output_topics(Connection.of(settings), survey)).items() if n
    }
    told: dict[str, Any] = {
        "topics": {name: round(topic_bytes(settings.home, name) / n, 1) for name, n in sorted(counts.items())},
        "messages": dict(sorted(counts.items())),
    }
    embedded = {topic: n for topic, n in counts.items() if topic.endswith(f"_{survey}")}
    if not embedded:
        return told
    alerts = read_alerts(settings, max(embedded, key=lambda topic: embedded[topic]), SAMPLE_AT_MOST)
    told["value"] = round(float(np.mean([len(one.datum) for one in alerts])), 1)
    told["key"] = len(alerts[0].schema)
    told["ways"] = measured(settings, alerts)
    return told


def measured(settings: Settings, alerts: Sequence[Alert]) -> Mapping[str, float]:
    """Send alerts in every way; return the bytes that a message then takes on the broker's disk.

    Parameters
    ----------
    settings
        Of the home whose own Kafka it is.
    alerts
        At least one; of ways that are quiet, the first `QUIET_AT_MOST` are sent.

    Returns
    -------
    Name of the way → bytes.
    """
    found = {}
    for name, framing, compression, quiet in ways():
        some = alerts[:QUIET_AT_MOST] if quiet else alerts
        topic = f"bytes_{name}"
        send_again(settings, topic, some, framing, compression=compression, quiet=quiet)
        found[name] = round(topic_bytes(settings.home, topic) / len(some), 1)
    return found
