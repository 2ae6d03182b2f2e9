"""A table is read by Arrow's own file system, whatever its partitions are called and its log says."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable, write_deltalake
from pyarrow.fs import SubTreeFileSystem

from fink_lib.config import PROJECT_DIR
from fink_lib.lake.on_disk import dataset_of


@pytest.mark.parametrize("value", ["plain", "a b%c/d=e", "ü"])
def test_rows_are_those_that_delta_rs_reads(tmp_path: Path, value: str) -> None:
    rows = pa.table({"part": [value, value], "number": [1, 2]})
    write_deltalake(str(tmp_path), rows, partition_by=["part"])
    table = DeltaTable(str(tmp_path))
    found = dataset_of(table)
    assert isinstance(found.filesystem, SubTreeFileSystem)
    assert found.to_table(columns=["part", "number"]).to_pylist() == rows.to_pylist()
    assert found.to_table().equals(table.to_pyarrow_dataset().to_table())


ROWS = pa.table(
    {
        "night": pa.array([dt.date(2026, 1, 1)] * 4 + [dt.date(2026, 1, 2), None], pa.date32()),
        "text": ["a", "b", None, "d", "e", "f"],
        "number": pa.array([1, 2, None, 4, 5, 6], pa.int32()),
        "none": pa.nulls(6, pa.int64()),
        "value": [1.0, 2.0, float("nan"), None, 5.0, float("inf")],
        "flag": [True, False, None, True, True, False],
        "time": pa.array([*range(1_500, 7_500, 1_000)], pa.timestamp("us", tz="UTC")),
        "record": [{"part": n} for n in range(6)],
    }
)
CONDITIONS = [
    pc.field("night") == dt.date(2026, 1, 1),
    pc.field("night").is_null(),
    pc.field("text") == "b",
    pc.field("text").is_null(),
    pc.field("text").is_valid(),
    pc.field("text") != "a",
    pc.field("number") == 4,
    pc.field("number") > 5,
    ~(pc.field("number") >= 2),
    pc.field("number").is_null(),
    pc.field("number").is_valid(),
    pc.field("none").is_null(),
    pc.field("none") == 1,
    pc.field("value") == 5.0,
    pc.field("value").is_nan(),
    ~(pc.field("value") <= 2.0),
    ~pc.is_finite(pc.field("value")),
    pc.field("flag"),
    pc.field("flag").is_null(),
    pc.field("time") >= pa.scalar(6_500, pa.timestamp("us", tz="UTC")),
    pc.field("record", "part") == 3,
]
SAID: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "all": lambda told: told,
    "no statistics": lambda _: {},
    "a number of rows": lambda told: {"numRecords": told["numRecords"]},
    "of one column": lambda told: {
        "numRecords": told["numRecords"],
        **{kind: {"number": told[kind]["number"]} for kind in ("minValues", "maxValues", "nullCount")
           if "number" in told[kind]},
    },
    "of another": lambda told: {
        "numRecords": told["numRecords"],
        **{kind: {"flag": told[kind]["flag"]} for kind in ("minValues", "maxValues", "nullCount")},
    },
    "no counts of nulls": lambda told: {name: value for name, value in told.items() if name != "nullCount"},
    "one end": lambda told: {name: value for name, value in told.items() if name != "maxValues"},
}  # fmt: skip


@pytest.mark.parametrize("said", SAID)
def test_a_condition_finds_what_it_finds_in_memory_whatever_the_log_says(tmp_path: Path, said: str) -> None:
    write_deltalake(str(tmp_path), ROWS, partition_by=["night"])
    (log,) = (tmp_path / "_delta_log").glob("*.json")
    actions = [json.loads(line) for line in log.read_text().splitlines()]
    for action in actions:
        if "add" in action:
            action["add"]["stats"] = json.dumps(SAID[said](json.loads(action["add"]["stats"])))
    log.write_text("\n".join(map(json.dumps, actions)))
    (tmp_path / "_delta_log" / f".{log.name}.crc").unlink(missing_ok=True)
    found = dataset_of(DeltaTable(str(tmp_path)))
    for condition in CONDITIONS:
        right = ROWS.filter(condition)["record"].to_pylist()
        assert sorted(found.to_table(["record"], filter=condition)["record"].to_pylist(), key=str) == right, condition
        assert found.count_rows(filter=condition) == len(right), condition


def test_files_that_cannot_hold_a_number_are_not_opened(tmp_path: Path) -> None:
    for first in (0, 100):
        rows = pa.table({"kafka_offset": pa.array([first, first + 50, None], pa.int64())})
        write_deltalake(str(tmp_path), rows, mode="append")
    table = DeltaTable(str(tmp_path))
    near = (pc.field("kafka_offset") >= 100) & (pc.field("kafka_offset") <= 120)
    assert len(list(dataset_of(table).get_fragments(filter=near))) == 1
    for action in pa.table(table.get_add_actions(flatten=True)).to_pylist():
        if action["max.kafka_offset"] < 100:
            (tmp_path / action["path"]).unlink()
    assert dataset_of(table).to_table(filter=near).to_pydict() == {"kafka_offset": [100]}


def test_conditions_on_partitions_choose_files(tmp_path: Path) -> None:
    write_deltalake(str(tmp_path), ROWS, partition_by=["night"])
    table = DeltaTable(str(tmp_path))
    for files, count in (
        ([("night", "=", "2026-01-02")], 1),
        ([("night", "in", ["2026-01-01", "2026-01-02", "2026-01-03"])], 5),
        ([("night", "in", [])], 0),
    ):
        assert dataset_of(table, files).count_rows() == count
    with pytest.raises(ValueError, match="no condition on partitions"):
        dataset_of(table, [("night", ">", "2026-01-01")])


def test_an_empty_table_has_no_rows(tmp_path: Path) -> None:
    table = DeltaTable.create(str(tmp_path), ROWS.schema, partition_by=["night"])
    assert dataset_of(table, [("night", "=", "2026-01-01")]).to_table(filter=pc.field("number") == 1).num_rows == 0


def test_nothing_reads_by_the_file_system_of_delta_rs() -> None:
    """A process whose last act is to read by it ends with a signal now and then, and a condition may lose rows."""
    folder = PROJECT_DIR / "fink_lib"
    found = [path for path in folder.rglob("*.py") if ".to_pyarrow_dataset(" in path.read_text()]
    assert found == []
