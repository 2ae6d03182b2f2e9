"""Send messages to Kafka and know of each whether, and where, it arrived."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from fink_lib.config import Settings
from fink_lib.errors import BrokerError

MAX_MESSAGE_BYTES = 10 * 1024 * 1024
_ANSWER_TIMEOUT_S = 15.0
_BROKER_DEFAULT = -1


@dataclass(frozen=True, slots=True)
class Delivery:
    """What Kafka said of one message: its place, or an error."""

    partition: int
    offset: int
    error: str | None


def client_settings(settings: Settings) -> dict[str, Any]:
    """Return what every Kafka client needs: the address and the security settings."""
    # What goes wrong is reported by this program, in one sentence; librdkafka repeats itself twenty times a second.
    return {"bootstrap.servers": settings.kafka_bootstrap, "log_level": 0, **settings.kafka_security}


def ensure_topics(settings: Settings, topics: Mapping[str, int]) -> dict[str, int]:
    """Create the topics that are not there, with a number of partitions each; return the true numbers.

    Raises
    ------
    BrokerError
        When Kafka does not answer, or refuses to create a topic.
    """
    admin = AdminClient({**client_settings(settings), "socket.timeout.ms": int(_ANSWER_TIMEOUT_S * 1000)})
    there = _partitions(admin, settings)
    limits = {"max.message.bytes": str(MAX_MESSAGE_BYTES)}
    missing = [
        NewTopic(name, count, _BROKER_DEFAULT, config=limits) for name, count in topics.items() if name not in there
    ]
    for name, created in (admin.create_topics(missing) if missing else {}).items():
        try:
            created.result(_ANSWER_TIMEOUT_S)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise BrokerError(f"Kafka refused to create topic '{name}': {error.args[0].str()}") from error
    return {name: there.get(name, count) for name, count in topics.items()}


def _partitions(admin: AdminClient, settings: Settings) -> dict[str, int]:
    try:
        known = admin.list_topics(timeout=_ANSWER_TIMEOUT_S).topics
    except KafkaException as error:
        where = settings.kafka_bootstrap
        raise BrokerError(
            f"no Kafka answers at {where}: {error.args[0].str()}; start it or set FINK_KAFKA_BOOTSTRAP"
        ) from error
    return {name: len(topic.partitions) for name, topic in known.items()}


class Sender:
    """An idempotent producer that reports every delivery.

    Parameters
    ----------
    settings
        Where Kafka is and how to speak to it.
    delivered
        Called once for each message with the tag it was sent with.
    """

    def __init__(self, settings: Settings, delivered: Callable[[Any, Delivery], None]) -> None:
        self._delivered = delivered
        self._producer = Producer(
            {
                **client_settings(settings),
                "enable.idempotence": True,
                "compression.type": "none",  # stamps are compressed already
                "linger.ms": 5,
                "message.max.bytes": MAX_MESSAGE_BYTES,
                "queue.buffering.max.kbytes": 128 * 1024,
            }
        )

    def send(self, tag: Any, topic: str, partition: int, message: bytes) -> None:
        """Queue a message; waits while the queue is full."""

        def report(error: KafkaError | None, receipt: Message) -> None:
            offset = receipt.offset()
            reason = None if error is None else error.str()
            self._delivered(tag, Delivery(partition, -1 if offset is None else offset, reason))

        while True:
            try:
                self._producer.produce(topic, message, partition=partition, on_delivery=report)
            except BufferError:
                self._producer.poll(0.1)
            else:
                self._producer.poll(0)
                return

    def wait_until(self, moment_s: float) -> None:
        """Serve delivery reports until a moment of the monotonic clock."""
        while (left_s := moment_s - time.monotonic()) > 0:
            self._producer.poll(min(left_s, 0.1))

    def finish(self) -> None:
        """Wait until every message has its report; librdkafka gives each up after its delivery timeout."""
        while self._producer.flush(1.0):
            continue
