"""Output topics: made explicitly, with the partitions, the clock and the size that their readers need."""

import logging
import time
import zlib
from collections.abc import Iterable

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from fink_lib.config import Settings
from fink_lib.distribute.counter import is_output_topic
from fink_lib.errors import BrokerError, ConfigError

logger = logging.getLogger(__name__)

ADMIN_TIMEOUT_S = 30.0
LEADER_POLL_S = 0.2
NO_LEADER_YET = frozenset(
    {KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.UNKNOWN_TOPIC_OR_PART}
)
MAX_MESSAGE_BYTES = 10_000_000  # a Rubin packet with a year of history and its cutouts passes 1 MB
RETENTION_DAYS = 7
TOPIC_CONFIG = {
    "cleanup.policy": "delete",  # compaction would leave holes, and readers count messages by offsets
    "retention.ms": str(RETENTION_DAYS * 86_400_000),
    "max.message.bytes": str(MAX_MESSAGE_BYTES),
    # The broker stamps a message when it is there to be read: that is what latency is measured to.
    "message.timestamp.type": "LogAppendTime",
    "compression.type": "producer",
}


def client_config(settings: Settings) -> dict[str, str | int | float | bool]:
    """Return the librdkafka settings that every client of the output Kafka shares."""
    return {"bootstrap.servers": settings.kafka_bootstrap, **settings.kafka_security}


def partition_of(object_id: str, partitions: int) -> int:
    """Return the partition of an object: all its alerts, in order, on one partition, for ever."""
    return zlib.crc32(object_id.encode()) % partitions


def output_topics(admin: AdminClient, survey: str) -> list[str]:
    """Return every output topic of a survey that the broker holds: of filters, retired ones too, and counters.

    Raises
    ------
    BrokerError
        When Kafka does not answer.
    """
    return sorted(topic for topic in _partitions(admin) if is_output_topic(topic, survey))


def ensure_topics(admin: AdminClient, topics: Iterable[str], partitions: int) -> None:
    """Create the missing topics.

    Raises
    ------
    BrokerError
        When Kafka refuses or does not answer.
    ConfigError
        When a topic exists with another number of partitions.
    """
    wanted = sorted(set(topics))
    present = _partitions(admin)
    for topic in wanted:
        if present.get(topic, partitions) != partitions:
            raise ConfigError(
                f"topic {topic} has {present[topic]} partitions, not {partitions}: "
                "delete it, or set FINK_OUTPUT_PARTITIONS to what it has"
            )
    missing = [NewTopic(t, num_partitions=partitions, config=TOPIC_CONFIG) for t in wanted if t not in present]
    if not missing:
        return
    for topic, done in admin.create_topics(missing, operation_timeout=ADMIN_TIMEOUT_S).items():
        try:
            done.result(ADMIN_TIMEOUT_S)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise BrokerError(f"Kafka did not create topic {topic}: {error}") from error
        except TimeoutError as error:
            raise BrokerError(f"Kafka did not create topic {topic} within {ADMIN_TIMEOUT_S:.0f} s") from error
        logger.info("topic created topic=%s partitions=%d", topic, partitions)


def ends_of(consumer: Consumer, topic: str) -> dict[int, tuple[int, int]]:
    """Return the first offset and the end of each partition.

    A topic that was made a moment ago may have no leader yet: that is waited for.

    Raises
    ------
    KafkaException
        When Kafka does not answer, or refuses.
    """
    partitions = consumer.list_topics(topic, timeout=ADMIN_TIMEOUT_S).topics[topic].partitions
    return {partition: _ends(consumer, TopicPartition(topic, partition)) for partition in sorted(partitions)}


def _ends(consumer: Consumer, where: TopicPartition) -> tuple[int, int]:
    deadline = time.monotonic() + ADMIN_TIMEOUT_S
    while True:
        try:
            low, high = consumer.get_watermark_offsets(where, timeout=ADMIN_TIMEOUT_S)
        except KafkaException as error:
            if error.args[0].code() not in NO_LEADER_YET or time.monotonic() > deadline:
                raise
            time.sleep(LEADER_POLL_S)
        else:
            return low, high


def _partitions(admin: AdminClient) -> dict[str, int]:
    """Return the topics of the broker with their number of partitions."""
    try:
        listed = admin.list_topics(timeout=ADMIN_TIMEOUT_S)
    except KafkaException as error:
        raise BrokerError(f"Kafka does not list its topics: {error}") from error
    return {name: len(facts.partitions) for name, facts in listed.topics.items()}
