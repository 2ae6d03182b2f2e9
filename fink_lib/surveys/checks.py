"""What is checked of a packet once it is out of its framing: that it decodes, that nothing in it is unknown."""

import io
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import fastavro
from isal import isal_zlib

from fink_lib.errors import PacketError
from fink_lib.surveys.base import AvroSchema, Damage, Datum, Survey, value_at
from fink_lib.surveys.inflate import INFLATE_ERRORS
from fink_lib.surveys.superset import collect_named, field_paths, mismatches

_GZIP = 31  # window bits that ask for a gzip header and its CRC
_NAMED_IN_REASON = 8


def decode(datum: Datum) -> dict[str, Any]:
    """Decode a datum with the schema it was written with, all of its bytes.

    Raises
    ------
    PacketError
        TRUNCATED when the bytes end too early, TRAILING_GARBAGE when some are left, UNDECODABLE otherwise.
    """
    parsed = _parsed(json.dumps(datum.schema))
    stream = io.BytesIO(datum.body)
    try:
        record: Any = fastavro.schemaless_reader(stream, parsed, None)
    except (EOFError, StopIteration) as error:
        raise PacketError(Damage.TRUNCATED, f"the datum of {len(datum.body)} bytes ends too early") from error
    except (ValueError, IndexError, KeyError, TypeError, OverflowError, MemoryError) as error:
        raise PacketError(Damage.UNDECODABLE, f"the datum does not fit its schema: {error!r}") from error
    left = len(datum.body) - stream.tell()
    if left:
        raise PacketError(Damage.TRAILING_GARBAGE, f"{left} bytes are left after the datum")
    return dict(record)


def check_known(schema: AvroSchema, survey: Survey) -> None:
    """Refuse a writer schema that holds anything the survey's reader schema would drop or change.

    Raises
    ------
    PacketError
        UNKNOWN_SCHEMA, naming the fields.
    """
    reason = _refusal(json.dumps(schema), survey.name, json.dumps(survey.reader_schema), survey.fields.required)
    if reason:
        raise PacketError(Damage.UNKNOWN_SCHEMA, reason)


def check_cutouts(record: Mapping[str, Any], survey: Survey) -> None:
    """Inflate each gzipped stamp, so that its CRC and length are verified; an absent stamp is fine.

    Raises
    ------
    PacketError
        CUTOUT_DAMAGED, naming the stamp.
    """
    if not survey.cutout_gzip:
        return
    for path in survey.fields.cutouts:
        stamp = value_at(record, path)
        if stamp is not None and (fault := gzip_fault(stamp)):
            raise PacketError(Damage.CUTOUT_DAMAGED, f"{path}: {fault}")


def gzip_fault(stamp: bytes) -> str | None:
    """Say what is wrong with a gzip stream, or None when it is whole and its CRC fits."""
    inflater = isal_zlib.decompressobj(_GZIP)
    try:
        inflater.decompress(stamp)
    except INFLATE_ERRORS as error:
        return f"not a whole gzip stream: {error}"
    if not inflater.eof:
        return f"the gzip stream ends early, after {len(stamp)} bytes"
    if inflater.unused_data:
        return f"{len(inflater.unused_data)} bytes follow the gzip stream"
    return None


@lru_cache(maxsize=64)
def _parsed(text: str) -> Any:
    """Parse for decoding; defaults play no part in it, and real packets carry some that Avro forbids."""
    try:
        return fastavro.parse_schema(_without_defaults(json.loads(text)))
    except (fastavro.schema.SchemaParseException, fastavro.schema.UnknownType, KeyError, TypeError) as error:
        raise PacketError(Damage.UNDECODABLE, f"the writer schema is not valid Avro: {error!r}") from error


def _without_defaults(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_defaults(item) for item in node]
    if isinstance(node, dict):
        return {key: _without_defaults(value) for key, value in node.items() if key not in ("default", "doc")}
    return node


@lru_cache(maxsize=256)
def _refusal(schema_text: str, survey: str, reader_text: str, required: tuple[str, ...]) -> str | None:
    schema, reader = json.loads(schema_text), json.loads(reader_text)
    try:
        written = set(field_paths(schema, collect_named(schema)))
        problems = mismatches(schema, reader)
    except Exception as error:  # noqa: BLE001 - a schema from outside may be malformed in any way; the packet is refused
        return f"the writer schema cannot be read: {error!r}"
    unknown = sorted(written - set(field_paths(reader)))
    if unknown:
        return f"{len(unknown)} fields that {survey} does not know: {_some(unknown)}"
    if missing := [path for path in required if path not in written]:
        return f"fields that every {survey} alert has are missing: {_some(missing)}"
    return f"fields of another type than {survey} has: {_some(problems)}" if problems else None


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED_IN_REASON
    return ", ".join(names[:_NAMED_IN_REASON]) + (f" and {more} more" if more > 0 else "")
