"""Alerts on their way to output topics: where each came to stand, or that Kafka did not take them."""

from collections.abc import Iterable

from confluent_kafka import KafkaError, KafkaException, Message

from fink_lib.config import Settings
from fink_lib.errors import BrokerError, ConfigError
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.message import Facts, Sent, standing, to_headers
from fink_lib.kafka.producing import FLUSH_TIMEOUT_S, OUTPUT_CONFIG, ReportingProducer
from fink_lib.kafka.topics import MAX_MESSAGE_BYTES, partition_of

TOO_LARGE = KafkaError.MSG_SIZE_TOO_LARGE


class MessageTooLarge(BrokerError):
    """Kafka takes no message of this size: no other try helps."""


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
        self._too_small: set[str] = set()  # topics whose limit is below that of the producer

    def send(
        self,
        topic: str,
        key: bytes,
        value: bytes,
        facts: Facts,
        *,
        partitions: int | None = None,
        more: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Hand one message to the producer; it is only sent once `delivered` returns it.

        Parameters
        ----------
        topic, key, value
            The message.
        facts
            What it is.
        partitions
            Of the topic, where it has not as many as others.
        more
            Headers beside those of the facts.

        Raises
        ------
        MessageTooLarge
            When it is larger than Kafka takes.
        BrokerError
            When it cannot be sent at all.
        """
        name = facts.object_id or str(facts.alert_id)
        chosen = partition_of(name, partitions or self._settings.output_partitions)
        try:
            self._producer.send(facts, topic, chosen, value, key=key, headers=[*to_headers(facts), *more])
        except KafkaException as error:
            kind = MessageTooLarge if error.args[0].code() == TOO_LARGE else BrokerError
            raise kind(f"Kafka refused an alert for topic {topic}: {error.args[0].str()}") from error

    def delivered(self) -> list[Sent]:
        """Wait for every report; return the messages sent since the last call.

        Raises
        ------
        ConfigError
            When a topic takes smaller messages than are sent: Kafka then refuses a whole batch of them.
        BrokerError
            When a message was refused or not acknowledged in time. What was acknowledged stands on the topic.
            What was not may stand there too, or may yet come to: look once nothing arrives any more.
        """
        waiting = self._producer.flush(FLUSH_TIMEOUT_S)
        sent, self._sent = self._sent, []
        errors, self._errors = self._errors, []
        if waiting or errors:
            too_small, self._too_small = sorted(self._too_small), set()
            self._start_over()
            if too_small:
                limit = f"set its max.message.bytes to {MAX_MESSAGE_BYTES}"
                raise ConfigError(f"topic {too_small[0]} takes no batch of this size: {limit}")
            first = errors[0] if errors else f"no answer within {FLUSH_TIMEOUT_S:.0f} s"
            raise BrokerError(f"Kafka did not take {waiting + len(errors)} of the messages: {first}")
        return sent

    def close(self) -> None:
        """End the producer: its threads and connections do not outlive the query."""
        self._producer.close()

    def _new_producer(self) -> ReportingProducer[Facts]:
        return ReportingProducer(Connection.of(self._settings), OUTPUT_CONFIG, self._report)

    def _start_over(self) -> None:
        """Go on with a new producer.

        The old one would go on to offer what it still holds, under numbers by which Kafka knows it as new.
        """
        self._producer.abandon()  # its reports are of messages that nobody waits for
        self._producer = self._new_producer()
        self._sent, self._errors = [], []

    def _report(self, facts: Facts, error: KafkaError | None, message: Message) -> None:
        """Keep what the broker said of one message; called by the producer's own poll and flush."""
        if error is not None and error.code() == TOO_LARGE:
            self._too_small.add(str(message.topic()))
        if error is not None:
            self._errors.append(f"{message.topic()}: {error.str()}")
            return
        self._sent.append(standing(facts, message))
