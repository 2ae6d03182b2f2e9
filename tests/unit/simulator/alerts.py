"""Small ZTF packets of the tests' own, whole and readable, without any file of real alerts."""

import gzip
import io
from typing import Any

import fastavro

from fink_lib.surveys.framing import ContainerFraming
from fink_lib.surveys.native import native_schemas
from fink_lib.surveys.superset import collect_named, plain_type

JD = 2459540.7  # 2021-11-22
_VALUES: dict[str, Any] = {"int": 1, "long": 10**16, "float": 0.5, "double": 2.5, "string": "x", "bytes": b""}


def alert(number: int, *, jd: float = JD, object_id: str | None = None) -> dict[str, Any]:
    """A record of ZTF schema 3.3 with three stamps and one history row."""
    schema = native_schemas("ztf")[0]
    record = _example(schema, collect_named(schema))
    record |= {"candid": number, "objectId": object_id or f"ZTF21aaaaaa{chr(97 + number % 26)}"}
    record["candidate"] |= {"candid": number, "jd": jd, "ra": 10.0, "dec": -5.0, "pid": number // 10**6}
    for stamp in ("cutoutScience", "cutoutTemplate", "cutoutDifference"):
        record[stamp]["stampData"] = gzip.compress(f"{stamp} {number}".encode() * 20, mtime=0)
    return record


def message(number: int, *, jd: float = JD, object_id: str | None = None) -> bytes:
    """The same as the survey would send it."""
    schema = native_schemas("ztf")[0]
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(schema), alert(number, jd=jd, object_id=object_id))
    return ContainerFraming().wrap(schema, stream.getvalue())


def _example(schema: Any, named: dict[str, Any]) -> Any:
    node = plain_type(schema, named)
    if isinstance(node, str):
        return _VALUES[node]
    if node["type"] == "array":
        return [_example(node["items"], named)]
    return {fld["name"]: _example(fld["type"], named) for fld in node["fields"]}
