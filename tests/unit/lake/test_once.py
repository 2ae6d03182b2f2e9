"""Rows that a table does not hold yet: the same rows twice, and by two writers at once, are there once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable

from fink_lib.lake.once import append_new
from fink_lib.lake.small import read_rows
from fink_lib.lake.tables.spec import TableSpec, column

SPEC = TableSpec(
    layer="gold",
    survey="",
    name="things",
    schema=pa.schema([column("name", pa.string(), "n"), column("kind", pa.string(), "k")]),
    key=("name",),
    comment="One row: a thing.",
    written_by="a test",
    partitioned_by=("kind",),
)


def rows(*names: str) -> list[dict[str, str]]:
    return [{"name": name, "kind": "a"} for name in names]


def held(lake: Path) -> list[str]:
    return sorted(row["name"] for row in read_rows(SPEC, lake))


def test_what_is_held_is_not_appended_again(tmp_path: Path) -> None:
    assert append_new(SPEC, tmp_path, rows("a", "b", "a")) == 2
    assert append_new(SPEC, tmp_path, rows("b", "c")) == 1
    version = DeltaTable(SPEC.path(tmp_path)).version()
    assert append_new(SPEC, tmp_path, rows("b", "c")) == 0
    assert append_new(SPEC, tmp_path, []) == 0
    assert DeltaTable(SPEC.path(tmp_path)).version() == version  # nothing new is no commit
    assert held(tmp_path) == ["a", "b", "c"]


def test_of_two_rows_of_one_key_the_first_counts(tmp_path: Path) -> None:
    append_new(SPEC, tmp_path, [{"name": "a", "kind": "x"}, {"name": "a", "kind": "y"}])
    assert read_rows(SPEC, tmp_path) == [{"name": "a", "kind": "x"}]


def test_writers_at_the_same_time_leave_one_row_each(tmp_path: Path) -> None:
    append_new(SPEC, tmp_path, rows("z"))
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: append_new(SPEC, tmp_path, rows("a", "b")), range(4)))
    assert sum(counts) == 2
    assert held(tmp_path) == ["a", "b", "z"]
