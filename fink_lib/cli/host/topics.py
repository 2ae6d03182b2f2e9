"""What a broker holds, as a person wants to see it."""

from collections.abc import Mapping
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from fink_lib.errors import BrokerError

TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Topic:
    """One topic.

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


def list_topics(bootstrap: str, security: Mapping[str, str] | None = None) -> list[Topic]:
    """Return the topics of a broker that its caller may see, by name, Kafka's internal ones left out.

    Parameters
    ----------
    bootstrap, security
        Where the broker is, and who asks.

    Raises
    ------
    BrokerError
        When the broker does not answer.
    """
    conf: dict[str, str | int | float | bool] = {"bootstrap.servers": bootstrap, "log_level": 0, **(security or {})}
    try:
        found = AdminClient(conf).list_topics(timeout=TIMEOUT_S).topics
    except KafkaException as error:
        raise BrokerError(f"Kafka at {bootstrap} does not answer: start it with `fink kafka start`") from error
    counter = Consumer({**conf, "group.id": "fink-topics", "enable.auto.commit": False})
    try:
        return [
            Topic(name, len(facts.partitions), sum(_messages(counter, name, number) for number in facts.partitions))
            for name, facts in sorted(found.items())
            if not name.startswith("__")
        ]
    finally:
        counter.close()


def _messages(counter: Consumer, topic: str, partition: int) -> int:
    offsets = counter.get_watermark_offsets(TopicPartition(topic, partition), timeout=TIMEOUT_S)
    if offsets is None:
        raise BrokerError(f"Kafka did not tell the offsets of {topic} partition {partition} within {TIMEOUT_S:.0f} s")
    return int(offsets[1] - offsets[0])
