"""The writer schemas that a driver has met and trusts, kept on disk so that a restart knows them."""

import base64
import json
import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import fastavro

from fink_lib.errors import PacketError
from fink_lib.ingest.opening import CONFLUENT_PREFIX_BYTES, opening_of
from fink_lib.surveys import Datum, Survey
from fink_lib.surveys.base import AvroSchema
from fink_lib.surveys.framing import check_known, decode

logger = logging.getLogger(__name__)

_SCHEMAS_PER_MAJOR = 100  # Rubin numbers its schemas major * 100 + minor


@dataclass(frozen=True)
class Writer:
    """One writer schema, as one producer announces it.

    Attributes
    ----------
    prefix
        The bytes that every message written with it begins with.
    schema
        Avro schema as JSON, without defaults and documentation: they play no part in reading.
    fingerprint
        CRC-64-AVRO of the schema's parsing canonical form, in hex.
    version
        What the schema says of itself.
    """

    prefix: bytes
    schema: str
    fingerprint: str
    version: str | None

    @classmethod
    def of(cls, prefix: bytes, schema: AvroSchema, survey: Survey) -> "Writer":
        """Describe a writer schema."""
        return cls(prefix, json.dumps(bare(schema)), fingerprint(schema), version_of(prefix, schema, survey))


class Writers:
    """The known writers of one survey.

    Parameters
    ----------
    path
        Where they are kept.
    survey
        Whose messages they write.
    """

    def __init__(self, path: Path, survey: Survey) -> None:
        self.path = path
        self.survey = survey
        self.known: tuple[Writer, ...] = tuple(self._load())

    def learn(self, messages: Iterable[bytes]) -> list[Writer]:
        """Add the writers of sample messages that the fast path can read exactly as the slow one does."""
        before = {writer.prefix for writer in self.known}
        found = {w.prefix: w for message in messages if (w := trusted_writer(message, self.survey)) is not None}
        new = [writer for prefix, writer in found.items() if prefix not in before]
        if new:
            self.known += tuple(new)
            self._save()
            versions = ", ".join(str(writer.version) for writer in new)
            logger.info("writer schemas learnt survey=%s new=%d versions=%s", self.survey.name, len(new), versions)
        return new

    def _load(self) -> Iterable[Writer]:
        """Read the file; what the code of today no longer accepts is left out and met again as new."""
        if not self.path.exists():
            return
        for entry in json.loads(self.path.read_text()):
            schema = json.loads(entry["schema"])
            try:
                check_known(schema, self.survey)
            except PacketError as refusal:
                logger.warning("writer schema dropped survey=%s: %s", self.survey.name, refusal)
                continue
            yield Writer(base64.b64decode(entry["prefix"]), entry["schema"], entry["fingerprint"], entry["version"])

    def _save(self) -> None:
        entries = [{**vars(w), "prefix": base64.b64encode(w.prefix).decode()} for w in self.known]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        scratch = self.path.with_suffix(f".{os.getpid()}")
        scratch.write_text(json.dumps(entries, indent=1))
        scratch.replace(self.path)


def trusted_writer(message: bytes, survey: Survey) -> Writer | None:
    """Return the writer of a message that the fast path may read, None for every other message.

    Trusted is a writer whose sample is framed plainly (one block, no compression), decodes to the
    last byte, and has no field that bronze does not hold.
    """
    length = opening_of(survey.framing.name).prefix_of(message)
    if length is None:
        return None
    try:
        datum = survey.framing.unwrap(message)
        check_known(datum.schema, survey)
        decode(datum)
    except PacketError:
        return None
    return Writer.of(message[:length], datum.schema, survey) if _plain(message, length, datum) else None


def _plain(message: bytes, length: int, datum: Datum) -> bool:
    """Tell whether the datum stands in the message as it is: a compressed block does not."""
    at = message.find(datum.body, length)
    return at >= 0 and len(message) - at - len(datum.body) in {0, 16}


def fingerprint(schema: AvroSchema) -> str:
    """Return the CRC-64-AVRO of a schema's parsing canonical form (Avro 1.12 specification), as 16 hex digits."""
    return _fingerprint(json.dumps(bare(schema)))


@lru_cache(maxsize=256)
def _fingerprint(text: str) -> str:
    canonical = fastavro.schema.to_parsing_canonical_form(json.loads(text))
    return str(fastavro.schema.fingerprint(canonical, "CRC-64-AVRO"))


def version_of(prefix: bytes, schema: AvroSchema, survey: Survey) -> str | None:
    """Return the version of a writer schema: what it says, or what the number in the prefix says."""
    if "version" in schema:
        return str(schema["version"])
    if survey.framing.name == "confluent" and len(prefix) >= CONFLUENT_PREFIX_BYTES:
        major, minor = divmod(int.from_bytes(prefix[1:CONFLUENT_PREFIX_BYTES], "big"), _SCHEMAS_PER_MAJOR)
        return f"{major}.{minor}"
    return None


def bare(node: Any) -> Any:
    """Return a schema without defaults and documentation; real packets carry defaults that Avro forbids."""
    if isinstance(node, list):
        return [bare(item) for item in node]
    if isinstance(node, dict):
        return {key: bare(value) for key, value in node.items() if key not in ("default", "doc")}
    return node
