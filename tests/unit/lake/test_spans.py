"""Which offsets `published` holds: the sums say what the rows say, whatever was added, moved or taken away."""

import datetime as dt
import json
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from hypothesis import given
from hypothesis import strategies as st

from fink_lib.lake.places import Spans, SpansFile, gaps_between, runs_in, spans, union

OLD = '{"nights": {"2021-11-01": 1}, "runs": [["a", 0, [0, 3]]]}'  # without ids of topics
SCHEMA = pa.schema([("night", pa.date32()), ("topic", pa.string()), ("partition", pa.int32()), ("offset", pa.int64())])


def put(table: Path, night: int | None, *places: tuple[str, int, int], mode: str = "append") -> None:
    date = None if night is None else dt.date(2021, 11, night)
    rows = [{"night": date, "topic": topic, "partition": part, "offset": at} for topic, part, at in places]
    only = f"night = '{date}'" if mode == "overwrite" else None
    found = pa.Table.from_pylist(rows, schema=SCHEMA)
    write_deltalake(table, found, mode=mode, partition_by=["night"], predicate=only)  # type: ignore[call-overload]


def looked(table: Path, file: SpansFile) -> tuple[Spans, list[str]]:
    with patch.object(spans, "runs_of_night", wraps=spans.runs_of_night) as read:
        found = file.of(DeltaTable(table))
    return found, [call.args[1] for call in read.call_args_list]


@pytest.fixture
def file(tmp_path: Path) -> SpansFile:
    return SpansFile(tmp_path / "spans.json")


def test_a_night_that_grows_is_read_again_and_the_others_are_not(tmp_path: Path, file: SpansFile) -> None:
    table = tmp_path / "table"
    put(table, 1, ("a", 0, 0), ("a", 0, 1), ("a", 0, 3))
    put(table, None, ("a", 1, 7))
    assert looked(table, file)[1] == ["", "2021-11-01"]
    put(table, 2, ("a", 0, 2), ("b", 0, 0))
    found, read = looked(table, file)
    assert read == ["2021-11-02"]
    assert found.runs == {("a", None, 0): [(0, 3)], ("a", None, 1): [(7, 7)], ("b", None, 0): [(0, 0)]}
    assert (found.rows, found.offsets) == (6, 6)


def test_compaction_is_no_change(tmp_path: Path, file: SpansFile) -> None:
    table = tmp_path / "table"
    for offset in range(3):
        put(table, 1, ("a", 0, offset))
    before, _ = looked(table, file)
    DeltaTable(table).optimize.compact()
    assert looked(table, file) == (before, [])


def test_what_stands_twice_makes_more_rows_than_offsets(tmp_path: Path, file: SpansFile) -> None:
    table = tmp_path / "table"
    put(table, 1, ("a", 0, 0), ("a", 0, 1))
    looked(table, file)
    put(table, 2, ("a", 0, 1))
    found, _ = looked(table, file)
    assert (found.rows, found.offsets) == (3, 2)


def test_a_night_that_lost_rows_makes_all_of_it_be_summed_up_anew(tmp_path: Path, file: SpansFile) -> None:
    table = tmp_path / "table"
    put(table, 1, ("a", 0, 0), ("a", 0, 1))
    put(table, 2, ("b", 0, 0), ("a", 0, 2))
    looked(table, file)
    put(table, 2, ("a", 0, 2), mode="overwrite")
    found, read = looked(table, file)
    assert read == ["2021-11-01", "2021-11-02"]
    assert found.runs == {("a", None, 0): [(0, 2)]}


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"nights": {"2021-11-01": 1}}', json.dumps({"runs": [["a"]]}), OLD]
)
def test_a_file_that_is_damaged_is_made_anew(tmp_path: Path, file: SpansFile, content: str) -> None:
    put(tmp_path / "table", 1, ("a", 0, 4))
    (tmp_path / "spans.json").write_text(content)
    assert looked(tmp_path / "table", file)[0].runs == {("a", None, 0): [(4, 4)]}


@given(one=st.sets(st.integers(0, 30), min_size=1), other=st.sets(st.integers(0, 30), min_size=1))
def test_runs_are_the_offsets(one: set[int], other: set[int]) -> None:
    parts = [run for mine in (one, other) for run in runs_in(np.array(sorted(mine)))]
    joined = union(parts)
    there = {at for first, last in joined for at in range(first, last + 1)}
    missing = {at for first, last in gaps_between(joined) for at in range(first, last + 1)}
    assert there == one | other
    assert missing == set(range(min(there), max(there))) - there
    assert len(joined) == len(list(runs_in(np.array(sorted(there)))))


def with_ids(*places: tuple[str | None, int]) -> Spans:
    """Sum up offsets of one topic and partition, each under an id."""
    ids = dict.fromkeys(topic_id for topic_id, _ in places)
    return Spans({}, {("a", one, 0): list(runs_in(np.array([at for i, at in places if i == one]))) for one in ids})


def test_offsets_of_a_topic_that_was_made_anew_are_others() -> None:
    found = with_ids(("old", 0), ("old", 1), ("new", 0))
    assert found.offsets == 3
    assert found.there({"a": "new"}) == {("a", 0): [(0, 0)]}
    assert found.gone({"a": "new"}) == {("a", "old"): 2}
    assert found.there({"a": "newest"}) == {}
    assert found.gone({"a": "newest"}) == {("a", "old"): 2, ("a", "new"): 1}


def test_what_was_recorded_before_ids_were_is_of_the_first_topic_that_has_one() -> None:
    before, after = with_ids((None, 0), (None, 1)), with_ids((None, 0), (None, 1), ("new", 2))
    assert before.there({"a": "new"}) == {("a", 0): [(0, 1)]}
    assert after.there({"a": "new"}) == {("a", 0): [(0, 2)]}
    assert after.there({"a": "newer"}) == {}
    assert after.gone({"a": "newer"}) == {("a", None): 2, ("a", "new"): 1}


def test_where_kafka_gives_no_ids_all_offsets_are_those_of_one_topic() -> None:
    assert with_ids(("old", 0), (None, 1)).there({"a": None}) == {("a", 0): [(0, 1)]}


def test_a_topic_that_does_not_exist_is_told_apart_where_there_were_two() -> None:
    assert with_ids(("old", 0)).there({}) == {("a", 0): [(0, 0)]}
    assert with_ids(("old", 0), ("new", 0)).gone({}) == {("a", "old"): 1, ("a", "new"): 1}
