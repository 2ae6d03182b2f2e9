"""Which places stand in tables, by files that are written and read without a JVM."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from fink_lib.lake.places import Held, Places, Range, ranges_of
from fink_lib.lake.places import held as files

Place = tuple[str, int, int]
Append = Callable[..., None]


def rows(found: Sequence[Place], stage: str | None = None) -> pa.Table:
    topics, partitions, offsets = zip(*found, strict=True) if found else ((), (), ())
    columns = {
        "kafka_topic": pa.array(topics, pa.string()),
        "kafka_partition": pa.array(partitions, pa.int32()),
        "kafka_offset": pa.array(offsets, pa.int64()),
    }
    if stage is not None:
        columns["stage"] = pa.array([stage] * len(found), pa.string())
    return pa.table(columns)


@pytest.fixture
def tables(tmp_path: Path) -> list[Held]:
    """Two tables, one of which other stages write too."""
    return [Held(tmp_path / "silver"), Held(tmp_path / "quarantine", "enrich")]


@pytest.fixture
def append(tables: list[Held]) -> Append:
    def write(number: int, found: Sequence[Place], stage: str = "enrich") -> None:
        table = rows(found, stage if tables[number].stage else None)
        write_deltalake(str(tables[number].path), table, mode="append")

    return write


def test_no_table_holds_nothing(tables: list[Held]) -> None:
    held = Places(tables)
    assert held.mark("t", 0) == -1
    assert not held.held(rows([("t", 0, 0)])).any()
    assert not Places([]).may_hold([Range("t", 0, 0, 5)])


def test_a_place_is_held_by_any_of_the_tables_and_by_its_own_stage_alone(tables: list[Held], append: Append) -> None:
    append(0, [("t", 0, 0), ("t", 0, 2), ("t", 1, 7), ("other", 0, 1)])
    append(1, [("t", 0, 1)])
    append(1, [("t", 0, 3), ("t", 0, 9)], stage="ingest")
    held = Places(tables)
    asked = [
        ("t", 0, 0),
        ("t", 0, 1),
        ("t", 0, 2),
        ("t", 0, 3),
        ("t", 1, 2),
        ("t", 1, 7),
        ("other", 0, 1),
        ("new", 0, 0),
    ]
    assert held.held(rows(asked)).tolist() == [True, True, True, False, False, True, True, False]
    assert (held.mark("t", 0), held.mark("t", 1), held.mark("t", 2)) == (2, 7, -1)


def test_what_this_process_writes_itself_is_not_looked_up(
    tables: list[Held], append: Append, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(0, [("t", 0, 5)])
    held = Places(tables)
    assert not held.may_hold([Range("t", 0, 6, 9)])
    append(0, [("t", 0, offset) for offset in range(6, 10)])
    monkeypatch.setattr(pq, "ParquetFile", None)  # nothing is opened
    assert not held.held(rows([("t", 0, 10), ("t", 0, 11)])).any()


def test_what_was_written_is_looked_up_when_it_comes_again(tables: list[Held], append: Append) -> None:
    held = Places(tables)
    batch = rows([("t", 0, 0), ("t", 0, 1)])
    assert not held.held(batch).any()
    append(0, [("t", 0, 0), ("t", 0, 1)])
    held.advance(one for one, _ in ranges_of(batch))
    assert held.held(rows([("t", 0, 1), ("t", 0, 2)])).tolist() == [True, False]


def test_after_a_failure_everything_is_looked_up_again(tables: list[Held], append: Append) -> None:
    held = Places(tables)
    assert not held.held(rows([("t", 0, 0), ("t", 0, 1)])).any()
    append(0, [("t", 0, 0)])  # the first of two tables, before the driver failed
    held.reset()
    assert held.held(rows([("t", 0, 0), ("t", 0, 1)])).tolist() == [True, False]


def test_marks_are_those_of_all_files_and_few_are_opened(
    tables: list[Held], append: Append, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    everything: set[Place] = set()
    for batch in range(40):
        found = [("t", int(part), batch * 10 + int(rng.integers(10))) for part in rng.permutation(3)]
        append(batch % 2, found)
        everything |= set(found)
    opened: list[str] = []
    honest = files._File.read

    def counted(self: Any, table: Any) -> Any:
        opened.append(str(self.place))
        return honest(self, table)

    monkeypatch.setattr(files._File, "read", counted)
    held = Places(tables)
    expected = {part: max(offset for _, one, offset in everything if one == part) for part in range(3)}
    assert {part: held.mark("t", part) for part in range(3)} == expected
    assert len(opened) <= 4
    asked = [("t", part, offset) for part in range(3) for offset in range(420)]
    assert held.held(rows(asked)).tolist() == [place in everything for place in asked]
