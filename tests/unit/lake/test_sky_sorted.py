"""A table in the order of the sky: files of neighbouring cells, of which only those that change are rewritten."""

import os
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

from fink_lib.lake import sky_sorted
from fink_lib.lake.sky_sorted import Exchange, Piece, SkySorted
from fink_lib.lake.tables import gold_objects

SPEC = gold_objects("ztf")


def rows(cells: dict[str, int]) -> pa.Table:
    given = {"object_id": list(cells), "cell": pa.array(cells.values(), pa.int32())}
    columns = [given.get(one.name, pa.nulls(len(cells), one.type)) for one in SPEC.plain_schema]
    return pa.table(columns, schema=SPEC.plain_schema)


def exchange(table: SkySorted, come: dict[str, int], go: set[str]) -> list[str]:
    def gone(piece: Piece) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        names = table.read(piece, ("object_id",))["object_id"]
        return np.asarray(pc.is_in(names, value_set=pa.array(sorted(go), pa.string())).to_numpy())

    went: list[str] = table.exchange(Exchange(rows(come), gone), {"why": "test"}, {})["object_id"].to_pylist()
    return sorted(went)


def files(lake: Path) -> list[tuple[int, int]]:
    return [(piece.first, piece.last) for piece in SkySorted(SPEC, lake).pieces]


def names(lake: Path) -> dict[str, int]:
    found = DeltaTable(str(SPEC.path(lake))).to_pyarrow_table(columns=["object_id", "cell"]).to_pylist()
    return {row["object_id"]: row["cell"] for row in found}


def test_files_follow_each_other_and_only_those_that_change_are_rewritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sky_sorted, "FILE_ROWS", 3)
    there = {f"o{cell}": cell for cell in (50, 10, 30, 20, 60, 40, 70)}
    exchange(SkySorted(SPEC, tmp_path), there, set())
    assert files(tmp_path) == [(10, 30), (40, 60), (70, 70)]
    before = {piece.name for piece in SkySorted(SPEC, tmp_path).pieces}
    moved = exchange(SkySorted(SPEC, tmp_path), {"o20": 65}, {"o20"})  # from the first file into the second
    assert moved == ["o20"]
    after = SkySorted(SPEC, tmp_path).pieces
    assert [(piece.first, piece.last) for piece in after] == [(10, 30), (40, 60), (65, 65), (70, 70)]
    assert len(before & {piece.name for piece in after}) == 1
    assert names(tmp_path) == there | {"o20": 65}
    assert exchange(SkySorted(SPEC, tmp_path), {}, set(there)) == sorted(there)
    assert names(tmp_path) == {}
    assert list(SPEC.path(tmp_path).glob(".rewriting-*")) == []


def test_who_comes_second_commits_nothing(tmp_path: Path) -> None:
    """Both read the same version: the rows of neither may be doubled, even where they touch no common file."""
    exchange(SkySorted(SPEC, tmp_path), {"a": 1}, set())
    one, other = SkySorted(SPEC, tmp_path), SkySorted(SPEC, tmp_path)
    exchange(one, {"b": 2}, set())
    with pytest.raises(CommitFailedError):
        exchange(other, {"b": 2, "c": 3}, set())
    assert names(tmp_path) == {"a": 1, "b": 2}
    empty = tmp_path / "empty"
    one, other = SkySorted(SPEC, empty), SkySorted(SPEC, empty)
    exchange(one, {"b": 2}, set())
    with pytest.raises(CommitFailedError):
        exchange(other, {"b": 2}, set())
    assert names(empty) == {"b": 2}


def test_what_a_killed_writer_left_is_removed_and_what_another_one_writes_is_not(tmp_path: Path) -> None:
    exchange(SkySorted(SPEC, tmp_path), {"a": 1}, set())
    left, at_work = (SPEC.path(tmp_path) / f".rewriting-{name}" for name in ("left", "at-work"))
    for folder in (left, at_work):
        (folder / "rows").mkdir(parents=True)
    two_days_ago = time.time() - 2 * 86_400.0
    os.utime(left, (two_days_ago, two_days_ago))
    exchange(SkySorted(SPEC, tmp_path), {"b": 2}, set())
    assert list(SPEC.path(tmp_path).glob(".rewriting-*")) == [at_work]
