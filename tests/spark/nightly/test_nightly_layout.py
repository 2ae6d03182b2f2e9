"""Compaction along the sky: the same rows in few files, in which cones and objects are found by reading little."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from fink_lib.lake.spark.table import read_table
from fink_lib.lake.versions import Table
from fink_lib.nightly import compact, zorder
from fink_lib.nightly.job import NightContext
from fink_lib.nightly.report.best.rows import night_files
from fink_lib.surveys.tables import night_specs
from fink_lib.testing.nights import NIGHT, bronze_row, object_name

pytestmark = [
    pytest.mark.spark,
    # pyspark leaves the socket of a `collect` to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
FILES, ROWS = 6, 400
CONE = "ra BETWEEN 100 AND 110 AND dec BETWEEN 10 AND 20"


def planted(context: NightContext, plant: Any) -> Path:
    rng = np.random.default_rng(1)
    for number in range(FILES):
        rows = []
        for at in range(ROWS):
            offset = number * ROWS + at
            place = {"ra": float(rng.uniform(0, 360)), "dec": float(np.degrees(np.arcsin(rng.uniform(-1, 1))))}
            rows.append(bronze_row(offset, object_id=object_name(offset), **place))
        plant(Table.BRONZE, rows)
    return night_specs(context.survey)[Table.BRONZE].path(context.settings.lake)


def read(context: NightContext) -> DataFrame:
    return read_table(night_specs(context.survey)[Table.BRONZE], context.session, context.settings.lake)


def ids(frame: DataFrame) -> list[int]:
    return sorted(row["alert_id"] for row in frame.select("alert_id").collect())


def groups_in_cone(path: Path) -> tuple[int, int]:
    """Count the row groups whose statistics allow an alert of the cone, and all of them."""
    allowed = every = 0
    for name in night_files(path, NIGHT, version=None):
        meta = pq.ParquetFile(name).metadata
        column = {meta.schema.column(at).path: at for at in range(meta.num_columns)}
        for group in range(meta.num_row_groups):
            ra, dec = (meta.row_group(group).column(column[axis]).statistics for axis in ("ra", "dec"))
            allowed += ra.min <= 110 and ra.max >= 100 and dec.min <= 20 and dec.max >= 10
            every += 1
    return allowed, every


def test_a_compacted_night_answers_the_same_from_less(
    context: NightContext, plant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = planted(context, plant)
    name = object_name(777)
    before = [ids(read(context)), ids(read(context).where(CONE)), ids(read(context).where(F.col("object_id") == name))]
    assert groups_in_cone(path) == (FILES, FILES)
    monkeypatch.setattr(compact, "ROW_GROUP_BYTES", 20_000)  # as many row groups as a night of millions would have
    facts = compact.run(context).result["tables"]["bronze"]
    assert (facts["before"]["files"], facts["after"]["files"], facts["fewest"]) == (FILES, 1, 1)
    after = [ids(read(context)), ids(read(context).where(CONE)), ids(read(context).where(F.col("object_id") == name))]
    assert after == before
    assert len(before[2]) == 1
    allowed, every = groups_in_cone(path)
    assert every >= 8
    assert allowed <= every / 3


def test_the_session_is_as_it_was(context: NightContext, plant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    planted(context, plant)
    monkeypatch.setattr(compact, "ROW_GROUP_BYTES", 20_000)
    spec = night_specs(context.survey)[Table.BRONZE]
    names = list(zorder.layout_conf(spec, compact.ROW_GROUP_BYTES))
    context.session.conf.set(names[0], "123456789")
    before = {name: context.session.conf.get(name, None) for name in names}
    compact.run(context)
    assert {name: context.session.conf.get(name, None) for name in names} == before
    assert before[names[0]] == "123456789"
    context.session.conf.unset(names[0])


def has_bloom(column: Any) -> bool:
    return column.bloom_filter_offset is not None


@pytest.mark.parametrize("few", [0, 2], ids=["by Spark", "in process"])
def test_objects_have_a_bloom_filter(
    context: NightContext, plant: Any, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(compact, "FEW_ROW_GROUPS", few)
    path = planted(context, plant)
    compact.run(context)
    (name,) = night_files(path, NIGHT, version=None)
    meta = pq.ParquetFile(name).metadata.row_group(0)
    blooms = {meta.column(at).path_in_schema for at in range(meta.num_columns) if has_bloom(meta.column(at))}
    assert {"object_id", "alert_id"} <= blooms
    assert "schema_version" not in blooms
