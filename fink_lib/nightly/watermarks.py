"""Kafka, read only: which topics there are, how far they go, and single messages read back. Nothing is committed."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from fink_lib.config import Settings
from fink_lib.distribute.message import Headers
from fink_lib.errors import BrokerError

ANSWER_S = 20.0


@dataclass(frozen=True)
class RawMessage:
    """A message as it stands on a topic."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers | dict[str, str | bytes | None] | None = None


@dataclass(frozen=True)
class Watermarks:
    """Low: the first offset still there. High: the offset that the next message will get."""

    low: int
    high: int


class TopicReader:
    """Reads watermarks and single messages; use it as a context manager.

    Parameters
    ----------
    settings
        Where Kafka is and how to reach it.
    """

    def __init__(self, settings: Settings) -> None:
        self._bootstrap = settings.kafka_bootstrap
        self._consumer = Consumer(
            {
                "bootstrap.servers": settings.kafka_bootstrap,
                "group.id": "fink-reconcile",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "error",
                # Spark's source reads uncommitted messages: both sides must look at the same ones
                "isolation.level": "read_uncommitted",
                "log_level": 3,
                **settings.kafka_security,
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def topics(self) -> dict[str, tuple[int, ...]]:
        """Return the partitions of every topic by its name.

        Raises
        ------
        BrokerError
            When Kafka does not answer.
        """
        try:
            found = self._consumer.list_topics(timeout=ANSWER_S).topics
        except KafkaException as error:
            raise self._unanswered("list its topics", error) from error
        return {name: tuple(sorted(facts.partitions)) for name, facts in found.items() if facts.error is None}

    def watermarks(self, topic: str, partition: int) -> Watermarks:
        """Return the two ends of a partition.

        Raises
        ------
        BrokerError
            When Kafka does not answer.
        """
        try:
            low, high = self._consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=ANSWER_S)
        except (KafkaException, TypeError) as error:  # no answer in time is a None that cannot be unpacked
            raise self._unanswered(f"tell the ends of {topic}[{partition}]", error) from error
        return Watermarks(low, high)

    def messages(self, topic: str, partition: int, first: int, last: int) -> Iterator[RawMessage]:
        """Yield the messages from one offset to another, both included; offsets that hold none are passed over.

        Raises
        ------
        BrokerError
            When Kafka does not answer.
        """
        self._consumer.assign([TopicPartition(topic, partition, first)])
        try:
            while True:
                message = self._consumer.poll(ANSWER_S)
                if message is None:
                    raise self._unanswered(f"give {topic}[{partition}]@{first}", None)
                problem, offset = message.error(), message.offset()
                if problem is not None and problem.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                    return
                if problem is not None or offset is None:
                    raise self._unanswered(f"give {topic}[{partition}]@{first}", problem)
                if offset <= last:
                    yield RawMessage(offset, _bytes(message.key()), _bytes(message.value()), message.headers())
                if offset >= last:
                    return
        finally:
            self._consumer.unassign()

    def _unanswered(self, what: str, why: object) -> BrokerError:
        reason = f": {why}" if why is not None else f" within {ANSWER_S:.0f} s"
        return BrokerError(f"Kafka at {self._bootstrap} did not {what}{reason}; is it up (`fink status`)?")


def _bytes(content: bytes | str | None) -> bytes | None:
    return content.encode() if isinstance(content, str) else content
