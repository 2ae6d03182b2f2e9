"""A small lake with a ZTF night in it."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from fink_lib.config import Settings
from fink_lib.kafka.reading import Watermarks
from fink_lib.lake.spark.table import ensure_table, spark_schema
from fink_lib.lake.versions import Table
from fink_lib.nightly.job import NightContext
from fink_lib.surveys import get_survey
from fink_lib.surveys.tables import night_specs
from fink_lib.testing.nights import (
    COUNTED,
    NIGHT,
    OUTPUT,
    TOPIC,
    FakeKafka,
    bronze_row,
    counted_row,
    published_row,
    quarantine_row,
    rejected_row,
    silver_row,
)


@pytest.fixture
def context(settings: Settings, spark: SparkSession) -> NightContext:
    """One night of ZTF in a home of the test's own, on the shared session."""
    context = NightContext(settings, get_survey("ztf"), NIGHT, "run-1")
    context.__dict__["session"] = spark
    return context


Plant = Callable[[Table, list[dict[str, Any]]], Path]


def append_rows(spark: SparkSession, lake: Path, table: Table, rows: list[dict[str, Any]]) -> Path:
    spec = night_specs(get_survey("ztf"))[table]
    path = ensure_table(spec, spark, lake)
    names = {fld.name for fld in spec.schema}
    kept = [{name: value for name, value in row.items() if name in names} for row in rows]
    frame = spark.createDataFrame(kept, spark_schema(spec))
    frame.coalesce(1).write.format("delta").mode("append").save(str(path))
    return path


@pytest.fixture
def plant(spark: SparkSession, settings: Settings) -> Plant:
    """Append rows to a table of the lake."""
    return partial(append_rows, spark, settings.lake)


@pytest.fixture(scope="session")
def good_lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten messages: offsets 0-5 silver, 6 rejected, 7 a repeat, 8 quarantined in enrich, 9 damaged; two sent."""
    lake = tmp_path_factory.mktemp("good-lake")
    append = partial(append_rows, spark, lake)
    append(Table.BRONZE, [bronze_row(offset) for offset in range(9)])
    append(Table.SILVER, [silver_row(offset) for offset in range(6)])
    append(Table.REJECTED, [rejected_row(6), rejected_row(7, is_repeat=True)])
    enrich = quarantine_row(8, stage="enrich", night=NIGHT, alert_id=1_000_008, error_class="bad_value")
    append(Table.QUARANTINE, [enrich, quarantine_row(9)])
    append(Table.PUBLISHED, [published_row(0, 1), published_row(1, 4), *(counted_row(offset) for offset in range(6))])
    return lake


@pytest.fixture
def good_night(good_lake: Path, settings: Settings) -> FakeKafka:
    """A copy of the good lake for one test, and the Kafka that it came from."""
    shutil.copytree(good_lake, settings.lake)
    return FakeKafka({(TOPIC, 0): Watermarks(0, 10), (OUTPUT, 0): Watermarks(0, 2), (COUNTED, 0): Watermarks(0, 6)})
