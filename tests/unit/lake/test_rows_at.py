"""Rows of a table at places in Kafka: all that are there, each once, out of no more files than may hold them."""

import datetime as dt
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from fink_lib.lake.parquet import parquet_file
from fink_lib.lake.rows_at import Place, RowsAt

NIGHTS = (dt.date(2021, 11, 22), dt.date(2021, 11, 23))


def write(path: Path, night: dt.date, places: list[Place]) -> None:
    topics, partitions, offsets = zip(*places, strict=True)
    rows = {
        "night": pa.array([night] * len(places), pa.date32()),
        "kafka_topic": pa.array(topics),
        "kafka_partition": pa.array(partitions, pa.int32()),
        "kafka_offset": pa.array(offsets, pa.int64()),
        "head": pa.array([repr(place).encode() for place in places]),
    }
    write_deltalake(str(path), pa.table(rows), mode="append", partition_by=["night"])


def read(rows: RowsAt, wanted: list[tuple[dt.date, Place]]) -> list[Place]:
    found = [row for table in rows.read(wanted) for row in table.to_pylist()]
    places = [(row["kafka_topic"], row["kafka_partition"], row["kafka_offset"]) for row in found]
    assert [row["head"] for row in found] == [repr(place).encode() for place in places]
    return sorted(places)


def test_what_is_there_is_read_and_later_commits_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "table"
    many = [("t", number % 3, number) for number in range(100)]
    write(path, NIGHTS[0], many)
    write(path, NIGHTS[1], [("t", 0, 200), ("u~2", 0, 3)])
    rows = RowsAt(path, ["head"])
    wanted = [(NIGHTS[0], place) for place in (*many[5:50:7], ("t", 0, 1000), ("v", 0, 3))]
    assert read(rows, wanted) == sorted(many[5:50:7])
    assert read(rows, [(NIGHTS[1], ("u~2", 0, 3)), (NIGHTS[0], ("t", 0, 3))]) == [("t", 0, 3), ("u~2", 0, 3)]
    assert read(rows, [(NIGHTS[0], ("t", 0, 200)), (dt.date(1999, 1, 1), ("t", 0, 3))]) == []
    assert read(rows, []) == []
    write(path, NIGHTS[1], [("t", 0, 201)])
    assert read(rows, [(NIGHTS[1], ("t", 0, 201))]) == [("t", 0, 201)]
    write(path, NIGHTS[1], [("t", 0, 201)])
    assert read(rows, [(NIGHTS[1], ("t", 0, 201))]) == [("t", 0, 201)] * 2, "what stands twice is told twice"


def test_files_that_cannot_hold_a_place_are_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "table"
    for number in range(10):
        write(path, NIGHTS[0], [("t", 0, 10 * number + at) for at in range(10)])
    rows = RowsAt(path, ["head"])
    with patch("fink_lib.lake.rows_at.parquet_file", wraps=parquet_file) as opened:
        assert read(rows, [(NIGHTS[0], ("t", 0, offset)) for offset in (41, 47)]) == [("t", 0, 41), ("t", 0, 47)]
    assert opened.call_count == 1
    DeltaTable(str(path)).optimize.compact()
    with patch("fink_lib.lake.rows_at.parquet_file", wraps=parquet_file) as opened:
        assert read(rows, [(NIGHTS[0], ("t", 0, offset)) for offset in (1, 99)]) == [("t", 0, 1), ("t", 0, 99)]
    assert opened.call_count == 1
