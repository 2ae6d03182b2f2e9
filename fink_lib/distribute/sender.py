"""The producer: idempotent, not transactional, every message accounted for by its delivery report."""

import logging
from functools import partial

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from fink_lib.config import Settings
from fink_lib.distribute.message import Facts, Sent, standing, to_headers
from fink_lib.distribute.topics import MAX_MESSAGE_BYTES, client_config, partition_of
from fink_lib.errors import BrokerError

logger = logging.getLogger(__name__)

FLUSH_TIMEOUT_S = 120.0
PRODUCER_CONFIG = {
    # Transactions would put control records between messages, and fink-client counts offsets as messages.
    "enable.idempotence": True,
    "acks": "all",
    # The key is the same 10 kB in every message. Only a window wider than a message finds it again:
    # zstd has one, lz4 (64 kB) has not; and only a batch of several messages has a message to find it in.
    "compression.type": "zstd",
    "linger.ms": 100,
    "batch.size": 4_000_000,
    "message.max.bytes": MAX_MESSAGE_BYTES,
    "queue.buffering.max.kbytes": 262_144,
    "delivery.timeout.ms": int(FLUSH_TIMEOUT_S * 1000 * 0.9),
}


class Sender:
    """Sends alerts and tells where they came to stand.

    Parameters
    ----------
    settings
        Where Kafka is, and how many partitions a topic has.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer = self._new_producer()
        self._sent: list[Sent] = []
        self._errors: list[str] = []

    def send(self, topic: str, key: bytes, value: bytes, facts: Facts, partitions: int | None = None) -> None:
        """Hand one message to the producer; it is only sent once `delivered` returns it.

        Parameters
        ----------
        topic, key, value
            The message.
        facts
            What it is.
        partitions
            Of the topic, where it has not as many as others.
        """
        name = facts.object_id or str(facts.alert_id)
        chosen = partition_of(name, partitions or self._settings.output_partitions)
        while True:
            try:
                self._producer.produce(
                    topic,
                    key=key,
                    value=value,
                    partition=chosen,
                    headers=to_headers(facts),
                    on_delivery=partial(self._report, facts),
                )
            except BufferError:  # the queue is full: wait until reports make room
                self._producer.poll(0.1)
                continue
            except KafkaException as error:
                raise BrokerError(f"Kafka refused an alert for topic {topic}: {error}") from error
            self._producer.poll(0)
            return

    def delivered(self) -> list[Sent]:
        """Wait for every report; return the messages sent since the last call.

        Raises
        ------
        BrokerError
            When a message was refused or not acknowledged in time. What was acknowledged stands on the topic.
            What was not may stand there too, or may yet come to: look once nothing arrives any more.
        """
        waiting = self._producer.flush(FLUSH_TIMEOUT_S)
        sent, self._sent = self._sent, []
        errors, self._errors = self._errors, []
        if waiting or errors:
            self._start_over()
            first = errors[0] if errors else f"no answer within {FLUSH_TIMEOUT_S:.0f} s"
            raise BrokerError(f"Kafka did not take {waiting + len(errors)} of the messages: {first}")
        return sent

    def close(self) -> None:
        """End the producer: its threads and connections do not outlive the query."""
        self._producer.close()

    def _new_producer(self) -> Producer:
        return Producer({**client_config(self._settings), **PRODUCER_CONFIG})

    def _start_over(self) -> None:
        """Give up what is not decided, cut the connections that it went by, and go on with a new producer.

        The old one would go on to offer what it still holds, under numbers by which Kafka knows it as new.
        """
        self._producer.purge()
        self._producer.close()  # its reports are of messages that nobody waits for
        self._producer = self._new_producer()
        self._sent, self._errors = [], []

    def _report(self, facts: Facts, error: KafkaError | None, message: Message) -> None:
        """Keep what the broker said of one message; called by the producer's own poll and flush."""
        if error is not None:
            self._errors.append(f"{message.topic()}: {error.str()}")
            return
        self._sent.append(standing(facts, message))
