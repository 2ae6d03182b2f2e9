"""The topic of a transfer: what stands on it, and sealing it once it holds everything."""

from collections.abc import Iterable
from contextlib import closing

from confluent_kafka import KafkaError, KafkaException, Message

from fink_lib.config import Settings
from fink_lib.distribute.output_topics import output_topics
from fink_lib.errors import BrokerError
from fink_lib.filters.base import topic_of
from fink_lib.filters.restricted import restricted_topics
from fink_lib.kafka.access import is_closed
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.producing import FLUSH_TIMEOUT_S, OUTPUT_CONFIG, ReportingProducer
from fink_lib.kafka.reading import ends_of
from fink_lib.kafka.recovery import unrecorded
from fink_lib.kafka.sending import Sender
from fink_lib.kafka.topics import ADMIN_TIMEOUT_S, ensure_topics
from fink_lib.transfer.request import By, TransferRequest

COUNTING = "transfer-count"  # consumer group of who looks at offsets alone
PARTITIONS = 10  # finkctl reads this many whatever the topics of the filters have (FINK_OUTPUT_PARTITIONS)
SCHEMA_COPIES = 100  # a partition; each run of finkctl consumes one, and goes on without a word where none is left


def standing_ids(settings: Settings, request: TransferRequest) -> set[int]:
    """Return the alerts that stand on the topic, which is made where it is missing.

    Parameters
    ----------
    settings
        Of the broker.
    request
        The transfer.
    """
    _ensure(settings, request, request.topic)
    return {sent.facts.alert_id for sent in unrecorded(settings, [request.topic], {})}


def sender_of(settings: Settings) -> Sender:
    """Return a producer that spreads alerts over the partitions of a transfer."""
    return Sender(settings.model_copy(update={"output_partitions": PARTITIONS}))


def is_spent(settings: Settings, request: TransferRequest) -> bool:
    """Tell whether Kafka has deleted the beginning of a topic: what is sent there can no longer be complete.

    A topic that is gone while its schema still announces it is spent too.

    Parameters
    ----------
    settings
        Of the broker.
    request
        The transfer, with its topics.

    Raises
    ------
    BrokerError
        When Kafka does not answer.
    """
    kafka = Connection.of(settings)
    try:
        there = kafka.admin().list_topics(timeout=ADMIN_TIMEOUT_S).topics
        both = [topic for topic in (request.topic, request.schema_topic) if topic in there]
        with closing(kafka.consumer(COUNTING)) as consumer:
            ends = {topic: ends_of(consumer, topic).values() for topic in both}
    except KafkaException as error:
        raise BrokerError(f"topic {request.topic} could not be looked at: {error}") from error
    return both == [request.schema_topic] or any(low > 0 for topic in both for low, _ in ends[topic])


def seal(settings: Settings, request: TransferRequest, schema: bytes, alerts: int) -> None:
    """Count the topic, then announce it: finkctl finds a transfer by its schema topic.

    Parameters
    ----------
    settings
        Of the broker.
    request
        The transfer, with its topics.
    schema
        Avro schema of the messages, as JSON: the key of each copy on the schema topic.
    alerts
        How many the topic must hold.

    Raises
    ------
    BrokerError
        When the topic does not hold exactly this many messages from offset 0 on, or Kafka does not answer.
    """
    held = _messages(settings, request.topic)
    if held != alerts:
        raise BrokerError(f"topic {request.topic} holds {held} messages, not {alerts}: it is not announced")
    _ensure(settings, request, request.schema_topic)
    missing = SCHEMA_COPIES * PARTITIONS - _messages(settings, request.schema_topic)
    _announce(settings, request.schema_topic, schema, range(max(0, missing)))


def is_restricted(settings: Settings, request: TransferRequest) -> bool:
    """Tell whether a transfer sends what a restricted filter selects: then it is no more for anyone than its topic.

    A topic that stands closed counts too: whoever sends a transfer may not have the settings of the stream.

    Parameters
    ----------
    settings
        Of the broker.
    request
        One by class or predicate is never restricted.

    Raises
    ------
    BrokerError
        When Kafka does not answer.
    """
    if request.by is not By.FILTER:
        return False
    topic, kafka = topic_of(request.what, request.survey), Connection.of(settings)
    if topic in restricted_topics(settings):
        return True
    return topic in output_topics(kafka, request.survey) and is_closed(kafka.admin(), topic)


def _ensure(settings: Settings, request: TransferRequest, topic: str) -> None:
    """Make a topic of a transfer where it is missing, with the partitions that finkctl reads."""
    ensure_topics(settings, [topic], [topic] if is_restricted(settings, request) else [], partitions=PARTITIONS)


def _announce(settings: Settings, topic: str, schema: bytes, copies: Iterable[int]) -> None:
    """Write copies of the schema, spread over all partitions."""
    errors: list[str] = []

    def reported(_: None, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            errors.append(str(error))

    producer = ReportingProducer(Connection.of(settings), OUTPUT_CONFIG, reported)
    for number in copies:
        producer.send(None, topic, number % PARTITIONS, None, key=schema)
    waiting = producer.flush(FLUSH_TIMEOUT_S)
    if waiting or errors:
        raise BrokerError(f"Kafka did not take {waiting + len(errors)} copies of the schema: {errors[:1]}")


def _messages(settings: Settings, topic: str) -> int:
    """Count a topic by its offsets, as finkctl does.

    Raises
    ------
    BrokerError
        When its beginning has been deleted already, or Kafka does not answer.
    """
    total = 0
    try:
        with closing(Connection.of(settings).consumer(COUNTING)) as consumer:
            for low, high in ends_of(consumer, topic).values():
                if low != 0:
                    raise BrokerError(
                        f"topic {topic} begins at offset {low}: Kafka has deleted its beginning, ask anew"
                    )
                total += high
    except KafkaException as error:
        raise BrokerError(f"topic {topic} could not be counted: {error}") from error
    return total
