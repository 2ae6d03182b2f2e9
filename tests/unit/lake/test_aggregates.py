"""Aggregates in Spark's words, computed without Spark: over structs, nulls, absent columns, and more than fits."""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest
from sqlglot.errors import ParseError

from fink_lib.lake.aggregates import aggregates, holds, repeated
from fink_lib.lake.rows import Rows

ROWS = Rows(
    ds.dataset(
        pa.table(
            {
                "key": pa.array([1, 1, 2, None, None]),
                "part": pa.array(["a", "a", "a", "b", "b"]),
                "candidate": pa.array([{"rb": 0.5}, {"rb": None}, None, {"rb": float("nan")}, {"rb": 0.9}]),
                "names": pa.array([["x"], [], None, ["x", "y"], ["y"]]),
            }
        )
    )
)


def count(text: str, rows: Rows = ROWS) -> object:
    return aggregates(rows, {"found": text})["found"]


def test_null_counts_as_false_and_nothing_but_null_as_none() -> None:
    assert count(holds("candidate.rb < 0.6")) == 1
    assert count(holds("CAST(NULL AS DOUBLE) > 1")) == 0
    assert count(holds("candidate.rb < 0.6"), ROWS.chosen(pc.field("key") == 9)) == 0


def test_a_column_that_is_not_there_is_null() -> None:
    assert count(holds("candidate.no_such IS NULL AND absent IS NULL")) == 5
    assert count("count(*)") == 5


def test_lists_are_asked_as_spark_is_asked() -> None:
    assert count(holds("array_contains(names, 'x')")) == 2
    assert count(holds("size(filter(names, each -> each = 'y')) > 0")) == 2


def test_a_row_without_a_whole_key_repeats_none() -> None:
    assert count(repeated(("key",))) == 1
    assert count(repeated(("key", "part"))) == 1
    assert count(repeated(("part",))) == 3


def test_only_rows_of_the_condition_are_counted() -> None:
    assert count("count(*)", ROWS.chosen(pc.field("part") == "b")) == 2


def test_what_does_not_fit_into_memory_is_counted_on_disk() -> None:
    keys = pa.table({"key": pa.array([f"{number % 500_000:064d}" for number in range(1_000_000)])})
    found = aggregates(Rows(ds.dataset(keys)), {"twice": repeated(("key",))}, memory="60MB")
    assert found == {"twice": 500_000}


def test_a_text_that_is_no_sql_says_so() -> None:
    with pytest.raises(ParseError, match="rb"):
        count("count_if(rb >")
