"""Rows in memory become a whole frame, whatever pieces they lie in; what is left beside them is all the rest."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyspark.sql import SparkSession

from fink_lib.lake.places.held import PLACES
from fink_lib.lake.spark.arrow_rows import frame_of
from fink_lib.lake.spark.left import left
from fink_lib.lake.tables import KAFKA_KEY

pytestmark = pytest.mark.spark
HELD = {("v9", 0): 19, ("v7", 1): 0, ("v11", 0): 11, ("v11", 2): 4}  # of one partition nothing stands in the tables


def places(topic: str, partition: int, first: int, last: int) -> pa.Table:
    offsets = np.arange(first, last)
    return pa.table([[topic] * len(offsets), [partition] * len(offsets), offsets], schema=PLACES)


@pytest.fixture
def taken() -> pa.Table:
    return pa.concat_tables([PLACES.empty_table(), *(places(*where, 0, count) for where, count in HELD.items())])


def test_a_piece_without_rows_ends_nothing(spark: SparkSession, taken: pa.Table) -> None:
    assert [piece.num_rows for piece in taken.to_batches()] == [0, 19, 0, 11, 4]
    found = frame_of(spark, taken).toArrow()
    assert found.num_rows == taken.num_rows == 34
    assert sorted(map(str, found.to_pylist())) == sorted(map(str, taken.to_pylist()))


def test_what_a_filter_leaves_is_there(spark: SparkSession) -> None:
    rows = pa.concat_tables([places("v9", part, 0, 300) for part in range(4)])
    few = rows.filter(pc.not_equal(rows["kafka_partition"], 1))
    assert frame_of(spark, few).count() == few.num_rows == 900


def test_what_is_left_is_all_that_is_not_taken(spark: SparkSession, taken: pa.Table) -> None:
    more = pa.concat_tables([places(*where, 0, count + 5) for where, count in HELD.items()])
    rest = left(frame_of(spark, more), taken).toArrow()
    counts = dict.fromkeys(HELD, 0)
    for row in rest.to_pylist():
        counts[row[KAFKA_KEY[0]], row[KAFKA_KEY[1]]] += 1
        assert row[KAFKA_KEY[2]] >= HELD[row[KAFKA_KEY[0]], row[KAFKA_KEY[1]]]
    assert counts == dict.fromkeys(HELD, 5)
