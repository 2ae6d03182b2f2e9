"""Compaction along the sky: the same rows in few files, in which cones and objects are found by reading little."""

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from fink_lib.lake.versions import Table
from fink_lib.nightly import compact, sky_order
from fink_lib.nightly.job import NightContext
from fink_lib.nightly.report.highlights.rows import night_files
from fink_lib.surveys.tables import night_specs
from fink_lib.testing.nights import NIGHT, bronze_row, object_name
from tests.builders.lake_folder import lake_folder

FILES, ROWS = 6, 400
CONE = (pc.field("ra") >= 100) & (pc.field("ra") <= 110) & (pc.field("dec") >= 10) & (pc.field("dec") <= 20)


def planted(context: NightContext, plant: Any) -> Path:
    rng = np.random.default_rng(1)
    for number in range(FILES):
        rows = []
        for at in range(ROWS):
            offset = number * ROWS + at
            place = {"ra": float(rng.uniform(0, 360)), "dec": float(np.degrees(np.arcsin(rng.uniform(-1, 1))))}
            rows.append(bronze_row(offset, object_id=object_name(offset), **place))
        plant(Table.BRONZE, rows)
    return night_specs(context.survey)[Table.BRONZE].path(lake_folder(context.settings))


def ids(path: Path, where: pc.Expression | None = None) -> list[int]:
    found: list[int] = DeltaTable(str(path)).to_pyarrow_dataset().to_table(["alert_id"], filter=where)[0].to_pylist()
    return sorted(found)


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
    mine = pc.field("object_id") == name
    before = [ids(path), ids(path, CONE), ids(path, mine)]
    assert groups_in_cone(path) == (FILES, FILES)
    monkeypatch.setattr(compact, "ROW_GROUP_BYTES", 20_000)  # as many row groups as a night of millions would have
    facts = compact.run(context).result["tables"]["bronze"]
    assert (facts["before"]["files"], facts["after"]["files"], facts["fewest"]) == (FILES, 1, 1)
    after = [ids(path), ids(path, CONE), ids(path, mine)]
    assert after == before
    assert len(before[2]) == 1
    allowed, every = groups_in_cone(path)
    assert every >= 8
    assert allowed <= every / 3


def test_the_curve_is_that_of_morton_over_ranks() -> None:
    ra, dec = np.array([300.0, 10.0, 10.5, 200.0]), np.array([-80.0, -79.0, 70.0, 60.0])
    ranks = [(3, 0), (0, 1), (1, 3), (2, 2)]  # of ra and dec, as quarters of the whole
    highest = [sum((r >> b & 1) << 2 * b | (d >> b & 1) << 2 * b + 1 for b in range(2)) for r, d in ranks]
    codes = sky_order.sky_codes([ra, dec])
    assert [int(code) >> 2 * (sky_order.RANK_BITS - 2) for code in codes] == highest


def test_many_files_in_little_memory_are_the_same_rows_and_no_news_to_streams(
    context: NightContext, plant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = planted(context, plant)
    other = NIGHT.replace(day=23)
    plant(Table.BRONZE, [bronze_row(9_000_000, night=other)])
    before = DeltaTable(str(path)).to_pyarrow_table().sort_by("alert_id")
    monkeypatch.setattr(compact, "ROW_GROUP_BYTES", 20_000)
    monkeypatch.setattr(sky_order, "fewest_files", lambda *_: 5)
    monkeypatch.setattr(sky_order, "BATCH_BYTES", 10_000)
    monkeypatch.setattr(sky_order, "BUCKET_BYTES", 100_000)  # several of each file
    monkeypatch.setattr(compact, "is_crowded", lambda *_: True)
    (path / f".compacting-{NIGHT}").mkdir()  # of one that was killed
    compact.run(context)
    table = DeltaTable(str(path))
    assert table.to_pyarrow_table().sort_by("alert_id").equals(before)
    assert compact.partition_files(path, NIGHT)["files"] == 5
    assert compact.partition_files(path, other)["files"] == 1
    entry = [json.loads(line) for line in (path / f"_delta_log/{table.version():020d}.json").read_text().splitlines()]
    changes = [one[kind]["dataChange"] for one in entry for kind in ("add", "remove") if kind in one]
    assert changes == [False] * (FILES + 5)
    assert not list(path.glob(".compacting-*"))
    limits = pa.table(table.get_add_actions(flatten=True))
    assert limits["min.kafka_time"].null_count == 0  # the limits are those that a writer notes, times included


def test_a_stream_that_commits_first_is_waited_for(
    context: NightContext, plant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = planted(context, plant)
    monkeypatch.setattr(compact, "ROW_GROUP_BYTES", 20_000)
    linked = sky_order.link_files

    def append_meanwhile(*given: Any) -> Any:
        plant(Table.BRONZE, [bronze_row(9_000_000)])
        return linked(*given)

    monkeypatch.setattr(sky_order, "link_files", append_meanwhile)
    compact.run(context)
    assert len(ids(path)) == FILES * ROWS + 1
    assert compact.partition_files(path, NIGHT)["files"] == 2  # the one that came meanwhile, and the night's


def test_nights_that_are_compacted_at_once_are_not_taken_for_one_another(
    context: NightContext, plant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = planted(context, plant)
    other = NIGHT.replace(day=23)
    for offset in range(9_000_000, 9_000_003):
        plant(Table.BRONZE, [bronze_row(offset, night=other)])
    monkeypatch.setattr(compact, "ROW_GROUP_BYTES", 1)
    steps = itertools.count(200, -10)  # the one that began later commits first
    monkeypatch.setattr(sky_order.time, "time_ns", lambda: next(steps))
    compact.run(replace(context, night=other))
    compact.run(context)
    assert [compact.partition_files(path, night)["files"] for night in (NIGHT, other)] == [1, 1]


def has_bloom(column: Any) -> bool:
    return column.bloom_filter_offset is not None


@pytest.mark.parametrize("few", [0, 2], ids=["in the order of the sky", "as they came"])
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
