"""How a message is framed: its schema in every key, or four bytes that name the schema in a registry.

Embedded is what fink-client reads: the key is the schema as JSON, the value a bare Avro datum.
Confluent is what every Kafka client with a schema registry reads: a zero byte, the id of the schema in four
bytes, the same datum; the key is then free to name the object.
"""

import json
import logging
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.kafka.registry.client import register
from fink_lib.surveys.base import AvroSchema

logger = logging.getLogger(__name__)

MAGIC = b"\x00"
_HEAD = struct.Struct(">cI")


def schema_text(schema: AvroSchema) -> str:
    """Return a schema as JSON without a blank: it is the key of every message."""
    return json.dumps(schema, separators=(",", ":"))


class Framing(Protocol):
    """Makes key and value of a message."""

    def frame(self, name: str, datum: bytes, schema: bytes) -> tuple[bytes, bytes]:
        """Return key and value.

        Parameters
        ----------
        name
            The object that the alert is about.
        datum
            The alert as Avro, without any header.
        schema
            What it is written with, as JSON.
        """


@dataclass(frozen=True)
class Embedded:
    """The schema travels in the key of each message."""

    def frame(self, name: str, datum: bytes, schema: bytes) -> tuple[bytes, bytes]:  # noqa: ARG002 - the key is taken
        """Return the schema and the datum.

        Parameters
        ----------
        name
            Not used.
        datum
            The alert as Avro, without any header.
        schema
            What it is written with, as JSON.
        """
        return schema, datum


@dataclass(frozen=True)
class Confluent:
    """The schemas stay in a registry, each under a number.

    Attributes
    ----------
    number_of
        Schema as JSON → its number there.
    """

    number_of: Callable[[bytes], int]

    def frame(self, name: str, datum: bytes, schema: bytes) -> tuple[bytes, bytes]:
        """Return the object's name and the framed datum.

        Parameters
        ----------
        name
            The object that the alert is about.
        datum
            The alert as Avro, without any header.
        schema
            What it is written with, as JSON.

        Raises
        ------
        ConfigError
            When the registry refuses a schema that is new.
        RegistryError
            When it does not answer.
        """
        return name.encode(), _HEAD.pack(MAGIC, self.number_of(schema)) + datum


def compact_names(settings: Settings) -> frozenset[str]:
    """Return the topics that are to be compact."""
    return frozenset(name for part in settings.compact_topics.split(",") if (name := part.strip()))


def framings(settings: Settings, topics: Iterable[str], schemas: Iterable[bytes]) -> dict[str, Framing]:
    """Return how each topic is framed; the schemas that are known already are registered for each compact one.

    Parameters
    ----------
    settings
        Which topics are compact, and where the registry is.
    topics
        Topics that messages go to.
    schemas
        What values were written with so far, as JSON; one that comes later is registered when it is met.

    Raises
    ------
    ConfigError
        When a topic is to be compact and no registry is named, or the registry refuses a schema.
    RegistryError
        When the registry does not answer.
    """
    compact, known = compact_names(settings), list(schemas)
    found: dict[str, Framing] = {}
    for topic in topics:
        if topic not in compact:
            found[topic] = Embedded()
            continue
        if not settings.schema_registry:
            raise ConfigError(f"topic {topic} is to be compact: set FINK_SCHEMA_REGISTRY, or start with `fink up`")
        found[topic] = Confluent(numbers(settings.schema_registry, topic))
        for schema in known:
            found[topic].frame("", b"", schema)
    return found


def numbers(registry: str, topic: str) -> Callable[[bytes], int]:
    """Return what tells the number of a schema of a topic; each is registered once.

    Parameters
    ----------
    registry
        Address of the registry.
    topic
        The schemas are registered as those of its values.

    Returns
    -------
    A function of a schema as JSON. It raises ConfigError when the registry refuses the schema, RegistryError when
    it does not answer.
    """

    def number_of(schema: bytes) -> int:
        number = register(registry, f"{topic}-value", schema.decode())
        logger.info("compact topic=%s schema_id=%d", topic, number)
        return number

    return lru_cache(maxsize=256)(number_of)
