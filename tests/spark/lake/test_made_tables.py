"""Tables as they are made: the log of each says what that of v0.1.0 said, by Spark and without it alike."""

import json
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession
from pyspark.sql.types import StructType

from fink_lib.lake.log import PROPERTIES
from fink_lib.lake.small import ensure_small
from fink_lib.lake.spark.table import ensure_table, read_table, spark_schema
from fink_lib.lake.tables import TableSpec, gold_catalog, gold_crossmatch, gold_table_stats, silver_rejected
from fink_lib.lake.tables.partner import PARTNER_NAMES
from fink_lib.science.framework.registry import stream_modules
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import ZTF
from tests.unit.lake.pinned_tables import pinned_tables

pytestmark = pytest.mark.spark

PINNED = pinned_tables()
SPECS = (silver_rejected("ztf"), silver_spec(ZTF), gold_crossmatch("ztf"), gold_catalog("gcvs"), gold_table_stats())


def told(path: Path) -> dict[str, Any]:
    """Return what the first commit of a table says of it."""
    log = (path / "_delta_log" / f"{0:020}.json").read_text().splitlines()
    (meta,) = (line["metaData"] for line in map(json.loads, log) if "metaData" in line)
    return meta


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.full_name)
def test_spark_makes_the_table_of_v0_1_0(spec: TableSpec, spark: SparkSession, tmp_path: Path) -> None:
    meta, pinned = told(ensure_table(spec, spark, tmp_path)), PINNED[spec.full_name]
    struct = StructType.fromJson(json.loads(meta["schemaString"]))
    assert struct == spark_schema(spec)
    made = {one.name: one.dataType.simpleString() for one in struct}
    outputs = {out.name for module in stream_modules("ztf") for out in module.outputs}  # new ones come into silver
    outputs |= set(PARTNER_NAMES)
    assert {name: kind for name, kind in made.items() if name in pinned["columns"] or name not in outputs} == pinned[
        "columns"
    ]
    assert meta["description"] == pinned["comment"]
    assert meta["partitionColumns"] == pinned["partitioned_by"]
    assert meta["configuration"] == {
        "delta.appendOnly": str(pinned["append_only"]).lower(),
        "delta.dataSkippingNumIndexedCols": str(pinned["indexed_columns"]),
        **PROPERTIES,
        **pinned["properties"],
    }


def test_a_table_made_without_spark_is_read_and_left_as_it_is_by_spark(spark: SparkSession, tmp_path: Path) -> None:
    spec = gold_table_stats()
    ensure_small(spec, tmp_path)
    before = told(spec.path(tmp_path))
    assert '"metadata":{}' in before["schemaString"].replace(" ", "")
    assert "meaning" not in before["schemaString"]
    assert StructType.fromJson(json.loads(before["schemaString"])) == spark_schema(spec)
    assert ensure_table(spec, spark, tmp_path) == spec.path(tmp_path)
    assert DeltaTable(str(spec.path(tmp_path))).version() == 0
    assert read_table(spec, spark, tmp_path).schema == spark_schema(spec)
