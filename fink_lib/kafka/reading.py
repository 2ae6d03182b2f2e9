"""Kafka, read only: which topics there are, how far they go, and single messages read back. Nothing is committed."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from fink_lib.errors import BrokerError
from fink_lib.kafka.connection import QUIET, ClientConfig, Connection
from fink_lib.kafka.message import Headers

ANSWER_S = 20.0
LIST_ANSWER_S = 10.0
LEADER_TIMEOUT_S, LEADER_POLL_S = 30.0, 0.2
NO_LEADER_YET = frozenset(
    {KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.UNKNOWN_TOPIC_OR_PART}
)
READER_CONFIG: ClientConfig = {
    "enable.partition.eof": True,
    "auto.offset.reset": "error",
    # As Spark's source reads: both sides must look at the same messages
    "isolation.level": "read_committed",
    "log_level": 3,
}


@dataclass(frozen=True)
class RawMessage:
    """A message as it stands on a topic.

    Attributes
    ----------
    timestamp_ms
        When Kafka got it, or its sender says that it was made; below 0 where neither is told.
    """

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers | dict[str, str | bytes | None] | None = None
    timestamp_ms: int = -1


@dataclass(frozen=True)
class Watermarks:
    """Low: the first offset still there. High: the offset that the next message will get."""

    low: int
    high: int


class TopicReader:
    """Reads watermarks and single messages; use it as a context manager.

    Parameters
    ----------
    connection
        Where Kafka is and how to reach it.
    purpose
        Ends the name of the consumer group that it shows itself as.
    facts
        librdkafka settings that differ from those of a reader.
    answer_s
        Seconds to wait for an answer.
    names
        Topic → the name that it goes by here, where that is another one; its own name then is no topic's.
    """

    def __init__(
        self,
        connection: Connection,
        purpose: str = "reconcile",
        facts: Mapping[str, str | int | float | bool] | None = None,
        *,
        answer_s: float = ANSWER_S,
        names: Mapping[str, str] | None = None,
    ) -> None:
        self._bootstrap, self._answer_s = connection.bootstrap, answer_s
        self._names = dict(names or {})
        self._topics = {name: topic for topic, name in self._names.items()}
        self._consumer = connection.consumer(purpose, {**READER_CONFIG, **(facts or {})})

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
            found = self._consumer.list_topics(timeout=self._answer_s).topics
        except KafkaException as error:
            raise self._unanswered("list its topics", error) from error
        there = {name: tuple(sorted(facts.partitions)) for name, facts in found.items() if facts.error is None}
        return {self._names.get(topic, topic): partitions for topic, partitions in there.items()}

    def watermarks(self, topic: str, partition: int) -> Watermarks:
        """Return the two ends of a partition.

        Parameters
        ----------
        topic
            By the name that it goes by here.
        partition
            Its number.

        Raises
        ------
        BrokerError
            When Kafka does not answer.
        """
        try:
            return watermarks(self._consumer, self._topics.get(topic, topic), partition, self._answer_s)
        except KafkaException as error:
            raise self._unanswered(f"tell the ends of {topic}[{partition}]", error) from error

    def messages(self, topic: str, partition: int, first: int, last: int) -> Iterator[RawMessage]:
        """Yield the messages from one offset to another, both included; offsets that hold none are passed over.

        Parameters
        ----------
        topic
            By the name that it goes by here.
        partition
            Its number.
        first, last
            Offsets; messages end earlier where the partition does.

        Raises
        ------
        BrokerError
            When Kafka does not answer.
        """
        self._consumer.assign([TopicPartition(self._topics.get(topic, topic), partition, first)])
        try:
            while True:
                message = self._consumer.poll(self._answer_s)
                if message is None:
                    raise self._unanswered(f"give {topic}[{partition}]@{first}", None)
                problem, offset = message.error(), message.offset()
                if problem is not None and problem.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                    return
                if problem is not None or offset is None:
                    raise self._unanswered(f"give {topic}[{partition}]@{first}", problem)
                if offset <= last:
                    key, value = _bytes(message.key()), _bytes(message.value())
                    yield RawMessage(offset, key, value, message.headers(), int(message.timestamp()[1]))
                if offset >= last:
                    return
        finally:
            self._consumer.unassign()

    def _unanswered(self, what: str, why: object) -> BrokerError:
        reason = f": {why}" if why is not None else f" within {self._answer_s:.0f} s"
        return BrokerError(f"Kafka at {self._bootstrap} did not {what}{reason}; is it up (`fink status`)?")


def _bytes(content: bytes | str | None) -> bytes | None:
    return content.encode() if isinstance(content, str) else content


def watermarks(consumer: Consumer, topic: str, partition: int, answer_s: float) -> Watermarks:
    """Return the two ends of a partition.

    Parameters
    ----------
    consumer
        Any consumer.
    topic
        By Kafka's name.
    partition
        Its number.
    answer_s
        Seconds to wait for an answer.

    Raises
    ------
    KafkaException
        When Kafka does not answer in time, or refuses.
    """
    found = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=answer_s)
    if found is None:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001 - its public name
    return Watermarks(*found)


def ends_of(consumer: Consumer, topic: str) -> dict[int, tuple[int, int]]:
    """Return the first offset and the end of each partition.

    A topic that was made a moment ago may have no leader yet: that is waited for.

    Parameters
    ----------
    consumer
        Any consumer.
    topic
        By Kafka's name; it is to exist.

    Returns
    -------
    Partition → the first offset that is still there, and the offset that the next message will get.

    Raises
    ------
    KafkaException
        When Kafka does not answer, or refuses.
    """
    partitions = consumer.list_topics(topic, timeout=LEADER_TIMEOUT_S).topics[topic].partitions
    return {partition: _ends(consumer, topic, partition) for partition in sorted(partitions)}


def _ends(consumer: Consumer, topic: str, partition: int) -> tuple[int, int]:
    deadline = time.monotonic() + LEADER_TIMEOUT_S
    while True:
        try:
            found = watermarks(consumer, topic, partition, LEADER_TIMEOUT_S)
        except KafkaException as error:
            if error.args[0].code() not in NO_LEADER_YET or time.monotonic() > deadline:
                raise
            time.sleep(LEADER_POLL_S)
        else:
            return found.low, found.high


@dataclass(frozen=True)
class Topic:
    """One topic, as a person wants to see it.

    Attributes
    ----------
    partitions
        How many it has.
    messages
        Sum over the partitions of end minus beginning offset.
    """

    name: str
    partitions: int
    messages: int


def list_topics(connection: Connection) -> list[Topic]:
    """Return the topics of a broker that its caller may see, by name, Kafka's internal ones left out.

    Raises
    ------
    BrokerError
        When the broker does not answer.
    """
    with TopicReader(connection, "topics", QUIET, answer_s=LIST_ANSWER_S) as reader:
        try:
            found = reader.topics()
        except BrokerError as error:
            raise BrokerError(
                f"Kafka at {connection.bootstrap} does not answer: start it with `fink kafka start`"
            ) from error
        return [
            Topic(name, len(numbers), sum(_messages(reader.watermarks(name, number)) for number in numbers))
            for name, numbers in sorted(found.items())
            if not name.startswith("__")
        ]


def _messages(ends: Watermarks) -> int:
    return ends.high - ends.low
