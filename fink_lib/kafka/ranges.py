"""Messages of known ranges of offsets as Arrow batches, read by librdkafka in the process that wants them."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import pyarrow as pa
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from fink_lib.errors import BrokerError
from fink_lib.kafka.connection import QUIET, ClientConfig, Connection
from fink_lib.kafka.reading import READER_CONFIG, watermarks
from fink_lib.lake.places import Range

ANSWER_S = 60.0
PATIENCE_S = 0.05  # for a full batch: librdkafka gives fewer messages only once this has passed
AT_ONCE = 256  # messages of a batch, or fewer once they are so large:
BATCH_BYTES = 16 * 1024 * 1024
QUEUE_KB = 32 * 1024  # what is fetched ahead of its use; what the next range does not want of it is fetched again
FETCH_BYTES = 16 * 1024 * 1024  # of a partition: a round trip brings some hundred packets of 50 to 200 kB
RANGE_CONFIG: ClientConfig = {
    **READER_CONFIG,
    **QUIET,
    "check.crcs": True,
    "fetch.message.max.bytes": FETCH_BYTES,
    "queued.max.messages.kbytes": QUEUE_KB,
    "fetch.wait.max.ms": 50,
}
GONE = frozenset({KafkaError.OFFSET_OUT_OF_RANGE, KafkaError._AUTO_OFFSET_RESET})  # noqa: SLF001 - its public name
HEADERS = pa.list_(pa.struct([pa.field("key", pa.string()), pa.field("value", pa.binary())]))
# As Spark's source names and types them
SCHEMA = pa.schema(
    [
        pa.field("value", pa.binary()),
        pa.field("topic", pa.string()),
        pa.field("partition", pa.int32()),
        pa.field("offset", pa.int64()),
        pa.field("timestamp", pa.timestamp("us", tz="UTC")),
        pa.field("key", pa.binary()),
        pa.field("headers", HEADERS),
    ]
)
Header: TypeAlias = dict[str, Any]


class RangeReader:
    """Reads ranges of messages; one connection for as long as it lives.

    Parameters
    ----------
    connection
        Where Kafka is.
    names
        Topic → the name that its messages are kept under, where that is another one.
    """

    def __init__(self, connection: Connection, names: Mapping[str, str] | None = None) -> None:
        self._bootstrap, self._names = connection.bootstrap, dict(names or {})
        self._consumer: Consumer = connection.consumer("ingest", RANGE_CONFIG)

    def close(self) -> None:
        """End the connection."""
        self._consumer.close()

    def batches(self, wanted: Range, *, from_low: bool = False) -> Iterator[pa.RecordBatch]:
        """Yield the messages of a range, in order, in columns of `SCHEMA`.

        Offsets that hold no message are passed over: marks of transactions, messages that were given up.

        Parameters
        ----------
        wanted
            Of a topic by Kafka's name of it.
        from_low
            The range begins where the partition does, should its first messages be gone.

        Raises
        ------
        BrokerError
            When Kafka does not answer, or no longer has what is wanted.
        """
        first = max(wanted.first, self._low(wanted)) if from_low else wanted.first
        if first > wanted.last:
            return
        self._consumer.assign([TopicPartition(wanted.topic, wanted.partition, first)])
        try:
            yield from self._in_batches(wanted)
        finally:
            self._consumer.unassign()

    def _low(self, wanted: Range) -> int:
        try:
            return watermarks(self._consumer, wanted.topic, wanted.partition, ANSWER_S).low
        except KafkaException as error:
            raise self._unanswered(wanted, error) from error

    def _in_batches(self, wanted: Range) -> Iterator[pa.RecordBatch]:
        kept: list[Message] = []
        progress, deadline = Progress(wanted.first), time.monotonic() + ANSWER_S
        while progress.next <= wanted.last:
            answers = self._consumer.consume(AT_ONCE - len(kept), PATIENCE_S)
            if not answers and time.monotonic() > deadline:
                raise self._silent(wanted, progress)
            kept += self._messages(answers, wanted, progress)
            at_end = progress.next > wanted.last
            if kept and (at_end or len(kept) >= AT_ONCE or _bytes_of(kept) >= BATCH_BYTES):
                yield self._batch(kept, wanted)
                kept = []
            if answers:
                deadline = time.monotonic() + ANSWER_S

    def _messages(self, answers: Sequence[Message], wanted: Range, progress: "Progress") -> Iterator[Message]:
        """Yield the messages of the range among answers, and note how far they go."""
        for answer in answers:
            problem, offset = answer.error(), answer.offset()
            is_end = problem is not None and problem.code() == KafkaError._PARTITION_EOF  # noqa: SLF001 - its public name
            if (problem is not None and not is_end) or offset is None:
                raise self._unanswered(wanted, problem)
            if (answer.topic(), answer.partition()) != wanted.key or offset < progress.next:
                continue  # fetched ahead for the range before
            if is_end:
                progress.met_end(offset)
            else:
                progress.met(offset)
                if offset <= wanted.last:
                    yield answer

    def _batch(self, messages: Sequence[Message], wanted: Range) -> pa.RecordBatch:
        count = len(messages)
        columns = {
            "value": [message.value() for message in messages],
            "topic": [self._names.get(wanted.topic, wanted.topic)] * count,
            "partition": [wanted.partition] * count,
            "offset": [message.offset() for message in messages],
            "timestamp": pa.array([message.timestamp()[1] for message in messages], pa.int64()).cast(
                pa.timestamp("ms", tz="UTC")
            ),
            "key": [message.key() for message in messages],
            "headers": [_headers(message) for message in messages],
        }
        arrays = [
            values.cast(one.type) if isinstance(values, pa.Array) else pa.array(values, one.type)
            for one in SCHEMA
            for values in [columns[one.name]]
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)

    def _silent(self, wanted: Range, progress: "Progress") -> BrokerError:
        if progress.is_at_end:
            return _lost(wanted, f"the partition ends at offset {progress.next}")
        return self._unanswered(wanted, f"no message within {ANSWER_S:.0f} s")

    def _unanswered(self, wanted: Range, why: object) -> BrokerError:
        if isinstance(why, KafkaError) and why.code() in GONE:
            return _lost(wanted, why)
        return BrokerError(
            f"Kafka at {self._bootstrap} did not give {_named(wanted)}: {why}; is it up (`fink status`)?"
        )


class Progress:
    """How far the reading of a range has come.

    The end of a partition is met as far as the partition goes now. Within the range it is no end of it: what is to come
    is waited for, and is lost if it does not come.

    Parameters
    ----------
    first
        Offset of the range.

    Attributes
    ----------
    next
        All below it was given, or holds no message.
    is_at_end
        Whether the partition ended there when it was last heard of.
    """

    def __init__(self, first: int) -> None:
        self.next, self.is_at_end = first, False

    def met(self, offset: int) -> None:
        """Note a message."""
        self.next, self.is_at_end = offset + 1, False

    def met_end(self, offset: int) -> None:
        """Note that the partition ends before an offset."""
        self.next, self.is_at_end = offset, True


def _lost(wanted: Range, why: object) -> BrokerError:
    return BrokerError(f"some data may have been lost: Kafka no longer has {_named(wanted)} ({why})")


def _named(wanted: Range) -> str:
    return f"{wanted.topic}[{wanted.partition}]@{wanted.first}..{wanted.last}"


def _bytes_of(messages: Sequence[Message]) -> int:
    return sum(len(message) for message in messages)


def _headers(message: Message) -> list[Header] | None:
    """Return the headers as Spark's source does: null where there are none."""
    found = message.headers()
    if not found:
        return None
    pairs = found.items() if isinstance(found, dict) else found
    return [{"key": key, "value": value.encode() if isinstance(value, str) else value} for key, value in pairs]
