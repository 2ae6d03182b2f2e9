"""ZTF messages made from a schema alone: random values, with identity, time, place and stamps as an alert has them."""

import copy
import gzip
import io
import json
import random
from collections.abc import Callable, Mapping
from typing import Any

import fastavro
from fastavro.utils import generate_one

from fink_lib.surveys import ZTF
from fink_lib.surveys.base import AvroSchema
from fink_lib.surveys.checks import without_defaults as bare
from fink_lib.surveys.native import native_schemas

Write = Callable[[AvroSchema, Mapping[str, Any]], bytes]
STAMP = gzip.compress(b"a stamp of 63 by 63 pixels", mtime=0)
CANDID = 10**18 + 1
JD = 2459000.75


def ztf_schema() -> AvroSchema:
    return native_schemas("ztf")[0]


def ztf_record(number: int = 0, schema: AvroSchema | None = None) -> dict[str, Any]:
    """A record that fits a ZTF schema, the same for the same number."""
    random.seed(number)
    record = copy.deepcopy(generate_one(fastavro.parse_schema(bare(schema or ztf_schema()))))
    record["candid"] = record["candidate"]["candid"] = CANDID + number
    record["objectId"] = "ZTF20aaaaa" + chr(ord("a") + number // 26 % 26) + chr(ord("a") + number % 26)
    record["candidate"] |= {"jd": JD, "ra": 10.0 + number, "dec": -20.0, "fid": 1 + number % 3, "programid": 1}
    for name in ("cutoutScience", "cutoutTemplate", "cutoutDifference"):
        record[name] = {"fileName": "stamp.fits.gz", "stampData": STAMP}
    return dict(record)


def body_of(schema: AvroSchema, record: Mapping[str, Any]) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(bare(schema)), dict(record))
    return out.getvalue()


def ztf_message(number: int = 0, schema: AvroSchema | None = None, **changes: Any) -> bytes:
    """A framed packet; `changes` replace fields of `candidate`, or of the record where they stand there."""
    schema = schema or ztf_schema()
    record = ztf_record(number, schema)
    for name, value in changes.items():
        (record if name in record else record["candidate"])[name] = value
    return ZTF.framing.wrap(schema, body_of(schema, record))


def compressed(message: bytes, codec: str) -> bytes:
    """The same packet in a container whose block is compressed."""
    datum = ZTF.framing.unwrap(message)
    record = fastavro.schemaless_reader(io.BytesIO(datum.body), fastavro.parse_schema(bare(datum.schema)), None)
    out = io.BytesIO()
    fastavro.writer(out, json.loads(json.dumps(bare(datum.schema))), [record], codec=codec)
    return out.getvalue()


def with_unknown_field(message: bytes) -> bytes:
    """A packet of a schema with a field that nobody knows."""
    datum = ZTF.framing.unwrap(message)
    schema = {**datum.schema, "fields": [*datum.schema["fields"], {"name": "unannounced", "type": "long"}]}
    return ZTF.framing.wrap(schema, datum.body + b"\x02")


def without_field(message: bytes, name: str) -> bytes:
    """A packet of a schema that lacks one of the fields of an alert."""
    datum = ZTF.framing.unwrap(message)
    schema = {**datum.schema, "fields": [fld for fld in datum.schema["fields"] if fld["name"] != name]}
    record = fastavro.schemaless_reader(io.BytesIO(datum.body), fastavro.parse_schema(bare(datum.schema)), None)
    return ZTF.framing.wrap(schema, body_of(schema, dict(record)))  # type: ignore[call-overload]


def stamped(message: bytes, number: int) -> bytes:
    """The same packet in a container with a number in its metadata."""
    datum = ZTF.framing.unwrap(message)
    record = fastavro.schemaless_reader(io.BytesIO(datum.body), fastavro.parse_schema(bare(datum.schema)), None)
    out = io.BytesIO()
    fastavro.writer(out, bare(datum.schema), [record], metadata={"stamp": str(number)})
    return out.getvalue()
