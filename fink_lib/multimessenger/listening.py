"""Read notices from Kafka into the lake: what waits, then again and again. Rows first, offsets after them."""

import datetime as dt
import logging
import re
import time
from collections import Counter
from collections.abc import Callable

from confluent_kafka import KafkaException, Message

from fink_lib.config import Settings
from fink_lib.errors import BrokerError, ConfigError
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.waiting import READER, next_offsets, waiting
from fink_lib.multimessenger.store import Notice, complete, keep

logger = logging.getLogger(__name__)

PURPOSE = "events"
BATCH = 50  # a gravitational-wave alert with its map is some megabytes
PAUSE_S = 2.0


def listen(settings: Settings, asked_to_end: Callable[[], bool], told: Callable[[Counter[str]], None]) -> None:
    """Collect until asked to end.

    Parameters
    ----------
    settings
        Where notices arrive, and the lake.
    asked_to_end
        Asked after each round.
    told
        Is told of each round that brought something.
    """
    while True:
        counted = collect(settings)
        if counted.total():
            told(counted)
        if asked_to_end():
            return
        time.sleep(PAUSE_S)


def collect(settings: Settings) -> Counter[str]:
    """Read what waits on the topics now; return how many notices were new, by outcome, and how many were held.

    An offset is kept when its notices are in the lake. Who dies between the two reads them again, which changes
    nothing.

    Raises
    ------
    BrokerError
        When Kafka does not answer.
    """
    connection, total = Connection.to(settings.gcn), Counter[str]()
    complete(settings.lake)
    consumer = connection.consumer(PURPOSE, READER)
    try:
        for batch in waiting(consumer, _wanted(settings), BATCH):
            total += keep(settings.lake, [_notice(one) for one in batch])
            consumer.commit(offsets=next_offsets(batch), asynchronous=False)
    except KafkaException as error:
        raise BrokerError(
            f"Kafka at {connection.bootstrap} did not give its notices: {error.args[0].str()}; "
            f"is it up, and is {connection.variables}_BOOTSTRAP right?"
        ) from error
    finally:
        consumer.close()
    if total:
        logger.info("notices %s", " ".join(f"{name}={count}" for name, count in sorted(total.items())))
    return total


def _notice(message: Message) -> Notice:
    _, stamp_ms = message.timestamp()
    received = dt.datetime.fromtimestamp(stamp_ms / 1000.0, dt.UTC)
    value = message.value() or b""
    content = value.encode() if isinstance(value, str) else value
    return Notice(content, received, message.topic(), message.partition(), message.offset())


def _wanted(settings: Settings) -> Callable[[str], object]:
    try:
        return re.compile(settings.gcn_topics).fullmatch
    except re.error as error:
        raise ConfigError(f"FINK_GCN_TOPICS '{settings.gcn_topics}' is no regular expression: {error}") from error
