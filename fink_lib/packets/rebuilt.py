"""Decoded packets written anew as datums, in the survey's own schema: what `v0.1.0` kept, and what tests make up."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import fastavro

from fink_lib.avro.renamed import renamed_values
from fink_lib.avro.schema import AvroSchema, sha256_of
from fink_lib.surveys import Survey


@dataclass(frozen=True)
class Rebuilder:
    """Writes packets of one survey.

    Attributes
    ----------
    survey
        Whose packets.
    """

    survey: Survey

    @cached_property
    def schema(self) -> AvroSchema:
        """The survey's reader schema, cutouts last."""
        fields, roots = self.survey.reader_schema["fields"], set(self.survey.cutout_roots)
        ordered = sorted(fields, key=lambda fld: fld["name"] in roots)
        return {**self.survey.reader_schema, "fields": ordered}

    @cached_property
    def text(self) -> str:
        """The schema in JSON."""
        return json.dumps(self.schema)

    @cached_property
    def sha256(self) -> str:
        """Digest of the text."""
        return sha256_of(self.text)

    @cached_property
    def _parts(self) -> tuple[Any, Any]:
        fields, roots = self.schema["fields"], set(self.survey.cutout_roots)
        head, tail = ([fld for fld in fields if (fld["name"] in roots) is behind] for behind in (False, True))
        parsed = [fastavro.parse_schema({**self.schema, "fields": half}) for half in (head, tail)]
        return parsed[0], parsed[1]

    def write(self, packet: Mapping[str, Any]) -> tuple[bytes, bytes]:
        """Return head and tail of a packet; fields that it lacks are null, those that the survey does not know go."""
        named = renamed_values(packet, self.survey.mappings)
        head, tail = (_written(named, schema) for schema in self._parts)
        return head, tail

    def schema_row(self) -> dict[str, Any]:
        """Return the row of ``bronze__schemas``, without its time."""
        return {"schema_sha256": self.sha256, "survey": self.survey.name, "text": self.text}


def _written(packet: Mapping[str, Any], schema: Any) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, dict(packet))
    return out.getvalue()
