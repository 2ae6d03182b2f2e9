"""The step that merges a night into the objects: which nights it takes, and what it tells."""

import datetime as dt
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from fink_lib.lake import read
from fink_lib.lake.versions import Table
from fink_lib.nightly import objects
from fink_lib.nightly.job import NightContext
from fink_lib.surveys.tables import night_specs
from fink_lib.testing.nights import NIGHT, silver_row
from tests.builders.night_lake import Plant

BEFORE = NIGHT - dt.timedelta(days=1)


def names(context: NightContext) -> set[str]:
    return set(read("gold", "ztf", "objects", lake=context.settings.lake)["object_id"].to_pylist())


def test_a_night_is_merged_and_its_alerts_counted(context: NightContext, plant: Plant) -> None:
    plant(Table.SILVER, [silver_row(0), silver_row(1), silver_row(2, object_id=None)])
    plant(Table.SILVER, [silver_row(3, night=BEFORE)])  # of a night that nobody closed yet
    result = objects.run(context).result
    assert (result["objects"], result["moving"], result["nameless"]) == (2, 0, 1)
    assert result["nights"] == [NIGHT.isoformat()]
    assert result["paired"]["pairs"] == 0
    assert names(context) == {silver_row(at)["object_id"] for at in (0, 1)}


def test_nights_that_a_reprocessing_replaced_are_merged_with_it(context: NightContext, plant: Plant) -> None:
    path = plant(Table.SILVER, [silver_row(0), silver_row(1, night=BEFORE)])
    for night in (BEFORE, NIGHT):
        objects.run(NightContext(context.settings, context.survey, night, "run-1"))
    assert names(context) == {silver_row(at)["object_id"] for at in (0, 1)}
    schema = night_specs(context.survey)[Table.SILVER].plain_schema
    promoted: dict[str, Any] = silver_row(1, night=BEFORE, object_id="ZTF21promoted")
    table = DeltaTable(str(path))
    rows = pa.Table.from_pylist([promoted], schema=schema)
    write_deltalake(table, rows, mode="overwrite", predicate=f"night = '{BEFORE}'")
    result = objects.run(context).result
    assert result["nights"] == [BEFORE.isoformat(), NIGHT.isoformat()]
    assert names(context) == {silver_row(0)["object_id"], "ZTF21promoted"}
    assert objects.run(context).result["nights"] == [NIGHT.isoformat()]


def test_a_night_without_silver(context: NightContext) -> None:
    assert objects.run(context).result["objects"] == 0
    assert names(context) == set()
