"""The two framings in use: an Avro container per message (ZTF) and the Confluent wire format (Rubin)."""

import hashlib
import json
from typing import Any

from fink_lib.errors import ConfigError, PacketError
from fink_lib.surveys.base import AvroSchema, Damage, Datum, Framing
from fink_lib.surveys.checks import check_cutouts, check_known, decode
from fink_lib.surveys.container import (
    CODEC_KEY,
    MAGIC,
    SCHEMA_KEY,
    SYNC_BYTES,
    claimed_datum,
    read_block,
    read_header,
    write_long,
)
from fink_lib.surveys.schema_source import FolderSchemas, NoSchemas, SchemaSource

__all__ = [
    "ConfluentFraming",
    "ContainerFraming",
    "FolderSchemas",
    "NoSchemas",
    "SchemaSource",
    "check_cutouts",
    "check_known",
    "decode",
]

_CONFLUENT_PREFIX_BYTES = 5
_NOVEL_ID = 0x7FFFFFFF
_SCHEMAS_PER_MAJOR = 100


class ContainerFraming(Framing):
    """One Avro object container per message, holding exactly one record."""

    name = "container"

    def unwrap(self, message: bytes) -> Datum:
        """Take the one record out of a container, its block decompressed.

        Raises
        ------
        PacketError
            NOT_A_PACKET, TRUNCATED, BAD_SYNC_MARKER, TRAILING_GARBAGE, NO_RECORD, SEVERAL_RECORDS,
            UNDECODABLE or UNKNOWN_SCHEMA; the reason says at which byte.
        """
        header = read_header(message)
        at = header.end
        body, records = b"", 0
        while at < len(message):
            try:
                block = read_block(message, at, header)
            except PacketError as error:
                if records:
                    raise _garbage(message, at) from error
                raise
            body, records, at = block.body or body, records + block.records, block.end
        if records == 0:
            raise PacketError(Damage.NO_RECORD, "the container is whole and holds no record")
        if records > 1:
            raise PacketError(Damage.SEVERAL_RECORDS, f"the container holds {records} records; a message is one alert")
        return Datum(header.schema, body, header.text)

    def wrap(self, schema: AvroSchema, body: bytes) -> bytes:
        """Write a container without compression; the same datum gives the same bytes.

        Parameters
        ----------
        schema
            Writer schema; it stands in the header.
        body
            The Avro datum.
        """
        text = json.dumps(schema).encode()
        sync = hashlib.blake2b(text + body, digest_size=SYNC_BYTES).digest()
        pairs = ((CODEC_KEY, b"null"), (SCHEMA_KEY, text))
        metadata = b"".join(_sized(key.encode()) + _sized(value) for key, value in pairs)
        header = MAGIC + write_long(len(pairs)) + metadata + write_long(0) + sync
        return header + write_long(1) + _sized(body) + sync

    def datum_start(self, message: bytes) -> int:
        """Return the first byte behind the header.

        Raises
        ------
        PacketError
            When the header cannot be read.
        """
        return read_header(message).end

    def unannounced(self, message: bytes) -> bytes:
        """Return a good message whose fields have names of their own."""
        datum = self.unwrap(message)
        fields = [{**fld, "name": f"unannounced_{fld['name']}"} for fld in datum.schema["fields"]]
        return self.wrap({**datum.schema, "fields": fields}, datum.body)

    def claimed(self, message: bytes) -> Datum | None:
        """Return the datum of the first block, whatever stands around it."""
        try:
            return claimed_datum(message)
        except PacketError:
            return None


class ConfluentFraming(Framing):
    """A zero byte, a four-byte schema id, then the Avro datum.

    Attributes
    ----------
    source
        The lookup from schema id to writer schema.
    oldest
        First version that can be read, ``<major>.<minor>``; empty where any can.
    """

    name = "confluent"

    def __init__(self, source: SchemaSource | None = None, oldest: str = "") -> None:
        self.source = source or NoSchemas()
        self.oldest = oldest
        self._texts: dict[int, tuple[AvroSchema, str]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Leave texts behind: they are made of the schemas."""
        return {"source": self.source, "oldest": self.oldest, "_texts": {}}

    @property
    def awaits(self) -> bool:
        """True where the lookup may come to know further schemas."""
        return self.source.awaits

    def unwrap(self, message: bytes) -> Datum:
        """Cut the prefix off and look the schema up; whether the datum fits it, only `decode` can tell.

        Raises
        ------
        PacketError
            NOT_A_PACKET, NO_RECORD, UNKNOWN_SCHEMA or SCHEMA_AWAITED.
        """
        if len(message) < _CONFLUENT_PREFIX_BYTES or message[0] != 0:
            start = message[:_CONFLUENT_PREFIX_BYTES].hex() or "nothing"
            raise PacketError(Damage.NOT_A_PACKET, f"the message begins with {start}, not with 00 and a schema id")
        if len(message) == _CONFLUENT_PREFIX_BYTES:
            raise PacketError(Damage.NO_RECORD, "the message holds a schema id and no datum")
        schema_id = int.from_bytes(message[1:_CONFLUENT_PREFIX_BYTES], "big")
        if self.oldest and divmod(schema_id, _SCHEMAS_PER_MAJOR) < _numbers(self.oldest):
            version = self.version_of(message)
            raise PacketError(
                Damage.UNKNOWN_SCHEMA,
                f"the packet is of schema {version}: {self.oldest} is the oldest that is read here",
            )
        schema = self.source.by_id(schema_id)
        if schema is None:
            raise PacketError(Damage.UNKNOWN_SCHEMA, f"schema id {schema_id} is not in the schema lookup")
        return Datum(schema, message[_CONFLUENT_PREFIX_BYTES:], self._text(schema_id, schema))

    def _text(self, schema_id: int, schema: AvroSchema) -> str:
        """Return a schema of the lookup as text, always the same object: its hash is reckoned once."""
        known = self._texts.get(schema_id)
        if known is None or known[0] is not schema:
            known = self._texts[schema_id] = (schema, json.dumps(schema))
        return known[1]

    def wrap(self, schema: AvroSchema, body: bytes) -> bytes:
        """Put the prefix before a datum; the schema must be one of the lookup.

        Parameters
        ----------
        schema
            Writer schema.
        body
            The Avro datum.

        Raises
        ------
        SurveyError
            When the lookup does not hold the schema.
        """
        return b"\x00" + self.source.id_of(schema).to_bytes(4, "big") + body

    def datum_start(self, message: bytes) -> int:  # noqa: ARG002 - the same in every message
        """Return the first byte behind the schema id."""
        return _CONFLUENT_PREFIX_BYTES

    def schema(self, number: int) -> AvroSchema:
        """Return the schema of an id.

        Raises
        ------
        ConfigError
            When the lookup has none.
        PacketError
            SCHEMA_AWAITED.
        """
        schema = self.source.by_id(number)
        if schema is None:
            raise ConfigError(f"schema id {number} is not in the schema lookup")
        return schema

    def unannounced(self, message: bytes) -> bytes:
        """Return a good message under an id that no schema has."""
        return b"\x00" + _NOVEL_ID.to_bytes(4, "big") + message[_CONFLUENT_PREFIX_BYTES:]

    def version_of(self, prefix: bytes) -> str | None:
        """Return ``<major>.<minor>`` of the schema id: Rubin numbers its schemas major * 100 + minor."""
        if len(prefix) < _CONFLUENT_PREFIX_BYTES:
            return None
        major, minor = divmod(int.from_bytes(prefix[1:_CONFLUENT_PREFIX_BYTES], "big"), _SCHEMAS_PER_MAJOR)
        return f"{major}.{minor}"


def _numbers(version: str) -> tuple[int, int]:
    major, minor = version.split(".")
    return int(major), int(minor)


def _sized(data: bytes) -> bytes:
    return write_long(len(data)) + data


def _garbage(message: bytes, at: int) -> PacketError:
    reason = f"{len(message) - at} bytes follow the record, from byte {at}, and are no block"
    return PacketError(Damage.TRAILING_GARBAGE, reason)
