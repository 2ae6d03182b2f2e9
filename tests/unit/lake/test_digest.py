"""The digest of a table depends on what it says and on nothing else."""

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from hypothesis import given, settings
from hypothesis import strategies as st

from fink_lib.errors import LakeError
from fink_lib.lake.digest import content_digest, table_digest, value_hashes

KIND = pa.struct(
    [
        ("id", pa.int64()),
        ("text", pa.string()),
        ("raw", pa.binary()),
        ("score", pa.float64()),
        ("small", pa.float32()),
        ("flag", pa.bool_()),
        ("day", pa.date32()),
        ("at", pa.timestamp("us", tz="UTC")),
        ("history", pa.list_(pa.struct([("jd", pa.float64()), ("band", pa.string())]))),
        ("versions", pa.map_(pa.string(), pa.string())),
    ]
)
BAND = st.none() | st.text(max_size=2)
VALUES: dict[str, Any] = {
    "id": st.none() | st.integers(-(2**63), 2**63 - 1),
    "text": st.none() | st.text(max_size=5),
    "raw": st.none() | st.binary(max_size=5),
    "score": st.none() | st.floats(),
    "small": st.none() | st.floats(width=32),
    "flag": st.none() | st.booleans(),
    "day": st.none() | st.dates(dt.date(1900, 1, 1), dt.date(2200, 1, 1)),
    "at": st.none() | st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC)),  # noqa: DTZ001 - hypothesis adds the zone
    "history": st.none()
    | st.lists(
        st.none() | st.fixed_dictionaries({"jd": st.floats(), "band": st.none() | st.text(max_size=2)}), max_size=3
    ),
    "versions": st.none() | st.dictionaries(st.text(max_size=3), st.none() | st.text(max_size=3), max_size=3),
}
ROWS = st.lists(st.fixed_dictionaries(VALUES), min_size=1, max_size=6)


def table(rows: list[dict[str, Any]]) -> pa.Table:
    plain = [{**row, "versions": None if row["versions"] is None else list(row["versions"].items())} for row in rows]
    return pa.Table.from_struct_array(pa.array(plain, type=KIND))


def digest(of: pa.Table, size: int = 100) -> str:
    return content_digest(of.to_batches(max_chunksize=size))


def told(of: pa.Table) -> str:
    """Write out what a table says; NaN is like NaN, and the order of a map's entries says nothing."""
    rows = [{**row, "versions": row["versions"] and sorted(row["versions"], key=str)} for row in of.to_pylist()]
    return str(rows)


@settings(deadline=None, max_examples=50)
@given(ROWS, st.randoms(use_true_random=False))
def test_order_of_rows_and_columns_and_batches_do_not_matter(rows: list[dict[str, Any]], random: Any) -> None:
    shuffled = [{**row, "versions": row["versions"]} for row in rows]
    random.shuffle(shuffled)
    names = list(KIND.names)
    random.shuffle(names)
    assert digest(table(rows)) == digest(table(shuffled).select(names), 2)


@settings(deadline=None, max_examples=100)
@given(ROWS, st.data())
def test_another_value_anywhere_is_another_digest(rows: list[dict[str, Any]], data: Any) -> None:
    name, row = data.draw(st.sampled_from(sorted(VALUES))), data.draw(st.integers(0, len(rows) - 1))
    other = [dict(each) for each in rows]
    other[row][name] = data.draw(VALUES[name])
    before, after = table(rows), table(other)
    assert (digest(before) == digest(after)) == (told(before) == told(after))


def test_values_that_look_alike_differ() -> None:
    pairs: list[tuple[list[Any], list[Any], pa.DataType]] = [
        ([None], [[]], pa.list_(pa.int64())),
        ([[]], [[None]], pa.list_(pa.int64())),
        ([[1, 2]], [[2, 1]], pa.list_(pa.int64())),
        ([None], [0], pa.int64()),
        ([None], [""], pa.string()),
        ([0.0], [float("nan")], pa.float64()),
        ([None], [{"a": None}], pa.struct([("a", pa.int64())])),
    ]
    for old, new, kind in pairs:
        assert value_hashes(pa.array(old, kind))[0] != value_hashes(pa.array(new, kind))[0], (old, new)
    with pytest.raises(LakeError, match="cannot be digested"):
        value_hashes(pa.array([1], pa.duration("s")))


def test_a_slice_hashes_as_the_same_values_alone() -> None:
    whole = pa.array([[1], [2, 3], None, [4]], pa.list_(pa.int64()))
    assert (value_hashes(whole)[1:] == value_hashes(whole.slice(1))).all()
    maps = pa.array([[("a", "1")], [("b", "2"), ("c", "3")]], pa.map_(pa.string(), pa.string()))
    assert value_hashes(maps)[1] == value_hashes(maps.slice(1))[0]
    turned = pa.array([[("c", "3"), ("b", "2")]], maps.type)
    assert value_hashes(turned)[0] == value_hashes(maps)[1]


def test_repeated_rows_count() -> None:
    one = pa.table({"id": [1]})
    assert digest(one) != digest(pa.concat_tables([one, one, one]))
    assert digest(one.slice(0, 0)) != digest(one)


def test_a_table_has_a_digest_by_version_and_by_night(tmp_path: Path) -> None:
    path = tmp_path / "t"
    days = [dt.date(2021, 11, 22), dt.date(2021, 11, 23)]
    for day in days:
        rows = pa.table({"night": pa.array([day] * 50), "x": np.arange(50.0)})
        write_deltalake(path, rows, mode="append", partition_by=["night"])
    first = table_digest(path, 0)
    assert table_digest(path) != first
    assert table_digest(path, None, "night = DATE '2021-11-22'") == first
    assert table_digest(path, 1, "night = DATE '2021-11-23'") != first
    before = table_digest(path)
    write_deltalake(path, pa.table({"night": pa.array(days[:1]), "x": [1.0]}), mode="append")
    assert table_digest(path) != before
    compacted = table_digest(path)
    DeltaTable(path).optimize.compact()
    assert table_digest(path) == compacted
    with pytest.raises(LakeError, match="no Delta table"):
        table_digest(tmp_path / "nowhere")
