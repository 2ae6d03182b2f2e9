"""A message of a counterpart: the fields that Fink's have, and what the match rests on."""

import io
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import fastavro
import pyarrow as pa

from fink_lib.distribute.framing import schema_text
from fink_lib.errors import LakeError

ROOT = "counterpart"
OF_EVENT: Mapping[str, str] = {
    "eventId": "string",  # name of the event here: mission and trigger
    "triggerId": "string",
    "platform": "string",  # mission
    "instrument_or_event": "string",
    "messenger": "string",
    "triggerTimeUTC": "string",
    "grb_ra": "double",  # degrees; null for a map
    "grb_dec": "double",
    "grb_loc_error": "double",  # arcminutes; of a map, the radius of a circle of the area that was searched
    "grb_proba": "double",  # probability of a chance match as good, for this event alone: small is good
    "chance_night": "double",  # that any event of the night has one
    "expected": "double",  # chance matches of the event, good or bad
    "rank": "double",  # probability of the smallest part of the region that holds the source
    "basis": "string",  # the notices that the match was made by
    "stands": "boolean",  # false takes back what was said before: the event was retracted, or its place has moved
}
_KINDS = (
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_int64, "long"),
    (pa.types.is_integer, "int"),
    (pa.types.is_float32, "float"),
    (pa.types.is_floating, "double"),
    (pa.types.is_string, "string"),
)


def schema_of(fields: Mapping[str, pa.DataType]) -> str:
    """Return the schema of messages with some fields of an alert, as JSON; every field may be null.

    Parameters
    ----------
    fields
        Field → type; ``record.field`` is one of a record.
    """
    flat: dict[str, Any] = {}
    records: dict[str, dict[str, Any]] = {}
    for name, kind in fields.items():
        record, _, field = name.rpartition(".")
        (records.setdefault(record, {}) if record else flat)[field] = _kind(name, kind)
    flat |= {name: _record(f"{ROOT}_{name}", inside) for name, inside in records.items()}
    return schema_text(_record(ROOT, {**flat, **OF_EVENT}))


def encoded(schema: str, record: Mapping[str, Any]) -> bytes:
    """Return a message's value.

    Parameters
    ----------
    schema
        As `schema_of` returned it.
    record
        Its fields, those of records as ``record.field``; one that is not there is null.
    """
    whole: dict[str, Any] = {}
    for name, value in record.items():
        root, _, field = name.rpartition(".")
        (whole.setdefault(root, {}) if root else whole)[field] = value
    out = io.BytesIO()
    fastavro.schemaless_writer(out, _parsed(schema), whole)
    return out.getvalue()


@lru_cache(maxsize=8)
def _parsed(schema: str) -> Any:
    return fastavro.parse_schema(json.loads(schema))


def _record(name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": [{"name": n, "type": ["null", k]} for n, k in fields.items()]}


def _kind(name: str, kind: pa.DataType) -> str:
    for holds, avro in _KINDS:
        if holds(kind):
            return avro
    raise LakeError(f"field {name} of type {kind} cannot leave in a message of a counterpart: name a number or a text")
