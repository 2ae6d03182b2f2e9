"""Arrow columns written as Avro: fastavro reads what was put in, and writes the same bytes."""

import io
import random
from typing import Any

import fastavro
import pyarrow as pa
import pytest

from fink_lib.avro.encode import datums
from fink_lib.errors import LakeError

TEXT_MAP = pa.map_(pa.string(), pa.string())
INNER = pa.struct([("a", pa.float64()), ("b", pa.list_(pa.string()))])
# column → its type, its type in Avro, and values
COLUMNS: dict[str, tuple[pa.DataType, Any, list[Any]]] = {
    "float": (pa.float32(), "float", [1.5, None, -0.0, float("inf")]),
    "double": (pa.float64(), "double", [1e-300, 0.1, None, -2.5]),
    "flag": (pa.bool_(), "boolean", [True, False, None, True]),
    "int": (pa.int32(), "int", [0, -1, 2**31 - 1, None]),
    "tiny": (pa.int8(), "int", [-128, 127, None, 0]),
    "long": (pa.int64(), "long", [-(2**63), 2**63 - 1, 64, None]),
    "text": (pa.string(), "string", ["", None, "Galaxie élliptique ☆", "x" * 200]),
    "bytes": (pa.binary(), "bytes", [b"", b"\x00\xff", None, b"z"]),
    "texts": (
        pa.list_(pa.string()),
        {"type": "array", "items": ["null", "string"]},
        [[], None, ["a", None, ""], ["b"] * 70],
    ),
    "map": (
        TEXT_MAP,
        {"type": "map", "values": ["null", "string"]},
        [[("k", "v"), ("", None)], [], None, [("é", "x")]],
    ),
    "record": (
        INNER,
        {
            "type": "record",
            "name": "inner",
            "fields": [
                {"name": "a", "type": ["null", "double"]},
                {"name": "b", "type": ["null", {"type": "array", "items": ["null", "string"]}]},
            ],
        },
        [{"a": 1.0, "b": ["q"]}, None, {"a": None, "b": None}, {"a": 2.0, "b": []}],
    ),
    "points": (
        pa.list_(pa.struct([("x", pa.int64())])),
        {
            "type": "array",
            "items": [
                "null",
                {"type": "record", "name": "point", "fields": [{"name": "x", "type": ["null", "long"]}]},
            ],
        },
        [[{"x": 3}, None, {"x": None}], None, [], [{"x": -3}]],
    ),
}
SCHEMA = fastavro.parse_schema(
    {"type": "record", "name": "r", "fields": [{"name": n, "type": ["null", k]} for n, (_, k, _) in COLUMNS.items()]}
)
ROWS = 4


def plain(name: str, value: Any) -> Any:
    return dict(value) if name == "map" and value is not None else value


def written(row: dict[str, Any]) -> bytes:
    """Return the datum as fastavro writes it: with the same order and one block for all items."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, SCHEMA, row)
    return out.getvalue()


def arrays(values: dict[str, list[Any]]) -> list[pa.Array]:
    return [pa.array(values[name], kind) for name, (kind, _, _) in COLUMNS.items()]


KINDS = [kind for kind, _, _ in COLUMNS.values()]


def test_bytes_are_those_of_fastavro() -> None:
    found = datums(arrays({name: values for name, (_, _, values) in COLUMNS.items()}), KINDS)
    for number in range(ROWS):
        row = {name: plain(name, values[number]) for name, (_, _, values) in COLUMNS.items()}
        assert found[number].as_py() == written(row)


def test_slices_and_any_order_of_values_are_written_alike() -> None:
    chance = random.Random(7)  # noqa: S311 - orders, not secrets
    values = {name: chance.choices(some, k=50) for name, (_, _, some) in COLUMNS.items()}
    found = datums([one.slice(3, 40) for one in arrays(values)], KINDS)
    for number in range(40):
        assert found[number].as_py() == written({name: plain(name, some[number + 3]) for name, some in values.items()})


def test_what_lies_below_a_null_is_not_written() -> None:
    """Arrow may keep values under a null list or struct."""
    hidden = pa.array([True, False])
    below = pa.ListArray.from_arrays(pa.array([0, 2, 3], pa.int32()), pa.array([1, 2, 3], pa.int64()), mask=hidden)
    struct = pa.StructArray.from_arrays([pa.array([5, 6], pa.int64())], ["x"], mask=hidden)
    found = datums([below, struct], [below.type, struct.type]).to_pylist()
    assert found == [b"\x00\x00", b"\x02\x02\x02\x06\x00\x02\x02\x0c"]


def test_a_field_that_a_column_lacks_is_null() -> None:
    """Files of an earlier version of a module have records of fewer fields."""
    column = pa.array([{"b": 1.0}, None], pa.struct([("b", pa.float64())]))
    wanted = pa.struct([("a", pa.string()), ("b", pa.float64())])
    assert datums([column], [wanted]).to_pylist() == [b"\x02\x00\x02" + b"\x00" * 6 + b"\xf0\x3f", b"\x00"]


def test_no_rows_are_no_datums() -> None:
    assert datums([pa.array([], kind) for kind in KINDS], KINDS).to_pylist() == []


def test_a_type_without_a_form_is_named() -> None:
    with pytest.raises(LakeError, match="values of type date32"):
        datums([pa.array([None], pa.date32())], [pa.date32()])
