"""The ids that Kafka gives to topics: one that was deleted and made anew has another, whatever its name."""

from collections.abc import Iterable

from confluent_kafka import KafkaError, KafkaException, TopicCollection, Uuid

from fink_lib.errors import BrokerError
from fink_lib.kafka.connection import QUIET, Connection

ANSWER_S = 20.0
GONE = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.UNKNOWN_TOPIC_ID})
# What a broker answers that has no ids, or gives this account none
UNTOLD = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.UNSUPPORTED_VERSION,
        KafkaError._UNSUPPORTED_FEATURE,  # noqa: SLF001 - its public name
    }
)
NO_ID = str(Uuid(0, 0))


def topic_ids(connection: Connection, topics: Iterable[str]) -> dict[str, str | None]:
    """Return the id of each topic that exists; None where its broker gives none, or not to this account.

    Parameters
    ----------
    connection
        The Kafka that they are in.
    topics
        Names; one that does not exist is left out of what is returned.

    Raises
    ------
    BrokerError
        When Kafka does not answer.
    """
    names = sorted(set(topics))
    if not names:
        return {}
    admin = connection.admin(QUIET)  # kept until its answers are there: they end with it
    futures = admin.describe_topics(TopicCollection(names), request_timeout=ANSWER_S)
    found: dict[str, str | None] = {}
    for name, future in futures.items():
        try:
            told = str(future.result(ANSWER_S).topic_id or NO_ID)
        except KafkaException as error:
            code = error.args[0].code()
            if code not in GONE | UNTOLD:
                raise BrokerError(f"Kafka at {connection.bootstrap} did not describe topic {name}: {error}") from error
            if code in UNTOLD:
                found[name] = None
        else:
            found[name] = None if told == NO_ID else told
    return found
