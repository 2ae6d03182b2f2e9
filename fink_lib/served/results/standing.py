"""What stands on the topic of a table: all of its rows, as one sending left them, or something else."""

from contextlib import closing

from confluent_kafka import KafkaException

from fink_lib.errors import BrokerError
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.reading import TopicReader, ends_of
from fink_lib.kafka.topics import partitions_by_topic

PURPOSE = "result-count"  # of who looks at offsets and at a last message alone
ROW = "row"  # header: which row of the table a message is, from 0


def stands_whole(connection: Connection, topic: str, rows: int) -> bool:
    """Tell whether a topic holds as many messages as a table has rows, from the first on, the last row last.

    Rows between them are not looked at: who sends says so himself, by what Kafka acknowledged.

    Parameters
    ----------
    connection
        Where Kafka is.
    topic
        Its name; it need not be there.
    rows
        Of the table.

    Raises
    ------
    BrokerError
        When Kafka does not answer.
    """
    if topic not in partitions_by_topic(connection):
        return False
    try:
        with closing(connection.consumer(PURPOSE)) as consumer:
            ends = ends_of(consumer, topic)
    except KafkaException as error:
        raise BrokerError(f"topic {topic} could not be counted: {error}") from error
    return ends == {0: (0, rows)} and (rows == 0 or _last_row(connection, topic, rows) == rows - 1)


def _last_row(connection: Connection, topic: str, rows: int) -> int | None:
    """Return which row the last message says that it is; None where it says nothing."""
    with TopicReader(connection, PURPOSE) as reader:
        for message in reader.messages(topic, 0, rows - 1, rows - 1):
            told = dict(message.headers or ()).get(ROW)
            return int(told) if told is not None else None
    return None
