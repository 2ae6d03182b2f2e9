"""The topics that distribute writes: of filters, retired ones too, and the counters of nights."""

import re

from fink_lib.filters.base import TOPIC_PREFIX
from fink_lib.filters.counterparts import counterpart_topics
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.topics import partitions_by_topic


def is_output_topic(topic: str, survey: str) -> bool:
    """Tell whether a topic is one that distribute writes for a survey: of a filter, or a counter.

    Parameters
    ----------
    topic
        Any topic; those of counterparts are none.
    survey
        Its name.
    """
    name = re.escape(survey)
    return (
        topic not in counterpart_topics()
        and re.fullmatch(rf"{TOPIC_PREFIX}(.+_{name}|{name}_\d{{8}})", topic) is not None
    )


def output_topics(connection: Connection, survey: str) -> list[str]:
    """Return every output topic of a survey that the broker holds: of filters, retired ones too, and counters.

    Parameters
    ----------
    connection
        The Kafka that they are in.
    survey
        Its name.

    Raises
    ------
    BrokerError
        When Kafka does not answer.
    """
    return sorted(topic for topic in partitions_by_topic(connection) if is_output_topic(topic, survey))
