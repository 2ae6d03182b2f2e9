"""How a message is framed: its schema in every key, or four bytes that name the schema in a registry.

Embedded is what fink-client reads: the key is the schema as JSON, the value a bare Avro datum.
Confluent is what every Kafka client with a schema registry reads: a zero byte, the id of the schema in four
bytes, the same datum; the key is then free to name the object.
"""

import logging
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.registry.client import register

logger = logging.getLogger(__name__)

MAGIC = b"\x00"
_HEAD = struct.Struct(">cI")


class Framing(Protocol):
    """Makes key and value of a message."""

    def frame(self, name: str, datum: bytes) -> tuple[bytes, bytes]:
        """Return key and value.

        Parameters
        ----------
        name
            The object that the alert is about.
        datum
            The alert as Avro, without any header.
        """


@dataclass(frozen=True)
class Embedded:
    """The schema travels in the key of each message.

    Attributes
    ----------
    schema
        As JSON.
    """

    schema: bytes

    def frame(self, name: str, datum: bytes) -> tuple[bytes, bytes]:  # noqa: ARG002 - the key is taken
        """Return the schema and the datum."""
        return self.schema, datum


@dataclass(frozen=True)
class Confluent:
    """The schema stays in a registry.

    Attributes
    ----------
    schema_id
        Its number there.
    """

    schema_id: int

    def frame(self, name: str, datum: bytes) -> tuple[bytes, bytes]:
        """Return the object's name and the framed datum."""
        return name.encode(), _HEAD.pack(MAGIC, self.schema_id) + datum


def compact_names(settings: Settings) -> frozenset[str]:
    """Return the topics that are to be compact."""
    return frozenset(name for part in settings.compact_topics.split(",") if (name := part.strip()))


def framings(settings: Settings, topics: Iterable[str], schema: bytes) -> dict[str, Framing]:
    """Return how each topic is framed; the schema of each compact one is registered, once.

    Parameters
    ----------
    settings
        Which topics are compact, and where the registry is.
    topics
        Topics that messages go to.
    schema
        What their values are written with, as JSON.

    Raises
    ------
    ConfigError
        When a topic is to be compact and no registry is named, or the registry refuses the schema.
    RegistryError
        When the registry does not answer.
    """
    embedded, compact = Embedded(schema), compact_names(settings)
    found: dict[str, Framing] = {}
    for topic in topics:
        if topic not in compact:
            found[topic] = embedded
            continue
        if not settings.schema_registry:
            raise ConfigError(f"topic {topic} is to be compact: set FINK_SCHEMA_REGISTRY, or start with `fink up`")
        number = register(settings.schema_registry, f"{topic}-value", schema.decode())
        found[topic] = Confluent(number)
        logger.info("compact topic=%s schema_id=%d", topic, number)
    return found
