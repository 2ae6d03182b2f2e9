"""What is known of every column that a filter may read: its type, its unit, and who fills it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow as pa

from fink_lib.errors import ConfigError
from fink_lib.science.framework.registry import modules_of
from fink_lib.surveys import get_survey

PACKET = "packet"
OUTSIDE = "outside"

_ARROW: Mapping[str, pa.DataType] = {
    "boolean": pa.bool_(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "string": pa.string(),
    "bytes": pa.binary(),
}


@dataclass(frozen=True)
class Column:
    """One column of silver.

    Attributes
    ----------
    path
        Its name, as a dotted path.
    type
        Arrow type.
    unit
        Unit, or an empty text.
    source
        `PACKET`, the name of a science module, or `OUTSIDE` for what no module of this broker fills yet.
    """

    path: str
    type: pa.DataType
    unit: str
    source: str


@cache
def columns_of(survey: str) -> Mapping[str, Column]:
    """Return every column that alerts of a survey can have, by path; each leaf of a struct by itself."""
    adapter = get_survey(survey)
    units, outside = adapter.columns.units, adapter.columns.outside
    packet = [
        Column(path, kind, units.get(path.rpartition(".")[2], ""), PACKET)
        for path, kind in _packet_leaves("", adapter.reader_schema)
    ]
    science = [
        Column(path, kind, out.unit, module.name)
        for module in modules_of(survey)
        for out in module.outputs
        for path, kind in _leaves(out.name, out.type)
    ]
    # A filter that needs one of these is left out where nobody fills it.
    more = [Column(one.path, _ARROW[one.avro_type], one.unit, OUTSIDE) for one in outside]
    return {column.path: column for column in (*packet, *science, *more)}


def _leaves(path: str, kind: pa.DataType) -> Iterator[tuple[str, pa.DataType]]:
    if not pa.types.is_struct(kind):
        yield path, kind
        return
    for part in kind:
        yield from _leaves(f"{path}.{part.name}", part.type)


def _packet_leaves(path: str, schema: Any) -> Iterator[tuple[str, pa.DataType]]:
    """Follow an Avro schema; a field of an array of records is an array."""
    kind = next((branch for branch in schema if branch != "null"), None) if isinstance(schema, list) else schema
    if isinstance(kind, str) and kind in _ARROW:
        yield path, _ARROW[kind]
    elif isinstance(kind, Mapping) and kind["type"] == "record":
        for field in kind["fields"]:
            yield from _packet_leaves(f"{path}.{field['name']}".lstrip("."), field["type"])
    elif isinstance(kind, Mapping) and kind["type"] == "array":
        yield from ((inner, pa.list_(leaf)) for inner, leaf in _packet_leaves(path, kind["items"]))
    elif isinstance(kind, Mapping):
        yield from _packet_leaves(path, kind["type"])
    else:
        raise ConfigError(f"packet field '{path}' has the Avro type {kind!r}, which no filter can read")
