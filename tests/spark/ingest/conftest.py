from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pytest

from fink_lib.config import Settings
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import ZTF, Survey

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from fink_lib.ingest.stream import BatchWriter

Frame = Callable[[Sequence[bytes | None]], "DataFrame"]
HEADERS = [("trace", bytearray(b"7"))]
Writer = Callable[..., "BatchWriter"]


@pytest.fixture
def writer(spark: "SparkSession", settings: Settings) -> Writer:
    """A function that makes a batch writer of the test's own home, as a driver does when it starts."""
    from fink_lib.ingest.stream import BatchWriter, configure

    def make(survey: Survey = ZTF) -> "BatchWriter":
        configure(spark)
        return BatchWriter(spark, StreamSpec(survey.name, Stage.INGEST, settings), survey)

    return make


@pytest.fixture
def frame(spark: "SparkSession") -> Frame:
    """A function that puts messages into a frame as Kafka's source does, at offsets from 0."""
    import datetime as dt

    columns = "key binary, value binary, topic string, partition int, offset long, timestamp timestamp"
    columns += ", headers array<struct<key string, value binary>>"
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)

    def make(messages: Sequence[bytes | None]) -> "DataFrame":
        rows = [
            (b"key", None if message is None else bytearray(message), "t", 0, offset, moment, HEADERS)
            for offset, message in enumerate(messages)
        ]
        return spark.createDataFrame(rows, columns)

    return make
