"""Output topics: made explicitly, with the readers, partitions, clock and size that they need."""

import logging
import time
import zlib
from collections.abc import Collection, Iterable

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.cimpl import NewTopic

from fink_lib.config import Settings
from fink_lib.distribute.access import set_readers, settle
from fink_lib.distribute.counter import is_output_topic
from fink_lib.errors import BrokerError, ConfigError

logger = logging.getLogger(__name__)

ADMIN_TIMEOUT_S = 30.0
LEADER_POLL_S = 0.2
NO_LEADER_YET = frozenset(
    {KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.UNKNOWN_TOPIC_OR_PART}
)
MAX_MESSAGE_BYTES = 10_000_000  # a Rubin packet with a year of history and its cutouts passes 1 MB
RETENTION = "retention.ms"
DAY_MS = 86_400_000
TOPIC_CONFIG = {
    "cleanup.policy": "delete",  # compaction would leave holes, and readers count messages by offsets
    "max.message.bytes": str(MAX_MESSAGE_BYTES),
    # The broker stamps a message when it is there to be read: that is what latency is measured to.
    "message.timestamp.type": "LogAppendTime",
    "compression.type": "producer",
}


def topic_config(settings: Settings) -> dict[str, str]:
    """Return the configuration of a new output topic."""
    return {**TOPIC_CONFIG, RETENTION: str(round(settings.output_retention_days * DAY_MS))}


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


def ensure_topics(
    settings: Settings, topics: Iterable[str], restricted: Collection[str] = (), *, partitions: int | None = None
) -> None:
    """Make topics ready for their first message: who may read them comes first, so that nobody is early.

    Parameters
    ----------
    settings
        Where Kafka is, the partitions of a topic, and how long it keeps messages.
    topics
        Topics that are to be there.
    restricted
        Topics, there or not, that only users with a grant may read; anyone may read the others of ``topics``.
    partitions
        Partitions of each; those of the settings when not given.

    Raises
    ------
    BrokerError
        When Kafka refuses or does not answer.
    ConfigError
        When a topic exists with another number of partitions, or anyone could read a restricted one.
    """
    admin, partitions = AdminClient(client_config(settings)), partitions or settings.output_partitions
    wanted = sorted(set(topics))
    present = _partitions(admin)
    for topic in wanted:
        if present.get(topic, partitions) != partitions:
            raise ConfigError(
                f"topic {topic} has {present[topic]} partitions, not {partitions}: "
                "delete it, or set FINK_OUTPUT_PARTITIONS to what it has"
            )
    set_readers(admin, set(wanted) - set(restricted), restricted)
    config = topic_config(settings)
    _create(admin, [NewTopic(t, num_partitions=partitions, config=config) for t in wanted if t not in present])
    _keep_for(admin, [topic for topic in wanted if topic in present], config[RETENTION])


def _create(admin: AdminClient, missing: list[NewTopic]) -> None:
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
        logger.info("topic created topic=%s", topic)


def _keep_for(admin: AdminClient, topics: Iterable[str], retention_ms: str) -> None:
    """Let topics that are there keep their messages as long as new ones do."""
    asked = [ConfigResource(ConfigResource.Type.TOPIC, topic) for topic in topics]
    if not asked:
        return
    told = zip(asked, settle(admin.describe_configs(asked).values(), "tell how its topics are configured"), strict=True)
    differing = [topic.name for topic, config in told if config[RETENTION].value != retention_ms]
    if not differing:
        return
    change = ConfigEntry(RETENTION, retention_ms, incremental_operation=AlterConfigOpType.SET)
    changes = [ConfigResource(ConfigResource.Type.TOPIC, t, incremental_configs=[change]) for t in differing]
    settle(admin.incremental_alter_configs(changes).values(), f"change {RETENTION} of {', '.join(differing)}")
    logger.info("retention changed topics=%s ms=%s", ",".join(differing), retention_ms)


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
