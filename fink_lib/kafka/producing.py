"""The producer: idempotent, not transactional, every message accounted for by its delivery report.

What is sent to the topics of filters and what the simulator sends differ in configuration alone, and in what whoever
sends does with a report.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Self, TypeVar

from confluent_kafka import KafkaError, Message, Producer

from fink_lib.kafka.connection import QUIET, ClientConfig, Connection
from fink_lib.kafka.topics import INPUT_MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES

FULL_POLL_S = 0.1  # while the queue is full, until reports make room
FLUSH_TIMEOUT_S = 120.0
# Transactions would put control records between messages, and fink-client counts offsets as messages.
IDEMPOTENT: ClientConfig = {"enable.idempotence": True}
# Of the topics of filters
OUTPUT_CONFIG: ClientConfig = {
    **IDEMPOTENT,
    "acks": "all",
    # The key is the same 10 kB in every message. Only a window wider than a message finds it again:
    # zstd has one, lz4 (64 kB) has not; and only a batch of several messages has a message to find it in.
    "compression.type": "zstd",
    "linger.ms": 100,
    "batch.size": 4_000_000,
    "message.max.bytes": MAX_MESSAGE_BYTES,
    "queue.buffering.max.kbytes": 64 * 1024,  # of each process that sends; one that has more waits for reports
    "delivery.timeout.ms": int(FLUSH_TIMEOUT_S * 1000 * 0.9),
}
# Of packets that are played as a survey would send them
INPUT_CONFIG: ClientConfig = {
    **QUIET,
    **IDEMPOTENT,
    "compression.type": "none",  # stamps are compressed already
    "linger.ms": 5,
    "message.max.bytes": INPUT_MAX_MESSAGE_BYTES,
    "queue.buffering.max.kbytes": 128 * 1024,
}

Tag = TypeVar("Tag")
Reported = Callable[[Tag, KafkaError | None, Message], None]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What Kafka said of one message: its place, or an error."""

    partition: int
    offset: int
    error: str | None

    @classmethod
    def of(cls, error: KafkaError | None, message: Message) -> Self:
        """Read a report; the offset of a message that did not arrive is -1.

        Parameters
        ----------
        error
            None for a message that arrived.
        message
            As librdkafka gives it.
        """
        partition, offset = message.partition(), message.offset()
        reason = None if error is None else error.str()
        return cls(-1 if partition is None else partition, -1 if offset is None else offset, reason)


class ReportingProducer(Generic[Tag]):
    """Sends messages, and tells of each what became of it.

    Parameters
    ----------
    connection
        Where Kafka is and how to speak to it.
    config
        librdkafka settings, `OUTPUT_CONFIG` or `INPUT_CONFIG`.
    reported
        Called once for each message with the tag it was sent with, from within the calls of this class.
    """

    def __init__(self, connection: Connection, config: Mapping[str, Any], reported: Reported[Tag]) -> None:
        self._reported = reported
        self._producer = Producer(connection.client(config))

    def send(
        self,
        tag: Tag,
        topic: str,
        partition: int,
        value: bytes | None,
        *,
        key: bytes | None = None,
        headers: list[tuple[str, str | bytes | None]] | None = None,
    ) -> None:
        """Queue a message; waits while the queue is full.

        Parameters
        ----------
        tag
            Handed to ``reported`` with the report.
        topic
            Where it goes.
        partition
            Number of the partition; -1 lets librdkafka choose it by the key.
        value
            None for a tombstone.
        key
            None for none.
        headers
            None for none.

        Raises
        ------
        KafkaException
            When it cannot be queued at all: it is too large, for one.
        """
        message: dict[str, Any] = {"value": value, "key": key, "partition": partition}
        if headers is not None:
            message["headers"] = headers
        while True:
            try:
                self._producer.produce(topic, **message, on_delivery=partial(self._reported, tag))
            except BufferError:
                self._producer.poll(FULL_POLL_S)
            else:
                self._producer.poll(0)
                return

    def wait_until(self, moment_s: float) -> None:
        """Serve delivery reports until a moment of the monotonic clock."""
        while (left_s := moment_s - time.monotonic()) > 0:
            self._producer.poll(min(left_s, 0.1))

    def flush(self, timeout_s: float) -> int:
        """Wait until every message has its report; return how many have none in time."""
        return self._producer.flush(timeout_s)

    def finish(self) -> None:
        """Wait until every message has its report; librdkafka gives each up after its delivery timeout."""
        while self.flush(1.0):
            continue

    def close(self) -> None:
        """End the producer: its threads and connections do not outlive whoever sends."""
        self._producer.close()

    def abandon(self) -> None:
        """Give up what is not decided and cut the connections that it went by."""
        self._producer.purge()
        self._producer.close()
