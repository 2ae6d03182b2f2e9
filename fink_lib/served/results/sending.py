"""Sends the rows of a table to a topic of its own: closed first, then filled, then opened to whom the table is for."""

from contextlib import closing
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException, Message

from fink_lib.config import Settings
from fink_lib.errors import BrokerError, ConfigError
from fink_lib.kafka.access import is_closed
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.producing import FLUSH_TIMEOUT_S, OUTPUT_CONFIG, ReportingProducer
from fink_lib.kafka.reading import ends_of
from fink_lib.kafka.topics import ensure_topics
from fink_lib.served.private import PrivateTable
from fink_lib.served.private_store import MB, PrivateTables, while_there
from fink_lib.served.results.book import ResultTopic, ResultTopics
from fink_lib.served.results.readers import remove_topics, settle_readers
from fink_lib.served.results.rows import datums_of, schema_of_rows

COUNTING = "result-count"  # consumer group of who looks at offsets alone
TABLE, ROW = "table", "row"  # headers


class TooMuch(ConfigError):
    """A table has more than a topic of it may hold."""


def send_table(settings: Settings, table: PrivateTable, sent_at: float) -> ResultTopic:
    """Send what does not stand on the topic of a table yet, and let those read it who see the table.

    Rows are in one partition, in the order of the table: what was cut off goes on after the last one that stands there.

    Parameters
    ----------
    settings
        Where Kafka is, and how many rows may be sent.
    table
        As `PrivateTables.get` returned it to its owner.
    sent_at
        What time it is, seconds of Unix.

    Returns
    -------
    ResultTopic
        The topic, which holds every row.

    Raises
    ------
    ConfigError
        When there is too much, Kafka cannot keep others from reading it, or has deleted its beginning.
    BrokerError
        When Kafka refuses or does not answer: sent again, it goes on.
    """
    if table.rows > settings.transfer_quota:
        raise TooMuch(f"table '{table.full_name}' has {table.rows} rows: {settings.transfer_quota} may be sent "
                      "(FINK_TRANSFER_QUOTA)")  # fmt: skip
    book = ResultTopics(settings)
    with book.changing():
        one = book.of_table(table) or book.save(ResultTopic.of(table))
        _make(settings, one)
        file, held = PrivateTables(settings).opened(table), _held(settings, one.topic)
        try:
            with while_there(file, table):
                _send(settings, table, one.topic, file, held)
        except TooMuch:
            remove_topics(settings, [one])
            raise
        if (held := _held(settings, one.topic)) != table.rows:
            raise BrokerError(f"topic {one.topic} holds {held} rows, not {table.rows}: nobody may read it")
        one = book.save(ResultTopic(one.topic, one.owner, one.group, one.name, one.version, held, sent_at))
    settle_readers(settings)
    return one


def _make(settings: Settings, one: ResultTopic) -> None:
    """Make a topic that nobody may read yet.

    Raises
    ------
    ConfigError
        Where Kafka cannot keep others from reading it: nothing is sent then.
    """
    why = "the account of the broker must see and change Kafka's rules"
    try:
        ensure_topics(settings, [one.topic], [one.topic], partitions=1)
        if is_closed(Connection.of(settings).admin(), one.topic):
            return
    except ConfigError as error:
        why = str(error)
    if one.rows is None:  # nothing stands there yet
        ResultTopics(settings).forget(one)
    raise ConfigError(f"no table leaves on a topic here, for others could read it: {why}")


def _send(settings: Settings, table: PrivateTable, topic: str, file: Path, first: int) -> None:
    errors: list[str] = []

    def reported(row: int, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            errors.append(f"row {row}: {error.str()}")

    schema, left = schema_of_rows(table.columns), settings.user_tables_mb * MB
    with closing(ReportingProducer[int](Connection.of(settings), OUTPUT_CONFIG, reported)) as producer:
        for row, value in enumerate(datums_of(file, first), first):
            left -= len(value)
            if left < 0:
                raise TooMuch(f"the rows of '{table.full_name}' have more than {settings.user_tables_mb} MB "
                              "(FINK_USER_TABLES_MB): keep fewer")  # fmt: skip
            headers: list[tuple[str, str | bytes | None]] = [(TABLE, table.full_name.encode()), (ROW, b"%d" % row)]
            try:
                producer.send(row, topic, 0, value, key=schema, headers=headers)
            except KafkaException as error:
                raise TooMuch(f"Kafka refused row {row} of '{table.full_name}': {error.args[0].str()}") from error
        waiting = producer.flush(FLUSH_TIMEOUT_S)
    if waiting or errors:
        raise BrokerError(f"Kafka did not take {waiting + len(errors)} rows: {(errors or ['no answer'])[0]}")


def _held(settings: Settings, topic: str) -> int:
    """Return how many rows stand on a topic.

    Raises
    ------
    ConfigError
        When Kafka has deleted some of them.
    BrokerError
        When it does not answer.
    """
    try:
        with closing(Connection.of(settings).consumer(COUNTING)) as consumer:
            low, high = ends_of(consumer, topic)[0]
    except KafkaException as error:
        raise BrokerError(f"topic {topic} could not be counted: {error}") from error
    if low:
        raise ConfigError(f"Kafka has deleted the beginning of {topic} already (FINK_OUTPUT_RETENTION_DAYS): "
                          "run the job again, which makes the table and its topic anew")  # fmt: skip
    return high
