"""Whatever fastavro writes, the walk reads back, value for value; whatever is damaged is told and never read."""

import io
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fink_lib.avro.reader import Reader
from fink_lib.avro.schema import cut_point, parts, resolved
from fink_lib.avro.walk import Fault
from fink_lib.errors import SurveyError

POINT = {
    "type": "record",
    "name": "point",
    "fields": [
        {"name": "time", "type": "double"},
        {"name": "mag", "type": ["null", "float"]},
        {"name": "name", "type": ["null", "string"]},
        {"name": "flag", "type": "boolean"},
    ],
}
STAMP = {
    "type": "record",
    "name": "stamp",
    "fields": [{"name": "file", "type": "string"}, {"name": "data", "type": "bytes"}],
}
ALERT = {
    "type": "record",
    "name": "alert",
    "namespace": "made",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "now", "type": POINT},
        {"name": "best", "type": ["null", "point"]},
        {"name": "kind", "type": {"type": "enum", "name": "kind", "symbols": ["A", "B"]}},
        {"name": "extra", "type": {"type": "map", "values": ["null", "int"]}},
        {"name": "code", "type": {"type": "fixed", "name": "code", "size": 3}},
        {"name": "past", "type": ["null", {"type": "array", "items": "point"}]},
        {"name": "numbers", "type": {"type": "array", "items": "int"}},
        {"name": "wide", "type": ["null", "int", "string"]},
        {"name": "science", "type": ["null", STAMP]},
        {"name": "template", "type": ["null", "stamp"]},
    ],
}
POINT_TYPE = pa.struct([("time", pa.float64()), ("mag", pa.float32()), ("name", pa.string()), ("flag", pa.bool_())])
COLUMNS = pa.schema(
    [
        ("id", pa.int64()),
        ("now", POINT_TYPE),
        ("best", POINT_TYPE),
        ("past", pa.list_(POINT_TYPE)),
        ("numbers", pa.list_(pa.int64())),
        ("science", pa.struct([("data", pa.binary())])),
        ("unheard", pa.float64()),
    ]
)
SHAPE = resolved(ALERT)

_points = st.fixed_dictionaries(
    {
        "time": st.floats(allow_nan=False),
        "mag": st.none() | st.floats(width=32, allow_nan=False),
        "name": st.none() | st.text(max_size=12),
        "flag": st.booleans(),
    }
)
_stamps = st.none() | st.fixed_dictionaries({"file": st.text(max_size=4), "data": st.binary(max_size=300)})
_alerts = st.fixed_dictionaries(
    {
        "id": st.integers(-(2**63), 2**63 - 1),
        "now": _points,
        "best": st.none() | _points,
        "kind": st.sampled_from(["A", "B"]),
        "extra": st.dictionaries(st.text(max_size=3), st.none() | st.integers(-(2**31), 2**31 - 1), max_size=3),
        "code": st.binary(min_size=3, max_size=3),
        "past": st.none() | st.lists(_points, max_size=5),
        "numbers": st.lists(st.integers(-(2**31), 2**31 - 1), max_size=5),
        "wide": st.none() | st.integers(-5, 5) | st.text(max_size=3),
        "science": _stamps,
        "template": _stamps,
    }
)


def encode(record: dict[str, Any], schema: Any = ALERT) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), record)
    return out.getvalue()


def decode(datum: bytes, schema: Any) -> Any:
    return fastavro.schemaless_reader(io.BytesIO(datum), fastavro.parse_schema(schema), None)


def seen(record: dict[str, Any]) -> dict[str, Any]:
    """What the columns hold of a record."""
    science = record["science"]
    return {
        **{name: record[name] for name in ("id", "now", "best", "past", "numbers")},
        "science": None if science is None else {"data": science["data"]},
        "unheard": None,
    }


@settings(max_examples=60, deadline=None)
@given(st.lists(_alerts, min_size=1, max_size=6))
def test_every_value_is_read_as_fastavro_reads_it(records: list[dict[str, Any]]) -> None:
    datums = [encode(record) for record in records]
    found = Reader(SHAPE, COLUMNS, "science").read(pa.array(datums, pa.binary()))
    assert not found.faults.any()
    assert found.columns.to_pylist() == [seen(decode(datum, ALERT)) for datum in datums]


@settings(max_examples=60, deadline=None)
@given(_alerts)
def test_a_datum_cut_in_two_is_two_records_and_joined_the_datum(record: dict[str, Any]) -> None:
    datum = encode(record)
    first = cut_point(SHAPE, {"science", "template"})
    assert first == "science"
    at = int(Reader(SHAPE, pa.schema([]), first).read(pa.array([datum])).cuts[0])
    head, tail = parts(SHAPE, first)
    assert decode(datum[:at], head) | decode(datum[at:], tail) == decode(datum, ALERT)
    assert decode(datum, SHAPE) == decode(datum, ALERT)


@settings(max_examples=200, deadline=None)
@given(_alerts, st.data())
def test_a_damaged_datum_never_reads_outside_of_itself(record: dict[str, Any], data: st.DataObject) -> None:
    datum = bytearray(encode(record))
    for _ in range(data.draw(st.integers(1, 3))):
        datum[data.draw(st.integers(0, len(datum) - 1))] = data.draw(st.integers(0, 255))
    whole = encode(record)
    found = Reader(SHAPE, COLUMNS, "science").read(pa.array([whole, bytes(datum), whole], pa.binary()))
    found.columns.validate(full=True)
    rows = found.columns.to_pylist()
    assert (rows[0], rows[2]) == (rows[0], rows[0])
    assert list(found.faults[[0, 2]]) == [Fault.NONE, Fault.NONE]


@settings(max_examples=100, deadline=None)
@given(_alerts, st.data())
def test_a_datum_that_ends_early_is_told(record: dict[str, Any], data: st.DataObject) -> None:
    datum = encode(record)
    short = datum[: data.draw(st.integers(0, len(datum) - 1))]
    found = Reader(SHAPE, COLUMNS).read(pa.array([short], pa.binary()))
    assert found.faults[0] == Fault.TRUNCATED


def plain(kind: Any) -> Any:
    return {"type": "record", "name": "alert", "fields": [{"name": "x", "type": kind}]}


def fault_of(kind: Any, datum: bytes) -> Fault:
    return Fault(int(Reader(resolved(plain(kind)), pa.schema([])).read(pa.array([datum], pa.binary())).faults[0]))


@pytest.mark.parametrize(
    ("kind", "datum", "fault"),
    [
        ("long", b"\x02\x00", Fault.TRAILING),
        ("long", b"\xff" * 11, Fault.TRUNCATED),
        ("int", encode({"x": 2**31}, plain("long")), Fault.BAD_NUMBER),
        ("boolean", b"\x02", Fault.BAD_NUMBER),
        (["null", "long"], b"\x04", Fault.BAD_BRANCH),
        ("bytes", b"\x01", Fault.BAD_COUNT),
        ({"type": "array", "items": "null"}, b"\x80\x80\x80\x80\x20\x00", Fault.BAD_COUNT),
        ({"type": "array", "items": "long"}, b"\x03\x04\x02\x04\x00", Fault.NONE),  # a block that tells its bytes
    ],
)
def test_each_fault_has_its_name(kind: Any, datum: bytes, fault: Fault) -> None:
    assert fault_of(kind, datum) is fault


def test_a_text_that_is_none_is_told_wherever_it_stands() -> None:
    good = {"time": 1.0, "mag": None, "name": "é", "flag": True}
    record = {
        "id": 1, "now": good, "best": None, "kind": "A", "extra": {}, "code": b"abc", "past": [good, good],
        "numbers": [], "wide": None, "science": None, "template": None,
    }  # fmt: skip
    datum = encode(record)
    assert datum.count("é".encode()) == 3
    last = datum.rindex("é".encode())
    spoiled = datum[:last] + b"\xc3\x28" + datum[last + 2 :]
    found = Reader(SHAPE, COLUMNS).read(pa.array([datum, spoiled], pa.binary()))
    assert list(found.faults) == [Fault.NONE, Fault.BAD_TEXT]


@pytest.mark.parametrize("text", ["\x00", "aé€😀", "\ud7ff\ue000\U0010ffff", ""])
def test_utf8_is_what_python_takes_for_it(text: str) -> None:
    columns = pa.schema([("x", pa.string())])
    datum = encode({"x": text}, plain("string"))
    assert Reader(resolved(plain("string")), columns).read(pa.array([datum])).columns.to_pylist() == [{"x": text}]


@pytest.mark.parametrize("raw", [b"\x80", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xff"])
def test_what_python_refuses_as_utf8_is_a_fault(raw: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        raw.decode()
    columns = pa.schema([("x", pa.string())])
    found = Reader(resolved(plain("string")), columns).read(pa.array([encode({"x": raw}, plain("bytes"))]))
    assert (found.faults[0], found.columns["x"][0].as_py()) == (Fault.BAD_TEXT, None)


@pytest.mark.parametrize(
    ("written", "column", "value"),
    [("int", pa.int64(), 7), ("int", pa.float64(), 7.0), ("float", pa.float64(), 0.5), ("string", pa.binary(), b"a")],
)
def test_a_wider_column_takes_a_narrower_value(written: str, column: pa.DataType, value: Any) -> None:
    given_value = value.decode() if isinstance(value, bytes) else value
    datum = encode({"x": given_value}, plain(written))
    reader = Reader(resolved(plain(written)), pa.schema([("x", column)]))
    assert (reader.read(pa.array([datum])).columns.to_pylist(), dict(reader.mismatched)) == ([{"x": value}], {})


@pytest.mark.parametrize(
    ("written", "column"),
    [("double", pa.float32()), ("long", pa.int32()), ("string", pa.float64()), (POINT, pa.int32())],
)
def test_a_column_of_another_type_is_null_and_named(written: Any, column: pa.DataType) -> None:
    reader = Reader(resolved(plain(written)), pa.schema([("x", column)]))
    assert dict(reader.mismatched) == {"x": written if isinstance(written, str) else "record"}
    value = {"double": 1.5, "long": 3, "string": "a"}.get(written) if isinstance(written, str) else None
    value = {"time": 1.0, "mag": None, "name": None, "flag": False} if value is None else value
    found = reader.read(pa.array([encode({"x": value}, plain(written))]))
    assert (found.columns["x"].null_count, found.faults[0]) == (1, Fault.NONE)


def test_a_schema_that_holds_itself_or_names_nothing_is_refused() -> None:
    loop = {"type": "record", "name": "a", "fields": [{"name": "a", "type": ["null", "a"]}]}
    with pytest.raises(SurveyError, match="holds itself"):
        resolved(loop)
    with pytest.raises(SurveyError, match="'b'"):
        resolved(plain("b"))


def test_long_histories_outgrow_the_first_buffer() -> None:
    numbers = list(range(1000))
    kind = {"type": "array", "items": "int"}
    datum = encode({"x": numbers}, plain(kind))
    found = Reader(resolved(plain(kind)), pa.schema([("x", pa.list_(pa.int32()))])).read(pa.array([datum, datum]))
    assert found.columns["x"].to_pylist() == [numbers, numbers]


def test_a_slice_of_datums_is_read_from_where_it_begins() -> None:
    datums = pa.array([encode({"x": value}, plain("long")) for value in (5, 6, 7)], pa.binary())
    columns = pa.schema([("x", pa.int64())])
    found = Reader(resolved(plain("long")), columns).read(datums.slice(1))
    assert (found.columns["x"].to_pylist(), list(np.asarray(found.faults))) == ([6, 7], [0, 0])
