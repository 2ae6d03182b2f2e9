"""Stored packets of every version, written anew with a schema that none has come with yet, and judged by ingest."""

import io
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import fastavro
import pyarrow.compute as pc

from fink_lib.avro.schema import resolved
from fink_lib.ingest.examine import examine
from fink_lib.lake.delta import delta_table, files_of, is_delta_table
from fink_lib.lake.parquet import parquet_file
from fink_lib.lake.small import read_rows
from fink_lib.lake.tables import bronze_schemas
from fink_lib.storage import LakePath
from fink_lib.surveys import Survey, value_at
from fink_lib.surveys.base import AvroSchema, Datum
from fink_lib.surveys.checks import decode
from fink_lib.surveys.tables import bronze_spec

_ZERO: Mapping[str, Any] = {
    "int": 0, "long": 0, "float": 0.0, "double": 0.0, "boolean": False, "string": "", "bytes": b"",
}  # fmt: skip


def stored_samples(survey: Survey, lake: LakePath) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield version and decoded packet, one for each schema that packets of bronze were written with.

    Parameters
    ----------
    survey
        Whose packets.
    lake
        Root folder of the tables.

    Returns
    -------
    Nothing where there is no bronze.
    """
    table = bronze_spec(survey).path(lake)
    if not is_delta_table(table):
        return
    known = read_rows(bronze_schemas(), lake, pc.field("survey") == survey.name)
    wanted = {str(row["schema_sha256"]): row for row in known}
    for file in reversed(files_of(delta_table(table))):
        if not wanted:
            return
        for sha256, body in _firsts(file, wanted):
            row = wanted.pop(sha256)
            text = str(row["text"])
            yield str(row["schema_version"]), decode(Datum(json.loads(text), body, text))


def _firsts(file: LakePath, wanted: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """Yield digest and bytes of the first packet of a file for each schema that is wanted.

    The file is read itself: a filter over the dataset of a table drops rows by columns that its log says nothing of.
    """
    found: set[str] = set()
    with parquet_file(file) as parquet:
        for group in range(parquet.num_row_groups):
            names = parquet.read_row_group(group, ["schema_sha256"])["schema_sha256"].to_pylist()
            for sha256 in dict.fromkeys(names):
                if sha256 in wanted and sha256 not in found:
                    found.add(sha256)
                    row = parquet.read_row_group(group, ["head", "tail"]).slice(names.index(sha256), 1).to_pylist()[0]
                    yield sha256, row["head"] + row["tail"]


def complaint(packet: Mapping[str, Any], newer: AvroSchema, number: int, survey: Survey) -> str:
    """Return why a packet could not be used if it were sent with a newer schema; empty where it could.

    Parameters
    ----------
    packet
        Decoded, of a known version.
    newer, number
        The schema, and the id that messages name it by.
    survey
        Whose.
    """
    plain, out = resolved(newer), io.BytesIO()
    try:
        fastavro.schemaless_writer(out, fastavro.parse_schema(plain), carried(packet, plain))
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        return f"cannot be written: {error}"
    told = examine(b"\x00" + number.to_bytes(4, "big") + out.getvalue(), survey)
    if told.error_class is not None:
        return f"would be set aside: {told.reason}"
    alert_id = value_at(packet, survey.fields.alert_id)
    return "" if told.alert_id == alert_id else f"would be taken for alert {told.alert_id}, and is {alert_id}"


def carried(value: Any, node: Any) -> Any:
    """Return a value as a schema has it: what that does not know is left out, what it demands and is not there is 0.

    Parameters
    ----------
    value
        Decoded value; None where it is not there.
    node
        Avro schema of what it is to be: of several branches the first that is not null.
    """
    if isinstance(node, list):
        branch = next(one for one in node if one != "null")
        return None if value is None and "null" in node else carried(value, branch)
    kind = node["type"] if isinstance(node, dict) else node
    if kind == "record":
        held = value or {}
        return {fld["name"]: carried(held.get(fld["name"]), fld["type"]) for fld in node["fields"]}
    if kind == "array":
        return [carried(one, node["items"]) for one in value or []]
    if isinstance(kind, dict | list):
        return carried(value, kind)
    return _ZERO[kind] if value is None else value
