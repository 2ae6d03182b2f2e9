"""Files of a table that are written apart from their commit: rows, limits, and no row before the commit."""

import datetime as dt
import json
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable

from fink_lib.lake import data_files
from fink_lib.lake.data_files import Limits, NightWriter, append, append_rows
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.small import ensure_whole
from fink_lib.lake.tables.spec import TableSpec, column
from fink_lib.lake.tables.types import TS, B, D, L, S

SPEC = TableSpec(
    layer="bronze",
    survey="any",
    name="files",
    schema=pa.schema(
        [
            column("night", pa.date32(), "Night."),
            column("number", L, "A number."),
            column("value", D, "A value."),
            column("name", S, "A name."),
            column("moment", TS, "A moment."),
            column("raw", B, "Bytes."),
        ]
    ),
    key=("number",),
    comment="One row: a thing.",
    written_by="this test",
    indexed_columns=6,
)
NIGHTS = [dt.date(2026, 1, 2), dt.date(2026, 1, 3)]
FIRST_US, LAST_US = -62_135_596_800_000_000, 253_370_764_800_000_000 - 1  # year 1; year 9999, by `date -d`
MOMENT = dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=dt.UTC)


def rows(first: int, count: int) -> pa.RecordBatch:
    numbers = range(first, first + count)
    columns = {
        "night": [NIGHTS[number % 2] for number in numbers],
        "number": list(numbers),
        "value": [number / 4 for number in numbers],
        "name": [f"n{number}" for number in numbers],
        "moment": [MOMENT + dt.timedelta(seconds=number) for number in numbers],
        "raw": [bytes(number % 7) for number in numbers],
    }
    return pa.RecordBatch.from_pydict(columns, schema=SPEC.plain_schema)


@pytest.fixture
def table(tmp_path: Path) -> DeltaTable:
    return ensure_whole(SPEC, tmp_path)


def read(table: DeltaTable) -> pa.Table:
    return dataset_of(table).to_table().select(SPEC.schema.names).sort_by("number")


def test_rows_are_there_once_the_commit_is(tmp_path: Path, table: DeltaTable) -> None:
    writer = NightWriter(SPEC, SPEC.path(tmp_path), plain=["raw"])
    for first in (0, 5):
        writer.add(rows(first, 5))
    files = writer.close()
    assert [(one.night, one.rows) for one in files] == [(NIGHTS[0], 5), (NIGHTS[1], 5)]
    assert read(table).num_rows == 0
    version = table.version()
    assert append(table, files) == version + 1
    assert read(table).equals(pa.Table.from_batches([rows(0, 10)]).cast(read(table).schema))
    assert append(table, []) == version + 1


def test_a_file_is_written_group_by_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: DeltaTable) -> None:
    monkeypatch.setattr(data_files, "GROUP_BYTES", 1000)
    writer = NightWriter(SPEC, SPEC.path(tmp_path))
    for first in range(0, 400, 40):
        writer.add(rows(first, 40))
    append(table, writer.close())
    assert read(table)["number"].to_pylist() == list(range(400))


def test_many_nights_do_not_open_as_many_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: DeltaTable
) -> None:
    monkeypatch.setattr(data_files, "OPEN_NIGHTS", 4)
    writer = NightWriter(SPEC, SPEC.path(tmp_path))
    for first in (0, 20):
        mixed = [None, *(NIGHTS[0] + dt.timedelta(days=day) for day in range(1, 20))]
        writer.add(rows(first, 20).set_column(0, "night", pa.array(mixed, pa.date32())))
        opened = {one.path for one in psutil.Process().open_files() if one.path.startswith(str(tmp_path))}
        assert len(opened) == 4
    files = writer.close()
    assert [one.night for one in files][::2] == [*mixed[1:], None]
    assert sum(one.rows for one in files) == 40
    append(table, files)
    assert read(table)["number"].to_pylist() == list(range(40))
    assert read(table)["night"].to_pylist() == mixed * 2


def test_limits_let_readers_pass_over_a_file(tmp_path: Path, table: DeltaTable) -> None:
    writer = NightWriter(SPEC, SPEC.path(tmp_path))
    writer.add(rows(0, 10))
    append(table, writer.close())
    told = pa.table(table.get_add_actions(flatten=True)).sort_by("min.number").to_pylist()
    assert [(one["min.number"], one["max.number"], one["num_records"]) for one in told] == [(0, 8, 5), (1, 9, 5)]
    assert [(one["min.name"], one["max.name"]) for one in told] == [("n0", "n8"), ("n1", "n9")]
    assert all(one["null_count.value"] == 0 for one in told)


def test_rows_without_a_night_stand_in_a_folder_of_their_own(tmp_path: Path, table: DeltaTable) -> None:
    plain = pa.Table.from_batches([rows(0, 4)])
    some = plain.set_column(0, "night", pa.array([NIGHTS[0], None, None, NIGHTS[1]], pa.date32()))
    append_rows(SPEC, table, SPEC.path(tmp_path), some)
    assert read(table)["night"].to_pylist() == [NIGHTS[0], None, None, NIGHTS[1]]
    assert dataset_of(table).to_table(filter=pc.field("night").is_null()).num_rows == 2


def limits(name: str, values: pa.Array) -> dict[str, object]:
    found = Limits([name])
    half = len(values) // 2
    for part in (values.slice(0, half), values.slice(half)):
        found.add(pa.RecordBatch.from_arrays([part], names=[name]))
    told = json.loads(found.stats(len(values)))
    return {"least": told["minValues"].get(name), "most": told["maxValues"].get(name), "null": told["nullCount"][name]}


@pytest.mark.parametrize(
    ("values", "least", "most", "null"),
    [
        (pa.array([3, None, 1, 2]), 1, 3, 1),
        (pa.array([2**53 + 1, 2**53 + 3]), 2**53 + 1, 2**53 + 3, 0),
        (pa.array([1.5, float("nan"), 2.0]), None, None, 0),
        (pa.array([1.5, float("inf"), 2.0]), None, None, 0),
        (pa.array([None, None], pa.float64()), None, None, 2),
        (pa.array(["b" * 40, "a" * 40]), "a" * 32, "b" * 32 + chr(0x10FFFF), 0),
        (pa.array([MOMENT], pa.timestamp("us", tz="UTC")), "2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.679Z", 0),
        (pa.array([FIRST_US, LAST_US + 1]).cast(TS), None, None, 0),
        (pa.array([FIRST_US - 1, LAST_US]).cast(TS), None, None, 0),
        (pa.array([FIRST_US, LAST_US]).cast(TS), "0001-01-01T00:00:00.000Z", "9999-01-01T00:00:00.000Z", 0),
        (pa.array(["a" * 32 + chr(0x10FFFF) + "z"]), "a" * 32, None, 0),
        (pa.array([dt.date(2026, 1, 2)]), "2026-01-02", "2026-01-02", 0),
        (pa.array([b"x", b"y"]), None, None, 0),
        (pa.array([[1], [2]]), None, None, 0),
    ],
)
def test_limits_hold_all_values(values: pa.Array, least: object, most: object, null: int) -> None:
    assert limits("x", values) == {"least": least, "most": most, "null": null}


@pytest.mark.parametrize("values", [[-0.0, 0.0], [0.0, -0.0], [0.0], [-0.0]])
def test_both_zeros_are_within_limits(values: list[float], tmp_path: Path, table: DeltaTable) -> None:
    """Readers that sort as IEEE 754 does, -0.0 before 0.0, must not pass over either."""
    some = pa.Table.from_batches([rows(0, len(values))])
    append_rows(SPEC, table, SPEC.path(tmp_path), some.set_column(2, "value", pa.array(values)))
    found = pa.table(table.get_add_actions(flatten=True))
    assert [str(one) for one in found["min.value"].to_pylist()] == ["-0.0"] * found.num_rows
    assert [str(one) for one in found["max.value"].to_pylist()] == ["0.0"] * found.num_rows
