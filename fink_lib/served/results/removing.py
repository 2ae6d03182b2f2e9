"""Deletes topics of tables: first the rules about them, then they themselves, then what is kept of them."""

import time

from fink_lib.config import Settings
from fink_lib.errors import BrokerError
from fink_lib.kafka import users
from fink_lib.kafka.connection import QUIET, Connection
from fink_lib.kafka.topics import delete_topics, partitions_by_topic
from fink_lib.served.results.book import ResultTopic, ResultTopics

GONE_S, LOOK_S = 30.0, 0.1


def remove_topic(settings: Settings, one: ResultTopic) -> None:
    """Delete a topic, which may not be there, the rules about it, and what is kept of it.

    Parameters
    ----------
    settings
        Where Kafka is.
    one
        Whoever calls holds `ResultTopics.filling` of it.

    Raises
    ------
    BrokerError
        When Kafka refuses or does not answer: it is kept then that there is one.
    """
    empty_topic(settings, one.topic)
    ResultTopics(settings).forget(one)


def empty_topic(settings: Settings, topic: str) -> None:
    """Delete a topic, which may not be there, and the rules about it; return once Kafka tells of it no longer.

    Parameters
    ----------
    settings
        Where Kafka is.
    topic
        Its name.

    Raises
    ------
    BrokerError
        When Kafka refuses, does not answer, or still tells of it after `GONE_S`.
    """
    connection = Connection.of(settings)
    admin = connection.admin(QUIET)
    for name in sorted(users.readers_of_topics(admin).get(topic, set())):
        users.revoke(admin, name, [topic])
    if topic not in partitions_by_topic(connection):
        return
    delete_topics(connection, [topic])
    until = time.monotonic() + GONE_S
    while topic in partitions_by_topic(connection):  # whoever makes it again now might find the old one
        if time.monotonic() > until:
            raise BrokerError(f"Kafka still tells of topic {topic}, {GONE_S:.0f} s after it was deleted: try again")
        time.sleep(LOOK_S)
