"""Files that may hold places: what was committed since is all that is read, and the answer is that of a new look."""

import datetime as dt
import json
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from fink_lib.lake import place_files
from fink_lib.lake.delta import delta_table
from fink_lib.lake.log import entry
from fink_lib.lake.place_files import PlaceFiles

NIGHT = dt.date(2021, 11, 22)
ALL = {("t", 0): np.array([0, 10**6])}


def write(path: Path, first: int, night: dt.date | None = NIGHT, topic: str = "t") -> None:
    rows = {
        "night": pa.array([night] * 10, pa.date32()),
        "kafka_topic": pa.array([topic] * 10),
        "kafka_partition": pa.array([0] * 10, pa.int32()),
        "kafka_offset": pa.array(range(first, first + 10), pa.int64()),
        "head": pa.array([b"x"] * 10),
    }
    write_deltalake(str(path), pa.table(rows), mode="append", partition_by=["night"])


def followed(files: PlaceFiles, *, anew: bool) -> list[str]:
    with patch.object(place_files, "delta_table", wraps=delta_table) as opened:
        files.follow()
    assert opened.called == anew
    return sorted(files.of(str(NIGHT), ALL))


def test_what_was_committed_since_is_all_that_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a table"
    for first in range(0, 50, 10):
        write(path, first)
    files = PlaceFiles(path)
    assert len(followed(files, anew=True)) == 5
    write(path, 50)
    write(path, 60, dt.date(2021, 11, 23))
    write(path, 70, None)
    write(path, 80, topic="another")
    assert len(followed(files, anew=False)) == 6
    assert len(files.of(str(NIGHT), {("t", 0): np.array([41, 47])})) == 1
    assert len(files.of(str(NIGHT), {("t", 0): np.array([55]), ("t", 1): np.array([3])})) == 1
    assert len(files.of(str(NIGHT), {("another", 0): np.array([0, 85])})) == 1
    DeltaTable(str(path)).optimize.compact()
    assert followed(files, anew=False) == followed(PlaceFiles(path), anew=True)
    DeltaTable(str(path)).delete("kafka_offset < 20")
    assert followed(files, anew=False) == followed(PlaceFiles(path), anew=True)


def test_a_log_that_was_cleaned_or_begun_again_is_read_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "table"
    write(path, 0)
    files = PlaceFiles(path)
    followed(files, anew=True)
    write(path, 10)
    write(path, 20)
    DeltaTable(str(path)).create_checkpoint()
    entry(path, 1).unlink()
    assert len(followed(files, anew=True)) == 3
    other = tmp_path / "other"
    write(other, 0, topic="new")
    path.rename(tmp_path / "old")
    other.rename(path)
    assert followed(files, anew=True) == []


def test_a_file_without_statistics_may_hold_anything(tmp_path: Path) -> None:
    path = tmp_path / "table"
    write(path, 0)
    files = PlaceFiles(path)
    followed(files, anew=True)
    bare = {"path": "night%3D2021-11-22/x%20y.parquet", "partitionValues": {"night": str(NIGHT)}, "size": 1}
    bare |= {"modificationTime": 0, "dataChange": True}
    entry(path, 1).write_text(json.dumps({"add": bare}) + "\n")
    assert len(followed(files, anew=False)) == 2
    assert files.of(str(NIGHT), {("nobody", 7): np.array([1])}) == ["night=2021-11-22/x y.parquet"]
    assert followed(PlaceFiles(path), anew=True) == followed(files, anew=False)
