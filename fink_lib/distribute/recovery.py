"""Messages that stand on a topic but in no table: read back after a driver died between the two."""

import logging
from collections.abc import Mapping
from time import monotonic

from confluent_kafka import Consumer, KafkaException, TopicPartition

from fink_lib.config import Settings
from fink_lib.distribute.message import Sent, from_headers, standing
from fink_lib.distribute.topics import client_config, ends_of
from fink_lib.errors import BrokerError

logger = logging.getLogger(__name__)

TIMEOUT_S = 30.0  # without any message while some are known to wait


def unrecorded(settings: Settings, topics: list[str], next_offsets: Mapping[tuple[str, int], int]) -> list[Sent]:
    """Return every message of ours from the given offsets to the end of each topic.

    Parameters
    ----------
    settings
        Where Kafka is.
    topics
        Output topics that exist.
    next_offsets
        For each (topic, partition) the first offset that no table records; 0 where absent.

    Raises
    ------
    BrokerError
        When Kafka does not answer, or stops short of the end.
    """
    consumer = Consumer(
        {
            **client_config(settings),
            "group.id": "fink-distribute-recovery",  # required by the client; no offset is ever committed
            "enable.auto.commit": False,
            "enable.partition.eof": False,
            "isolation.level": "read_uncommitted",
        }
    )
    try:
        ends = _tails(consumer, topics, next_offsets)
        return _read(consumer, ends) if ends else []
    except KafkaException as error:
        raise BrokerError(f"what was sent could not be read back from Kafka: {error}") from error
    finally:
        consumer.close()


def _tails(
    consumer: Consumer, topics: list[str], next_offsets: Mapping[tuple[str, int], int]
) -> dict[tuple[str, int], tuple[int, int]]:
    """Return (first unrecorded offset, end) of every partition that holds unrecorded messages."""
    tails: dict[tuple[str, int], tuple[int, int]] = {}
    for topic in topics:
        for partition, (low, high) in ends_of(consumer, topic).items():
            recorded = next_offsets.get((topic, partition), 0)
            if recorded > high:
                logger.warning(
                    "topic holds less than published says topic=%s partition=%d end=%d published=%d: was it recreated?",
                    topic, partition, high, recorded,
                )  # fmt: skip
            start = max(low, recorded)
            if start < high:
                tails[topic, partition] = (start, high)
    return tails


def _read(consumer: Consumer, tails: Mapping[tuple[str, int], tuple[int, int]]) -> list[Sent]:
    """Read the tails to their ends."""
    consumer.assign([TopicPartition(topic, partition, start) for (topic, partition), (start, _) in tails.items()])
    waiting = {where: end for where, (_, end) in tails.items()}
    found: list[Sent] = []
    foreign = 0
    deadline = monotonic() + TIMEOUT_S
    while waiting:
        message = consumer.poll(1.0)
        if message is None:
            if monotonic() > deadline:
                raise BrokerError(f"Kafka did not give the messages that wait on {sorted(waiting)}: is it overloaded?")
            continue
        if (error := message.error()) is not None:
            raise BrokerError(f"reading {message.topic()} back failed: {error.str()}")
        deadline = monotonic() + TIMEOUT_S
        topic, partition, offset = message.topic() or "", message.partition() or 0, message.offset() or 0
        facts, end = from_headers(message.headers()), tails[topic, partition][1]
        if facts is None:
            foreign += 1
        elif offset < end:
            found.append(standing(facts, message))
        if offset + 1 >= end:
            waiting.pop((topic, partition), None)
    if foreign:
        logger.warning("messages of somebody else stand on output topics messages=%d", foreign)
    return found
