"""What stands on the topics of counterparts, and what is still to be sent: the topics are their own book.

The closing of a night, and each look back at it, says the same again. A message leaves when nothing on the topic says
so yet; where an event was retracted, or a revision has moved it away, one that takes it back.
"""

import datetime as dt
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from fink_lib.config import Settings
from fink_lib.distribute.framing import framings
from fink_lib.filters.restricted import restricted_topics
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.message import Facts, Headers, from_headers
from fink_lib.kafka.reading import RawMessage, TopicReader
from fink_lib.kafka.recovery import Ends, rested
from fink_lib.kafka.sending import Sender
from fink_lib.kafka.topics import ensure_topics

logger = logging.getLogger(__name__)

EVENT, BASIS, STANDS = "event_id", "basis", "stands"  # headers
KEPT_DAYS = 35.0  # at least: nights are looked back at for a month
Key: TypeAlias = tuple[str, str, int]
"""Topic, event and alert."""


@dataclass(frozen=True)
class Said:
    """What a message says of a match.

    Attributes
    ----------
    basis
        The notices that it was made by.
    stands
        False where it takes back what was said.
    """

    basis: str
    stands: bool


@dataclass(frozen=True)
class Message:
    """A message that should stand on a topic, unless nothing is to be taken back by it.

    Attributes
    ----------
    topic, event_id, said
        Where, of which event, and what.
    facts
        Of the alert.
    value
        As Avro.
    """

    topic: str
    event_id: str
    said: Said
    facts: Facts
    value: bytes

    @property
    def key(self) -> Key:
        """What it is about."""
        return self.topic, self.event_id, self.facts.alert_id


def due(wanted: Iterable[Message], there: Mapping[Key, Said]) -> list[Message]:
    """Return the messages that are to be sent.

    One that stands is, unless its topic says so by the same notices; one that takes back is where the topic says that
    it stands.

    Parameters
    ----------
    wanted
        What is true.
    there
        The last word on each topic.
    """
    return [one for one in wanted if _is_news(one.said, there.get(one.key))]


def _is_news(said: Said, last: Said | None) -> bool:
    return last != said if said.stands else last is not None and last.stands


def said_of(settings: Settings, topics: Collection[str], night: dt.date) -> dict[Key, Said]:
    """Return the last word of each topic on every match of a night.

    Parameters
    ----------
    settings
        Where Kafka is.
    topics
        Topics of counterparts; one that does not exist is passed over.
    night
        Messages about alerts of other nights are left out.

    Raises
    ------
    BrokerError
        When Kafka does not answer.
    """
    found: dict[Key, Said] = {}
    with TopicReader(Connection.of(settings), "counterparts") as reader:
        there = reader.topics()
        # a process that died may have left messages on the way
        ends = rested(partial(_ends, reader, {topic: there[topic] for topic in topics if topic in there}))
        for (topic, partition), (low, high) in ends.items():
            if high > low:
                for message in reader.messages(topic, partition, low, high - 1):
                    found.update(_told(topic, message, night))
    return found


def _ends(reader: TopicReader, topics: Mapping[str, Iterable[int]]) -> Ends:
    places = [(topic, part) for topic, parts in topics.items() for part in parts]
    return {place: (marks.low, marks.high) for place in places for marks in (reader.watermarks(*place),)}


def _told(topic: str, message: RawMessage, night: dt.date) -> Iterator[tuple[Key, Said]]:
    facts, texts = from_headers(message.headers), texts_of(message.headers)
    if facts is not None and facts.night == night and EVENT in texts:
        said = Said(texts.get(BASIS, ""), texts.get(STANDS) == str(True))
        yield (topic, texts[EVENT], facts.alert_id), said


def texts_of(headers: Headers | dict[str, str | bytes | None] | None) -> dict[str, str]:
    """Return headers as texts."""
    pairs = headers.items() if isinstance(headers, dict) else headers or ()
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in pairs if value is not None}


def kept_long(settings: Settings) -> Settings:
    """Return settings by which topics keep their messages for as long as nights are looked back at.

    A message that is gone would be sent again, and one that takes it back would not be.
    """
    return settings.model_copy(update={"output_retention_days": max(settings.output_retention_days, KEPT_DAYS)})


def send(settings: Settings, topics: Collection[str], schema: str, messages: Iterable[Message]) -> Counter[str]:
    """Send messages, each once it is acknowledged; return how many went to each topic.

    Parameters
    ----------
    settings
        Where Kafka is, and which topics are restricted or compact.
    topics
        Topics of all the messages; they are made where they are missing, also when there is no message.
    schema
        What the values are written with, as JSON.
    messages
        What `due` returned.

    Raises
    ------
    BrokerError
        When Kafka does not answer, or did not take everything; the same call sends the rest.
    """
    chosen = list(messages)
    ensure_topics(kept_long(settings), topics, restricted_topics(settings))
    framing = framings(settings, topics, [schema.encode()])
    with closing(Sender(settings)) as sender:
        for one in chosen:
            name = one.facts.object_id or str(one.facts.alert_id)
            key, value = framing[one.topic].frame(name, one.value, schema.encode())
            more = ((EVENT, one.event_id), (BASIS, one.said.basis), (STANDS, str(one.said.stands)))
            sender.send(one.topic, key, value, one.facts, more=more)
        sent = Counter(one.topic for one in sender.delivered())
    logger.info("counterparts sent=%d", sent.total())
    return sent
