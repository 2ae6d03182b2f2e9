"""The log → topics: each statement once on the topic of who may see it, in the order in which they were made.

What stands on a partition is the record of what was sent: statements are sent in their order, so that the last one
there tells which of its partition are behind it. A file keeps up to where everything was sent, so that a topic whose
messages are past their retention is not filled again.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from fink_lib.community.ids import STATEMENT_ID
from fink_lib.community.kafka.names import is_outgoing, is_restricted, topic_of
from fink_lib.community.log import Log
from fink_lib.community.objects import told
from fink_lib.community.state import State
from fink_lib.config import Settings
from fink_lib.errors import BrokerError, ConfigError
from fink_lib.files import replace_text
from fink_lib.kafka.access import is_closed
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.producing import FLUSH_TIMEOUT_S, OUTPUT_CONFIG, ReportingProducer
from fink_lib.kafka.reading import ends_of
from fink_lib.kafka.topics import ensure_topics, partition_of, partitions_by_topic

logger = logging.getLogger(__name__)

PURPOSE = "community-recovery"
ANSWER_S = 20.0
SENT_UP_TO = "sent_up_to"  # a file of the service's folder
MOST_AT_ONCE = 5_000
NOTHING = ""  # before the name of every statement
# hop-client reads the value by this header; the name of the statement is ours
FORMAT = ("_format", b"json")
NAMED = "statement_id"


class Outgoing:
    """Sends what is new; to be used by one process at a time.

    Parameters
    ----------
    settings
        Where Kafka is.
    log
        What is sent.
    folder
        Of the service.
    alive
        Called between two parts of what is much.
    """

    def __init__(self, settings: Settings, log: Log, folder: Path, alive: Callable[[], None] = lambda: None) -> None:
        self._settings, self._log, self._file = settings, log, folder / SENT_UP_TO
        self._producer = ReportingProducer(Connection.of(settings), OUTPUT_CONFIG, self._report)
        self._up_to = self._file.read_text().strip() if self._file.exists() else NOTHING
        self._alive = alive
        self._last = _last_on_topics(settings, alive)
        self._topics: set[str] = set()
        self._withheld: set[str] = set()
        self._errors: list[str] = []
        self._version = -2

    def send(self) -> int:
        """Send what was said since the last time; return how many statements that is.

        Raises
        ------
        BrokerError
            When Kafka does not take them: this object is of no further use, a new one goes on where it ended.
        """
        state = self._log.now()
        if state.version == self._version:
            return 0
        count = 0
        while rows := _after(state, self._up_to):
            count += self._send(rows)
            self._alive()
        self._version = state.version
        return count

    def close(self) -> None:
        """End the producer."""
        self._producer.close()

    def _send(self, rows: list[dict[str, Any]]) -> int:
        self._ensure({topic_of(row["survey"], row["visibility"]) for row in rows})
        count = sum(self._send_one(row) for row in rows)
        waiting = self._producer.flush(FLUSH_TIMEOUT_S)
        if waiting or self._errors:
            raise BrokerError(
                f"Kafka did not take {waiting + len(self._errors)} statements: {(self._errors or ['no answer'])[0]}"
            )
        self._up_to = rows[-1]["statement_id"]
        replace_text(self._file, self._up_to, durable=True)
        return count

    def _send_one(self, row: Mapping[str, Any]) -> bool:
        topic, name = topic_of(row["survey"], row["visibility"]), row["statement_id"]
        subject = row["object_id"] or row["about_statement"] or name
        partition = partition_of(subject, self._settings.output_partitions)
        if topic in self._withheld:
            return False
        if name <= self._last.get((topic, partition), NOTHING):
            return False  # a process sent it that died before it could note so
        headers: list[tuple[str, str | bytes | None]] = [FORMAT, (NAMED, name.encode())]
        value = orjson.dumps(told(row))
        try:
            self._producer.send(name, topic, partition, value, key=subject.encode(), headers=headers)
        except KafkaException as error:
            raise BrokerError(f"Kafka refused the statement {name}: {error.args[0].str()}") from error
        return True

    def _ensure(self, topics: set[str]) -> None:
        """Make topics; what is said to a circle stays here where Kafka cannot keep others from reading it."""
        for topic in sorted(topics - self._topics - self._withheld):
            try:
                ensure_topics(self._settings, [topic], {topic} if is_restricted(topic) else ())
                if is_restricted(topic):
                    self._require_closed(topic)
                self._topics.add(topic)
            except ConfigError as error:
                if not is_restricted(topic):
                    raise
                self._withheld.add(topic)
                logger.warning("nothing leaves on %s: %s", topic, error)

    def _require_closed(self, topic: str) -> None:
        """Refuse a topic of which nobody can say who reads it, as where the rules of Kafka are not ours.

        Raises
        ------
        ConfigError
            Saying what is to be done.
        """
        if not is_closed(Connection.of(self._settings).admin(), topic):
            raise ConfigError("nobody can tell here who may read it: the account of the broker must see Kafka's rules")

    def _report(self, name: str, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._errors.append(f"{name}: {error.str()}")


def _after(state: State, name: str) -> list[dict[str, Any]]:
    """Return the next statements behind one, in the order of their names, which is that of their times."""
    first = state.place_after(name)
    rows: list[dict[str, Any]] = state.rows.slice(first, MOST_AT_ONCE).to_pylist()
    return rows


def _last_on_topics(settings: Settings, alive: Callable[[], None]) -> dict[tuple[str, int], str]:
    """Return the name of the last statement of each partition of our topics.

    Raises
    ------
    BrokerError
        When Kafka does not answer.
    """
    connection = Connection.of(settings)
    topics = [topic for topic in partitions_by_topic(connection) if is_outgoing(topic)]
    consumer = connection.consumer(PURPOSE, {"enable.partition.eof": False})
    try:
        return dict(_names(consumer, topics, alive))
    except KafkaException as error:
        raise BrokerError(f"what was sent could not be read back from Kafka: {error}") from error
    finally:
        consumer.close()


def _names(
    consumer: Consumer, topics: Iterable[str], alive: Callable[[], None]
) -> Iterator[tuple[tuple[str, int], str]]:
    for topic in topics:
        for partition, (low, high) in ends_of(consumer, topic).items():
            alive()
            if high > low and (name := _name_at(consumer, (topic, partition), high - 1)):
                yield (topic, partition), name


def _name_at(consumer: Consumer, where: tuple[str, int], offset: int) -> str:
    consumer.assign([TopicPartition(*where, offset)])
    message = consumer.poll(ANSWER_S)
    if message is None or message.error() is not None:
        raise BrokerError(f"Kafka did not give offset {offset} of {where[0]}, partition {where[1]}")
    pairs = message.headers() or ()
    for name, value in pairs.items() if isinstance(pairs, dict) else pairs:
        text = value.decode("ascii", "replace") if isinstance(value, bytes) else value or ""
        if name == NAMED and STATEMENT_ID.fullmatch(text):
            return text
    return NOTHING
