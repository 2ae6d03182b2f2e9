"""Topics: made explicitly; those of filters with the readers, partitions, clock and size that they need."""

import logging
import zlib
from collections.abc import Collection, Iterable, Mapping

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.cimpl import NewTopic

from fink_lib.config import Settings
from fink_lib.errors import BrokerError, ConfigError
from fink_lib.kafka.access import forget_readers, set_readers, settle
from fink_lib.kafka.connection import QUIET, Connection

logger = logging.getLogger(__name__)

ADMIN_TIMEOUT_S = 30.0
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


# Of a topic that the simulator plays into, as a survey's own broker would hold it
INPUT_MAX_MESSAGE_BYTES = 10 * 1024 * 1024
INPUT_TOPIC_CONFIG = {"max.message.bytes": str(INPUT_MAX_MESSAGE_BYTES)}


def topic_config(settings: Settings) -> dict[str, str]:
    """Return the configuration of a new output topic."""
    return {**TOPIC_CONFIG, RETENTION: str(round(settings.output_retention_days * DAY_MS))}


def partition_of(object_id: str, partitions: int) -> int:
    """Return the partition of an object: all its alerts, in order, on one partition, for ever.

    Parameters
    ----------
    object_id
        Name of the object.
    partitions
        How many the topic has.

    Returns
    -------
    From 0.
    """
    return zlib.crc32(object_id.encode()) % partitions


def partitions_by_topic(connection: Connection, *, answer_s: float = ADMIN_TIMEOUT_S) -> dict[str, int]:
    """Return how many partitions each topic has.

    Parameters
    ----------
    connection
        Where Kafka is.
    answer_s
        Seconds to wait for an answer.

    Raises
    ------
    BrokerError
        When Kafka does not answer.
    """
    try:
        found = connection.admin(QUIET).list_topics(timeout=answer_s).topics
    except KafkaException as error:
        raise BrokerError(
            f"no Kafka answers at {connection.bootstrap}: {error.args[0].str()}; start it or set FINK_KAFKA_BOOTSTRAP"
        ) from error
    return {name: len(facts.partitions) for name, facts in found.items()}


def create_missing(
    connection: Connection,
    topics: Mapping[str, int],
    config: Mapping[str, str],
    *,
    answer_s: float = ADMIN_TIMEOUT_S,
) -> dict[str, int]:
    """Make the topics that are not there; return how many partitions each of them truly has.

    Parameters
    ----------
    connection
        Where Kafka is.
    topics
        Partitions of each, where it is to be made.
    config
        Configuration of those that are made.
    answer_s
        Seconds to wait for an answer.

    Raises
    ------
    BrokerError
        When Kafka does not answer, or does not create a topic.
    """
    there = partitions_by_topic(connection, answer_s=answer_s)
    missing = [NewTopic(name, num_partitions=n, config=dict(config)) for name, n in topics.items() if name not in there]
    admin = connection.admin(QUIET)
    created = admin.create_topics(missing, operation_timeout=answer_s) if missing else {}
    for topic, done in created.items():
        try:
            done.result(answer_s)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise BrokerError(f"Kafka did not create topic {topic}: {error}") from error
        except TimeoutError as error:
            raise BrokerError(f"Kafka did not create topic {topic} within {answer_s:.0f} s") from error
        logger.info("topic created topic=%s", topic)
    return {name: there.get(name, count) for name, count in topics.items()}


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
    connection, partitions = Connection.of(settings), partitions or settings.output_partitions
    admin, wanted = connection.admin(), sorted(set(topics))
    present = partitions_by_topic(connection)
    for topic in wanted:
        if present.get(topic, partitions) != partitions:
            raise ConfigError(
                f"topic {topic} has {present[topic]} partitions, not {partitions}: "
                "delete it, or set FINK_OUTPUT_PARTITIONS to what it has"
            )
    set_readers(admin, set(wanted) - set(restricted), restricted)
    config = topic_config(settings)
    create_missing(connection, dict.fromkeys(wanted, partitions), config)
    _keep_for(admin, [topic for topic in wanted if topic in present], config[RETENTION])


def delete_topics(connection: Connection, topics: Collection[str]) -> None:
    """Delete topics, and the rules that let anyone read them.

    Parameters
    ----------
    connection
        The Kafka that they are in.
    topics
        Topics that exist.

    Raises
    ------
    BrokerError
        When Kafka refuses or does not answer.
    """
    if not topics:
        return
    admin = connection.admin()
    settle(admin.delete_topics(list(topics), operation_timeout=ADMIN_TIMEOUT_S).values(), "delete topics")
    forget_readers(admin, topics)
    logger.info("topics deleted topics=%s", ",".join(topics))


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
