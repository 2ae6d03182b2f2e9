"""Files of a night change places in one commit, once, and come back as the very same files."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError

from fink_lib.errors import LakeError
from fink_lib.lake import swap as swaps
from fink_lib.lake.digest import table_digest
from fink_lib.lake.swap import NightFile, Swap, apply, link_files, night_files

DAY, NEXT = dt.date(2021, 11, 22), dt.date(2021, 11, 23)


def rows(night: dt.date, *numbers: int) -> pa.Table:
    return pa.table({"night": pa.array([night] * len(numbers)), "id": pa.array(numbers, pa.int64())})


@pytest.fixture
def live(tmp_path: Path) -> Path:
    path = tmp_path / "live"
    write_deltalake(path, rows(DAY, 1, 2), partition_by=["night"], configuration={"delta.appendOnly": "true"})
    write_deltalake(path, rows(NEXT, 3), mode="append")
    return path


@pytest.fixture
def other(tmp_path: Path) -> Path:
    path = tmp_path / "other"
    write_deltalake(path, rows(DAY, 2, 20, 21), partition_by=["night"])
    return path


def ids(path: Path) -> list[int]:
    return sorted(DeltaTable(path).to_pyarrow_table()["id"].to_pylist())


def change(live: Path, other: Path, step: int = 1) -> Swap:
    new = link_files(night_files(DeltaTable(other), [DAY]), other, live, "new-")
    return Swap(night_files(DeltaTable(live), [DAY]), new, "reprocess.x", step, {"fink.request": "x"})


def test_a_night_is_replaced_and_another_one_is_not(live: Path, other: Path) -> None:
    apply(DeltaTable(live), change(live, other))
    assert ids(live) == [2, 3, 20, 21]
    assert DeltaTable(live).history(1)[0]["fink.request"] == "x"


def test_the_way_back_gives_the_very_same_files(live: Path, other: Path) -> None:
    before, digest = night_files(DeltaTable(live), [DAY]), table_digest(live)
    first = change(live, other)
    apply(DeltaTable(live), first)
    apply(DeltaTable(live), Swap(first.add, before, "reprocess.x", 2, {}))
    assert night_files(DeltaTable(live), [DAY]) == before
    assert table_digest(live) == digest
    assert [NightFile.from_json(file.as_json()) for file in before] == before


def test_a_swap_is_made_once(live: Path, other: Path) -> None:
    swap = change(live, other)
    version = apply(DeltaTable(live), swap)
    assert apply(DeltaTable(live), swap) == version
    assert ids(live) == [2, 3, 20, 21]


def test_what_is_appended_meanwhile_stays(live: Path, other: Path) -> None:
    looked_at = DeltaTable(live)
    swap = change(live, other)
    write_deltalake(live, rows(DAY, 99), mode="append")
    apply(looked_at, swap)
    assert ids(live) == [2, 3, 20, 21, 99]


def test_what_is_rewritten_meanwhile_refuses_the_swap(live: Path, other: Path) -> None:
    write_deltalake(live, rows(DAY, 4), mode="append")
    looked_at = DeltaTable(live)
    swap = change(live, other)
    DeltaTable(live).optimize.compact()
    with pytest.raises(LakeError, match="replaced by another writer"):
        apply(looked_at, swap)
    assert ids(live) == [1, 2, 3, 4]


def test_a_commit_that_comes_second_is_looked_at_anew(live: Path, other: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the last look and the commit a stream appends, then compaction rewrites: neither is lost or doubled."""
    table, commit = DeltaTable(live), swaps._commit

    def append() -> None:
        write_deltalake(live, rows(DAY, 98), mode="append")

    def compact() -> None:
        DeltaTable(live).optimize.compact()

    busy = [append, compact]

    def slow(loaded: DeltaTable, swap: Swap) -> None:
        if busy:
            busy.pop(0)()
        commit(loaded, swap)

    monkeypatch.setattr(swaps, "_commit", slow)
    swap = change(live, other)
    with pytest.raises(LakeError, match="replaced by another writer"):
        apply(table, swap)
    assert ids(live) == [1, 2, 3, 98]


def test_the_permission_to_change_rows_may_come_second_too(
    live: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow = swaps.allow_changes

    def busy(_: DeltaTable) -> None:
        monkeypatch.setattr(swaps, "allow_changes", allow)
        raise CommitFailedError("another one was first")

    monkeypatch.setattr(swaps, "allow_changes", busy)
    apply(DeltaTable(live), change(live, other))
    assert ids(live) == [2, 3, 20, 21]


def test_a_file_that_is_gone_is_named(live: Path, tmp_path: Path) -> None:
    files = night_files(DeltaTable(live), [DAY])
    files[0].inside(live).unlink()
    with pytest.raises(LakeError, match=r"\.parquet is gone"):
        link_files(files, live, tmp_path / "elsewhere")


def test_readers_of_a_night_that_was_empty_see_no_change_of_data(live: Path, other: Path) -> None:
    new = link_files(night_files(DeltaTable(other), [DAY]), other, live, "new-")
    table = DeltaTable(live)
    version = apply(table, Swap([], new, "reprocess.y", 1, {}))
    log = (live / "_delta_log" / f"{version:020}.json").read_text()
    assert '"dataChange":false' in log
    assert '"dataChange":true' not in log
