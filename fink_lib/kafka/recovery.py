"""Messages that stand on a topic but in no table: read back after a driver died between the two.

What was offered to Kafka by a producer that is gone, and was not answered, may come to stand on a topic while its
last bytes are still on their way: behind a broker that was stopped for a while they wait in its sockets. A broker
that answers again reads them within milliseconds; the topics are read back when their ends have rested for longer.
"""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from time import monotonic, sleep

from confluent_kafka import Consumer, KafkaException, TopicPartition

from fink_lib.config import Settings
from fink_lib.errors import BrokerError, ConfigError
from fink_lib.kafka.connection import ClientConfig, Connection
from fink_lib.kafka.message import Sent, from_headers, standing
from fink_lib.kafka.reading import ends_of

logger = logging.getLogger(__name__)

TIMEOUT_S = 30.0  # without any message while some are known to wait
REST_S = 1.0  # how long the ends must not move; a driver that starts comes seconds after the last one
REST_AFTER_FAILURE_S = 5.0  # after a producer of this very process was given up
RESTLESS_S = 120.0

Where = tuple[str, int]
Ends = dict[Where, tuple[int, int]]


def unrecorded(
    settings: Settings, topics: list[str], next_offsets: Mapping[Where, int], *, rest_s: float = REST_S
) -> list[Sent]:
    """Return every message of ours from the given offsets to the end of each topic.

    Parameters
    ----------
    settings
        Where Kafka is.
    topics
        Output topics that exist.
    next_offsets
        For each (topic, partition) the first offset that no table records; 0 where absent.
    rest_s
        How long the ends of the topics must have rested.

    Raises
    ------
    BrokerError
        When Kafka does not answer, or stops short of the end.
    ConfigError
        When a topic holds less than is recorded: it was deleted and made anew.
    """
    facts: ClientConfig = {"enable.partition.eof": False, "isolation.level": "read_uncommitted"}
    consumer = Connection.of(settings).consumer("distribute-recovery", facts)
    try:
        tails = _tails(rested(partial(_ends, consumer, topics), rest_s), next_offsets)
        return _read(consumer, tails) if tails else []
    except KafkaException as error:
        raise BrokerError(f"what was sent could not be read back from Kafka: {error}") from error
    finally:
        consumer.close()


def rested(look: Callable[[], Ends], rest_s: float = REST_S) -> Ends:
    """Return the first offset and the end of every partition, once nothing has come for a while.

    Parameters
    ----------
    look
        Asks for them.
    rest_s
        How long the ends must not move.

    Raises
    ------
    BrokerError
        When they go on moving.
    """
    deadline = monotonic() + RESTLESS_S
    ends = look()
    while ends:
        sleep(rest_s)
        before, ends = ends, look()
        if {where: high for where, (_, high) in ends.items()} == {where: high for where, (_, high) in before.items()}:
            break
        if monotonic() > deadline:
            raise BrokerError("messages still arrive on the output topics: does another producer write them?")
    return ends


def _ends(consumer: Consumer, topics: list[str]) -> Ends:
    return {(topic, partition): ends for topic in topics for partition, ends in ends_of(consumer, topic).items()}


def _tails(ends: Ends, next_offsets: Mapping[Where, int]) -> Ends:
    """Return (first unrecorded offset, end) of every partition that holds unrecorded messages.

    Raises
    ------
    ConfigError
        When a partition ends before what is recorded.
    """
    tails: Ends = {}
    for (topic, partition), (low, high) in ends.items():
        recorded = next_offsets.get((topic, partition), 0)
        if recorded > high:
            raise ConfigError(
                f"topic {topic} ends at {high} in partition {partition}, and published says that {recorded} messages "
                f"stand there: it was deleted and made anew, or has lost some. Restore it, or run "
                f"`fink lake forget {topic}`: its old messages are then in no book, and the stream goes on"
            )
        start = max(low, recorded)
        if start < high:
            tails[topic, partition] = (start, high)
    return tails


def _read(consumer: Consumer, tails: Ends) -> list[Sent]:
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
