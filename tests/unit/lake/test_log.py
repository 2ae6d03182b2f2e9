"""The newest entry of a log is found by the last checkpoint, and a table is given the log that maintenance cleans."""

from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError

from fink_lib.lake.log import LOG, PROPERTIES, entries_from, keep_log, newest_version
from fink_lib.lake.small import append_rows
from fink_lib.lake.tables import gold_notices


def fill(table: Path, commits: int, **kept: str) -> None:
    for number in range(commits):
        write_deltalake(table, pa.table({"id": [number]}), mode="append", configuration=kept or None)


def test_no_table_has_no_version(tmp_path: Path) -> None:
    assert newest_version(tmp_path) == -1


@pytest.mark.parametrize("checkpoint", [False, True])
def test_the_newest_version(tmp_path: Path, checkpoint: bool) -> None:  # noqa: FBT001 - a parameter of the test
    fill(tmp_path, 4)
    if checkpoint:
        DeltaTable(tmp_path).create_checkpoint()
    assert newest_version(tmp_path) == 3
    fill(tmp_path, 3)
    assert newest_version(tmp_path) == 6
    assert [path.name for path in entries_from(tmp_path, 5)] == [f"{5:020}.json", f"{6:020}.json"]


def test_only_entries_after_the_last_checkpoint_are_asked_for(tmp_path: Path) -> None:
    fill(tmp_path, 4)
    DeltaTable(tmp_path).create_checkpoint()
    fill(tmp_path, 2)
    with (
        patch.object(Path, "glob", side_effect=AssertionError),
        patch.object(Path, "iterdir", side_effect=AssertionError),
    ):
        assert newest_version(tmp_path) == 5


def test_a_pointer_that_is_damaged_makes_the_folder_be_listed(tmp_path: Path) -> None:
    fill(tmp_path, 4)
    DeltaTable(tmp_path).create_checkpoint()
    (tmp_path / LOG / f"{0:020}.json").unlink()
    (tmp_path / LOG / "_last_checkpoint").write_text("{")
    assert newest_version(tmp_path) == 3


def test_a_table_that_is_made_keeps_its_log_and_a_checkpoint_every_ten_commits(tmp_path: Path) -> None:
    spec = gold_notices()
    for _ in range(12):
        append_rows(spec, tmp_path, [{"survey": "ztf"}])
    table = spec.path(tmp_path)
    assert PROPERTIES.items() <= DeltaTable(table).metadata().configuration.items()
    assert [path.name for path in (table / LOG).glob("*.checkpoint.parquet")] == [f"{9:020}.checkpoint.parquet"]
    assert len(list((table / LOG).glob("*.json"))) == 13
    assert not keep_log(table)


def test_a_table_of_today_is_given_its_log_once(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    assert keep_log(tmp_path)
    assert not keep_log(tmp_path)
    assert PROPERTIES.items() <= DeltaTable(tmp_path).metadata().configuration.items()
    assert newest_version(tmp_path) == 2


def test_a_table_that_is_being_written_is_given_its_log_another_time(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    with patch("deltalake.table.TableAlterer.set_table_properties", side_effect=CommitFailedError("somebody else")):
        assert not keep_log(tmp_path)
    assert keep_log(tmp_path)
