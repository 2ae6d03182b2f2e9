"""The framing in Spark SQL reads what the framing in Python reads, and leaves everything else alone."""

import pytest
from pyspark.sql import functions as F

from fink_lib.ingest.opening import opening_of
from fink_lib.surveys import LSST, ZTF
from tests.spark.ingest.conftest import Frame

# Spark's Python side leaves sockets to the garbage collector.
pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]
SCHEMA = {"type": "record", "name": "toy", "fields": []}
# Around every size at which the length of the block takes one byte more.
SIZES = [1, 2, 61, 62, 63, 64, 65, 8190, 8191, 8192, 8193, 60_000, 1_048_574, 1_048_575, 1_048_576, 1_048_577]


def test_every_length_of_a_container_is_read_to_the_byte(frame: Frame) -> None:
    messages = [ZTF.framing.wrap(SCHEMA, bytes([size % 251]) * size) for size in SIZES]
    opening = opening_of("container")
    length = opening.prefix_of(messages[0])
    rows = frame(messages).select(opening.body(F.col("value"), F.lit(length)).alias("body")).collect()
    missed = [size for size, row in zip(SIZES, rows, strict=True) if row.body is None]
    assert missed == []
    for message, row in zip(messages, rows, strict=True):
        assert bytes(row.body) == ZTF.framing.unwrap(message).body


def test_prefixes_are_found_as_python_finds_them(frame: Frame) -> None:
    whole = ZTF.framing.wrap(SCHEMA, b"body" * 30)
    messages = [whole, whole[:-1], b"", b"x" * 100, b"\xff" * 33]
    opening = opening_of("container")
    rows = frame([*messages, None]).select(opening.candidate(F.col("value")).alias("prefix")).collect()
    lengths = [None if row.prefix is None else len(row.prefix) for row in rows]
    assert lengths == [*(opening.prefix_of(message) for message in messages), None]


@pytest.mark.parametrize("change", [-1, -17, 1])
def test_a_container_that_is_not_exact_is_left_alone(frame: Frame, change: int) -> None:
    whole = ZTF.framing.wrap(SCHEMA, b"body" * 30)
    length = opening_of("container").prefix_of(whole)
    wrong = whole[:change] if change < 0 else whole + b"x"
    two_records = whole[: (length or 0) + 16] + b"\x04" + whole[(length or 0) + 17 :]
    body = opening_of("container").body(F.col("value"), F.lit(length)).alias("body")
    assert [row.body for row in frame([wrong, two_records]).select(body).collect()] == [None, None]


def test_confluent_is_cut_after_five_bytes(frame: Frame) -> None:
    message = b"\x00\x00\x00\x03\xe8datum"
    opening = opening_of(LSST.framing.name)
    row = (
        frame([message])
        .select(opening.candidate(F.col("value")).alias("prefix"), opening.body(F.col("value"), F.lit(5)).alias("body"))
        .first()
    )
    assert row is not None
    assert (bytes(row.prefix), bytes(row.body)) == (message[:5], b"datum")
