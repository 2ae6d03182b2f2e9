"""A rule means in this process what it means in Spark, which ingest splits by: row by row, over every planted fault."""

import math
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from pyspark.sql import SparkSession

from expectations.suites import SUITES
from fink_lib.lake.rows import Rows
from fink_lib.lake.spark.rules import holds
from fink_lib.lake.spark.table import spark_schema
from fink_lib.lake.versions import Table
from fink_lib.quality.run_suites import count_rules
from fink_lib.surveys import ZTF
from fink_lib.surveys.tables import night_specs
from tests.builders.nights import GOOD, PLANTS

pytestmark = [
    pytest.mark.spark,
    # pyspark leaves the socket of a `collect` to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
ODD_NUMBERS = (None, math.nan, math.inf, -math.inf, 1e300, -0.0, 360.0, 0.55, 1.0)
ODD_TEXTS = (None, "", "ZTF21aaaaaaa ", "ztf21aaaaaaa", "ünïcode", "ZTF21aaaaaaaZTF21aaaaaab")


def odd_rows(table: Table, names: set[str]) -> Iterator[dict[str, Any]]:
    good = GOOD[table](40)
    for name in sorted({"ra", "dec", "time"} & names):
        yield from ({**good, name: value} for value in ODD_NUMBERS)
    yield from ({**good, "object_id": text} for text in ODD_TEXTS if "object_id" in names)
    if "candidate" in names:
        for value in ODD_NUMBERS:
            yield {**good, "candidate": {**good["candidate"], "rb": value, "drb": value, "magpsf": value}}
        yield {**good, "candidate": None}
    for errors in (None, {}, {"a": None}, {"a": "failed: x"}, {"a": "of no use", "b": "failed: y"}):
        yield from ({**good, "science_errors": errors} for _ in range("science_errors" in names))
    if "partner_id" in names:
        whole = {"partner_id": "313", "partner_survey": "lsst", "partner_tables": "t 1", "partner_sep_arcsec": 0.5}
        yield from ({**good, **whole, "partner_chance": chance} for chance in ODD_NUMBERS)
        yield {**good, "partner_id": "313"}
    yield dict.fromkeys(good)


@pytest.mark.parametrize("table", list(Table))
def test_each_rule_says_of_each_row_what_spark_says(spark: SparkSession, table: Table) -> None:
    spec = night_specs(ZTF)[table]
    names = set(spec.schema.names)
    spoiled = [plant.spoiled(GOOD[table](at), GOOD[table](0)) for at, plant in enumerate(PLANTS[table])]
    rows = [{name: row.get(name) for name in names} for row in (*spoiled, GOOD[table](60), *odd_rows(table, names))]
    rules = SUITES.rows[table].rules(ZTF)
    frame = spark.createDataFrame(rows, spark_schema(spec)).coalesce(1)
    expected = frame.select(*(holds(one.rule).alias(one.column) for one in rules)).collect()
    arrow = pa.Table.from_pylist(rows, schema=spec.plain_schema)
    for at, row in enumerate(rows):
        facts = count_rules(Rows(ds.dataset(arrow.slice(at, 1))), rules, ()).facts
        assert {name: share == 1.0 for name, share in facts.items()} == expected[at].asDict(), row
