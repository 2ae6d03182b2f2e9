"""Sends the rows of a table to a topic of its own: closed first, then filled, then opened to whom the table is for."""

import logging
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException, Message

from fink_lib.config import Settings
from fink_lib.errors import BrokerError, ConfigError
from fink_lib.kafka.access import is_closed, set_readers
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.producing import FLUSH_TIMEOUT_S, OUTPUT_CONFIG, ReportingProducer
from fink_lib.kafka.topics import ensure_topics
from fink_lib.served.private import PrivateTable
from fink_lib.served.private_store import MB, PrivateTables, while_there
from fink_lib.served.results.book import ResultTopic, ResultTopics
from fink_lib.served.results.readers import settle_readers, shut_out
from fink_lib.served.results.refusals import NotClosed, TooMuch
from fink_lib.served.results.removing import empty_topic, remove_topic
from fink_lib.served.results.rows import datums_of, schema_of_rows
from fink_lib.served.results.standing import ROW, stands_whole

logger = logging.getLogger(__name__)

TABLE = "table"  # header


def send_table(settings: Settings, table: PrivateTable, sent_at: float) -> ResultTopic:
    """Have the topic of a table hold its rows, and let those read it who see the table.

    Rows are in one partition, in the order of the table. A topic holds those of one sending, and all of them: what
    was cut off, or has lost rows since, is deleted and sent anew.

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
    TooMuch, NotClosed
        When there is too much, or Kafka cannot keep others from reading it.
    BrokerError
        When Kafka refuses or does not answer: nobody may read the topic then, and it may be sent again.
    """
    if table.rows > settings.transfer_quota:
        raise TooMuch(f"table '{table.full_name}' has {table.rows} rows: {settings.transfer_quota} may be sent "
                      "(FINK_TRANSFER_QUOTA)")  # fmt: skip
    book, one = ResultTopics(settings), ResultTopic.of(table)
    with book.filling(one.topic):
        known = book.of_table(table)
        if known is not None and stands_whole(Connection.of(settings), one.topic, table.rows):
            one = known
        else:
            one = _send_anew(settings, table, one, sent_at)
    settle_readers(settings)
    return one


def _send_anew(settings: Settings, table: PrivateTable, one: ResultTopic, sent_at: float) -> ResultTopic:
    """Make a topic, instead of one that is there, and fill it; when that does not succeed there is none."""
    _require_closed(settings, one.topic)
    shut_out(settings, one)
    try:
        _fill(settings, table, one.topic)
        return ResultTopics(settings).save(replace(one, rows=table.rows, sent_at=sent_at))
    except Exception:
        _try_to_remove(settings, one)
        raise


def _fill(settings: Settings, table: PrivateTable, topic: str) -> None:
    """Make a topic, instead of one that is there, and have it hold every row."""
    empty_topic(settings, topic)
    ensure_topics(settings, [topic], [topic], partitions=1)
    file = PrivateTables(settings).opened(table)
    with while_there(file, table):
        _send(settings, table, topic, file)
    if not stands_whole(Connection.of(settings), topic, table.rows):
        raise BrokerError(f"topic {topic} does not hold the {table.rows} rows of '{table.full_name}', each once: "
                          "send it again")  # fmt: skip


def _try_to_remove(settings: Settings, one: ResultTopic) -> None:
    try:
        remove_topic(settings, one)
    except BrokerError as error:
        logger.warning("topic %s stays until its table is sent again or goes; nobody may read it: %s", one.topic, error)


def _require_closed(settings: Settings, topic: str) -> None:
    """Ask that nobody can read a topic that is to be made.

    Raises
    ------
    NotClosed
        Where Kafka cannot keep others from reading it: nothing is made or sent then.
    """
    why, admin = "the account of the broker must see and change Kafka's rules", Connection.of(settings).admin()
    try:
        set_readers(admin, (), [topic])
        if is_closed(admin, topic):
            return
    except ConfigError as error:
        why = str(error)
    raise NotClosed(f"no table leaves on a topic here, for others could read it: {why}")


def _send(settings: Settings, table: PrivateTable, topic: str, file: Path) -> None:
    """Send every row of a table.

    Raises
    ------
    BrokerError
        When Kafka did not acknowledge each of them.
    TooMuch
        When they are larger than they may be.
    """
    arrived, errors = set[int](), list[str]()

    def reported(row: int, error: KafkaError | None, _message: Message) -> None:
        if error is None:
            arrived.add(row)
        else:
            errors.append(f"row {row}: {error.str()}")

    schema, left = schema_of_rows(table.columns), settings.user_tables_mb * MB
    with closing(ReportingProducer[int](Connection.of(settings), OUTPUT_CONFIG, reported)) as producer:
        for row, value in enumerate(datums_of(file)):
            left -= len(value)
            if left < 0:
                raise TooMuch(f"the rows of '{table.full_name}' have more than {settings.user_tables_mb} MB "
                              "(FINK_USER_TABLES_MB): keep fewer")  # fmt: skip
            headers: list[tuple[str, str | bytes | None]] = [(TABLE, table.full_name.encode()), (ROW, b"%d" % row)]
            try:
                producer.send(row, topic, 0, value, key=schema, headers=headers)
            except KafkaException as error:
                raise TooMuch(f"Kafka refused row {row} of '{table.full_name}': {error.args[0].str()}") from error
            if errors:
                break
        producer.flush(FLUSH_TIMEOUT_S)
    if errors or len(arrived) != table.rows:
        raise BrokerError(f"Kafka took {len(arrived)} of the {table.rows} rows of '{table.full_name}': "
                          f"{(errors or ['no answer'])[0]}; send it again")  # fmt: skip
