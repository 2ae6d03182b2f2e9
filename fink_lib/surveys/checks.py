"""What is checked of a packet once it is out of its framing: that it decodes, that nothing in it is unknown."""

import io
import json
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

import fastavro
import pyarrow as pa
from isal import isal_zlib

from fink_lib.avro.renamed import Renaming, renamed
from fink_lib.avro.schema import leaf_paths, resolved
from fink_lib.errors import PacketError
from fink_lib.inflate import INFLATE_ERRORS, MOST_BYTES, TooLargeError
from fink_lib.surveys.base import AvroSchema, Damage, Datum, Survey, value_at
from fink_lib.surveys.tables import arrow_fields

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
    """Refuse a writer schema that lacks what an alert of the survey needs, or has it in another type.

    Fields that the survey's folder does not know are no reason: they are kept and sent on.

    Parameters
    ----------
    schema
        Writer schema, as its message brings it.
    survey
        Whose message.

    Raises
    ------
    PacketError
        UNKNOWN_SCHEMA, naming the fields.
    """
    known = json.dumps(survey.reader_schema)
    reason = _refusal(json.dumps(schema), survey.name, known, survey.fields.required, survey.mappings)
    if reason:
        raise PacketError(Damage.UNKNOWN_SCHEMA, reason)


def check_cutouts(record: Mapping[str, Any], survey: Survey) -> None:
    """Inflate each gzipped stamp, so that its CRC and length are verified; an absent stamp is fine.

    Parameters
    ----------
    record
        A decoded packet.
    survey
        Whose packet; nothing is done where its stamps are not gzipped.

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


def gzip_fault(stamp: bytes | memoryview) -> str | None:
    """Say what is wrong with a gzip stream, or None when it is whole and its CRC fits."""
    inflater = isal_zlib.decompressobj(_GZIP)
    try:
        plain = inflater.decompress(stamp, MOST_BYTES + 1)
    except INFLATE_ERRORS as error:
        return f"not a whole gzip stream: {error}"
    if len(plain) > MOST_BYTES:
        return f"the gzip stream is {TooLargeError()}"
    if not inflater.eof:
        return f"the gzip stream ends early, after {len(stamp)} bytes"
    if inflater.unused_data:
        return f"{len(inflater.unused_data)} bytes follow the gzip stream"
    return None


@lru_cache(maxsize=64)
def _parsed(text: str) -> Any:
    """Parse for decoding."""
    try:
        return fastavro.parse_schema(without_defaults(json.loads(text)))
    except (fastavro.schema.SchemaParseException, fastavro.schema.UnknownType, KeyError, TypeError) as error:
        raise PacketError(Damage.UNDECODABLE, f"the writer schema is not valid Avro: {error!r}") from error


def without_defaults(node: Any) -> Any:
    """Return a schema without what plays no part in decoding; real packets carry defaults that Avro forbids."""
    if isinstance(node, list):
        return [without_defaults(item) for item in node]
    if isinstance(node, dict):
        return {key: without_defaults(value) for key, value in node.items() if key not in ("default", "doc")}
    return node


@lru_cache(maxsize=256)
def _refusal(
    schema_text: str, survey: str, reader_text: str, required: tuple[str, ...], mappings: tuple[Renaming, ...]
) -> str:
    from fink_lib.avro.reader import Reader  # noqa: PLC0415 - numba: for who reads packets, not for who names a survey

    try:
        schema = renamed(resolved(json.loads(schema_text)), mappings)
        retyped = Reader(schema, pa.schema(arrow_fields(json.loads(reader_text)))).mismatched
    except Exception as error:  # noqa: BLE001 - a schema from outside may be malformed in any way; the packet is refused
        return f"the writer schema cannot be read: {error!r}"
    return refusal(survey, required, set(leaf_paths(schema)), retyped)


def refusal(survey: str, required: Sequence[str], written: Collection[str], retyped: Mapping[str, str]) -> str:
    """Say why datums of a schema are no alerts; an empty text where they are.

    Parameters
    ----------
    survey, required
        Name of the survey, and the fields without which a packet is no alert of it.
    written
        Paths that the schema has.
    retyped
        Path → Avro type, of fields that cannot be read as the survey's.
    """
    if missing := [path for path in required if path not in written]:
        return f"fields that every {survey} alert has are missing: {_some(missing)}"
    if other := [f"{path} ({retyped[path]})" for path in required if path in retyped]:
        return f"fields that every {survey} alert has are of another type: {_some(other)}"
    return ""


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED_IN_REASON
    return ", ".join(names[:_NAMED_IN_REASON]) + (f" and {more} more" if more > 0 else "")
