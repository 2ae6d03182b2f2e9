"""What waits on topics beyond the offsets that were kept: read up to the present ends, and no further."""

import time
from collections.abc import Callable, Iterator, Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from fink_lib.kafka.connection import QUIET, ClientConfig

ANSWER_S, PAUSE_S = 20.0, 0.2
NOT_YET = frozenset(
    {
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
    }
)
READER: ClientConfig = {
    **QUIET,
    "enable.partition.eof": True,
    "auto.offset.reset": "earliest",
    "isolation.level": "read_committed",
}


def waiting(consumer: Consumer, wanted: Callable[[str], object], most: int) -> Iterator[list[Message]]:
    """Yield the messages from the kept offsets up to the present ends, in batches of one partition each.

    Parameters
    ----------
    consumer
        Of `READER`.
    wanted
        Tells of a topic whether it is read.
    most
        Messages of a batch.

    Raises
    ------
    KafkaException
        When Kafka does not answer, or not to this account.
    """
    for place in _partitions(consumer, wanted):
        low, high = consumer.get_watermark_offsets(place, timeout=ANSWER_S)
        begin = begin_of(place.offset, low, high)
        if begin < high:
            consumer.assign([TopicPartition(place.topic, place.partition, begin)])
            yield from _up_to(consumer, high, most)
            consumer.unassign()


def begin_of(kept: int, low: int, high: int) -> int:
    """Return from which offset a partition is read.

    Parameters
    ----------
    kept
        Offset that was kept, negative where none was.
    low, high
        First offset that there is, and the one after the last.

    Returns
    -------
    int
        The kept offset; the first one where that is gone, or lies beyond the end because the topic was made anew.
    """
    return kept if low <= kept <= high else low


def next_offsets(batch: Sequence[Message]) -> list[TopicPartition]:
    """Return what is to be kept once the messages of a batch are done: the offset after the last of them."""
    last = max(batch, key=lambda one: one.offset() or 0)
    return [TopicPartition(last.topic() or "", last.partition() or 0, (last.offset() or 0) + 1)]


def _partitions(consumer: Consumer, wanted: Callable[[str], object]) -> list[TopicPartition]:
    there = consumer.list_topics(timeout=ANSWER_S).topics
    places = [
        TopicPartition(name, number)
        for name, facts in sorted(there.items())
        if wanted(name)
        for number in sorted(facts.partitions)
    ]
    return _committed(consumer, places) if places else []


def _committed(consumer: Consumer, places: list[TopicPartition]) -> list[TopicPartition]:
    """Ask for the kept offsets; a broker that has just begun says for a while that it is not the one to ask."""
    deadline = time.monotonic() + ANSWER_S
    while True:
        try:
            return list(consumer.committed(places, timeout=ANSWER_S))
        except KafkaException as error:
            if error.args[0].code() not in NOT_YET or time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_S)


def _up_to(consumer: Consumer, end: int, most: int) -> Iterator[list[Message]]:
    batch: list[Message] = []
    while True:
        message = consumer.poll(ANSWER_S)
        if message is None:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001 - its public name
        problem = message.error()
        if problem is not None and problem.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
            raise KafkaException(problem)
        if problem is None:
            batch.append(message)
        # What is left before an end of the partition are markers of transactions
        ended = problem is not None or (message.offset() or 0) >= end - 1
        if batch and (ended or len(batch) == most):
            yield batch
            batch = []
        if ended:
            return
