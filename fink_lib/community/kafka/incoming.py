"""`community_in` → the log: through the one writer, each message once, whatever comes in between.

Who speaks is told by the token in the header `authorization`, never by the message itself: Kafka does not pass on which
account wrote. What the log refuses is kept with the reason, and the next message is read. Statements first, offsets
after them: who dies between the two reads messages again, and their keys are known.
"""

import datetime as dt
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from confluent_kafka import KafkaException, Message

from fink_lib.accounts import tokens
from fink_lib.accounts.claims import Claims, Scope
from fink_lib.accounts.store import Store
from fink_lib.community.draft import Draft
from fink_lib.community.kafka.names import INCOMING
from fink_lib.community.kafka.refused import Refusal, keep
from fink_lib.community.log import Log
from fink_lib.community.people import person_of
from fink_lib.community.saying import NotSaid, say
from fink_lib.config import Settings
from fink_lib.errors import BrokerError, ConfigError, FinkError
from fink_lib.kafka.access import forget_readers, is_closed
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.topic_ids import topic_ids
from fink_lib.kafka.topics import create_missing, topic_config
from fink_lib.kafka.waiting import READER, next_offsets, waiting

logger = logging.getLogger(__name__)

PURPOSE = "community"
BATCH, MOST_AT_ONCE = 200, 1_000
MOST_BYTES = 1_000_000  # files are uploaded over the API
AUTHORIZATION, BEARER = "authorization", "bearer "
PARTITIONS = 1  # what one program says is taken up in its order
AS_NAME = str.maketrans("+/", "-_", "=")  # Kafka writes ids in base64
UNIX_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def ensure_incoming(settings: Settings) -> None:
    """Make the topic where it is missing. Nobody but our own programs reads it: its headers hold tokens.

    Raises
    ------
    BrokerError
        When Kafka refuses or does not answer.
    """
    connection = Connection.of(settings)
    forget_readers(connection.admin(), [INCOMING])
    create_missing(connection, {INCOMING: PARTITIONS}, {**topic_config(settings), "max.message.bytes": str(MOST_BYTES)})
    if not is_closed(connection.admin(), INCOMING):
        logger.warning("%s holds tokens, and nobody can tell here who may read it: give this Kafka rules", INCOMING)


def collect(settings: Settings, log: Log, alive: Callable[[], None] = lambda: None) -> Counter[str]:
    """Take up what waits now; return how many messages were ``said`` and ``refused``.

    Parameters
    ----------
    settings, log
        Where messages arrive, and where they go.
    alive
        Called before each message: a thousand of them take minutes.

    Raises
    ------
    BrokerError
        When Kafka does not answer, or the log cannot be written: nothing is passed over.
    """
    connection, total = Connection.of(settings), Counter[str]()
    store = Store(settings.home)
    consumer = connection.consumer(PURPOSE, READER)
    try:
        topic_id = topic_ids(connection, [INCOMING]).get(INCOMING)
        for batch in waiting(consumer, lambda name: name == INCOMING, BATCH):
            refused = []
            for one in batch:
                alive()
                if (found := _taken(_Incoming(one, topic_id), log, store)) is not None:
                    refused.append(found)
            keep(settings.lake, refused)
            consumer.commit(offsets=next_offsets(batch), asynchronous=False)
            total += Counter(said=len(batch) - len(refused), refused=len(refused))
    except KafkaException as error:
        raise BrokerError(
            f"Kafka at {connection.bootstrap} did not give {INCOMING}: {error.args[0].str()}; "
            "is it up, and is FINK_KAFKA_BOOTSTRAP right?"
        ) from error
    finally:
        consumer.close()
    return total


@dataclass(frozen=True)
class _Incoming:
    """A message of the topic."""

    message: Message
    topic_id: str | None

    @property
    def key(self) -> str:
        """The name of its place, over topics that are made anew too."""
        topic = (self.topic_id or INCOMING).translate(AS_NAME)
        return f"kafka.{topic}.{self.message.partition()}.{self.message.offset()}"

    @property
    def value(self) -> bytes:
        """Its bytes."""
        value = self.message.value() or b""
        return value.encode() if isinstance(value, str) else value

    def secret(self) -> str:
        """Return the token that it bears; empty for none."""
        pairs = self.message.headers() or ()
        for name, value in pairs.items() if isinstance(pairs, dict) else pairs:
            if name.lower() == AUTHORIZATION and value is not None:
                text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
                return text[len(BEARER) :].strip() if text.lower().startswith(BEARER) else text.strip()
        return ""

    def drafts(self) -> list[Draft]:
        """Return what it says.

        Raises
        ------
        ConfigError
            When that is nothing that can be said.
        """
        try:
            told = orjson.loads(self.value)
        except orjson.JSONDecodeError as error:
            raise ConfigError(f"the message is no JSON: {error}") from error
        listed = told if isinstance(told, list) else [told]
        if not 1 <= len(listed) <= MOST_AT_ONCE or not all(isinstance(one, dict) for one in listed):
            raise ConfigError(f"the message is no statement, nor 1 to {MOST_AT_ONCE} of them in a list")
        return [Draft.of(_keyed(one, f"{self.key}.{at}")) for at, one in enumerate(listed)]


def _keyed(facts: Mapping[str, Any], key: str) -> dict[str, Any]:
    if "content" in facts:
        raise ConfigError("files are uploaded over the API: /api/v1/community/uploads")
    # one that is null is none: a message that is read again would be said again
    return {**facts, "idempotency_key": key} if facts.get("idempotency_key") is None else dict(facts)


def _taken(one: _Incoming, log: Log, store: Store) -> Refusal | None:
    """Say what a message says; return why not, where it cannot be said at all."""
    author: str | None = None
    try:
        claims = _speaker(one, store)
        author = claims.person
        say(log, person_of(claims), one.drafts())
    except FinkError as error:
        if error.retryable:
            raise
        reason = str(error)
        logger.warning("refused %s author=%s: %s", one.key, author, reason)
        return _refusal(one, author, reason)
    return None


def _speaker(one: _Incoming, store: Store) -> Claims:
    claims = tokens.claims_of(store, one.secret())
    if claims is None:
        raise NotSaid(f"the header '{AUTHORIZATION}' bears no token that holds: a body tells nobody's name", 401)
    if not claims.may(Scope.WRITE):
        raise NotSaid("this token may not write: its scopes lack 'write'", 403)
    return claims


def _refusal(one: _Incoming, author: str | None, reason: str) -> Refusal:
    _, stamp_ms = one.message.timestamp()
    received = UNIX_EPOCH + dt.timedelta(milliseconds=stamp_ms)
    place = (INCOMING, one.topic_id, one.message.partition() or 0, one.message.offset() or 0)
    return Refusal(*place, received, author, reason, one.value)
