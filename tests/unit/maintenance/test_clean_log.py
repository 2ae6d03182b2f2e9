"""A log is cut at a checkpoint before everything that somebody may still read, and never anywhere else."""

import datetime as dt
import json
import os
import time
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from fink_lib.config import Settings
from fink_lib.lake.log import LOG, PROPERTIES
from fink_lib.lake.tables.catalogs import FOR_EVER
from fink_lib.maintenance.log import clean_log, clean_logs, last_checkpoint, version_of
from fink_lib.maintenance.run import keep_house
from fink_lib.reprocess.folder import create
from fink_lib.reprocess.request import request_from_json
from fink_lib.streams.spec import Stage, StreamSpec
from tests.builders.lake_folder import lake_folder

NOW = dt.datetime.now(dt.UTC)
DAY_S, COMMITS = 86400, 45
REQUEST = {"survey": "ztf", "first_night": "2021-11-22"}


def filled(settings: Settings, name: str = "bronze_ztf__alerts", **more: str) -> Path:
    path = lake_folder(settings) / name
    for number in range(COMMITS):
        rows = pa.table({"night": pa.array([dt.date(2021, 11, 22)]), "id": pa.array([number])})
        write_deltalake(path, rows, mode="append", configuration={**PROPERTIES, **more}, partition_by=["night"])
    return path


def age(path: Path, days: float, upto: int = COMMITS) -> None:
    for file in (path / LOG).iterdir():
        if (version := version_of(file)) is not None and version <= upto:
            os.utime(file, (time.time() - days * DAY_S,) * 2)


def versions(path: Path) -> list[int]:
    return sorted({version for file in (path / LOG).iterdir() if (version := version_of(file)) is not None})


def readable(path: Path, first: int) -> None:
    """Every version from one on can be read, and holds what it held."""
    for version in range(first, COMMITS):
        found = DeltaTable(path, version=version).to_pyarrow_table()["id"].to_pylist()
        assert sorted(found) == list(range(version + 1))


def stopped(settings: Settings, path: Path, *offsets: int) -> None:
    """Leave the checkpoint of a stream that reads the table."""
    folder = StreamSpec("ztf", Stage.ENRICH, settings).checkpoint / "offsets"
    folder.mkdir(parents=True, exist_ok=True)
    for batch, version in enumerate(offsets):
        facts = {"reservoirId": str(DeltaTable(path).metadata().id), "reservoirVersion": version, "index": -1}
        (folder / str(batch)).write_text(f"v1\n{{}}\n{json.dumps(facts)}\n")


def test_a_young_log_is_left(settings: Settings) -> None:
    path = filled(settings)
    assert clean_log(settings, path, NOW) == 0
    assert versions(path) == list(range(COMMITS))


def test_an_old_log_is_cut_at_its_last_checkpoint(settings: Settings) -> None:
    path = filled(settings)
    age(path, 15)
    assert clean_log(settings, path, NOW) == 42  # 39 commits, and the checkpoints 9, 19 and 29
    assert versions(path) == [39, 40, 41, 42, 43, 44]
    readable(path, 39)
    write_deltalake(path, pa.table({"night": [dt.date(2021, 11, 22)], "id": [COMMITS]}), mode="append")
    assert DeltaTable(path).to_pyarrow_table().num_rows == COMMITS + 1
    assert clean_log(settings, path, NOW) == 0


def test_versions_of_the_last_weeks_can_be_read(settings: Settings) -> None:
    path = filled(settings)
    age(path, 15, upto=27)
    clean_log(settings, path, NOW)
    assert versions(path)[0] == 19
    readable(path, 19)


@pytest.mark.parametrize(("offsets", "first"), [((12, 33), 9), ((33, 41), 29), ((41, 44), 39), ((3, 5), 0)])
def test_a_stream_that_is_stopped_finds_where_it_goes_on(
    settings: Settings, offsets: tuple[int, int], first: int
) -> None:
    path = filled(settings)
    age(path, 60)
    stopped(settings, path, *offsets)
    clean_log(settings, path, NOW)
    assert versions(path)[0] == first
    readable(path, first)


def test_a_version_that_a_reprocessing_is_pinned_to_is_kept_until_the_request_is_over(settings: Settings) -> None:
    path = filled(settings)
    age(path, 60)
    folder = create(settings, request_from_json({**REQUEST, "bronze_version": 31}), NOW)
    clean_log(settings, path, NOW)
    assert versions(path)[0] == 29, "asked for, and not planned yet"
    folder.write("plan", {"versions": {"bronze": 38, "silver": 2, "rejected": None}})
    folder.candidate.mkdir(parents=True)
    clean_log(settings, path, NOW)
    assert versions(path)[0] == 29
    folder.candidate.rmdir()
    clean_log(settings, path, NOW)
    assert versions(path)[0] == 39


def test_the_way_back_of_a_promotion_keeps_the_version_that_it_was_planned_on(settings: Settings) -> None:
    path = filled(settings, "silver_ztf__alerts")
    age(path, 60)
    folder = create(settings, request_from_json(REQUEST), NOW)
    folder.write("plan", {"versions": {"bronze": 1, "silver": 23}})
    folder.kept.mkdir(parents=True)
    clean_log(settings, path, NOW)
    assert versions(path)[0] == 19


def test_versions_of_a_catalogue_are_kept_for_ever(settings: Settings) -> None:
    path = filled(settings, "gold__catalog_stars", **FOR_EVER)
    age(path, 1000)
    assert clean_log(settings, path, NOW) == 0


def test_a_checkpoint_that_is_torn_is_none(settings: Settings) -> None:
    path = filled(settings)
    torn = path / LOG / f"{39:020}.checkpoint.parquet"
    torn.write_bytes(torn.read_bytes()[:100])
    assert last_checkpoint(path / LOG, time.time() + 1, COMMITS) == 29
    assert last_checkpoint(path / LOG, time.time() + 1, 28) == 19
    assert last_checkpoint(path / LOG, time.time() - DAY_S, COMMITS) is None


def test_a_lake_of_today_gets_its_logs_by_maintenance(settings: Settings) -> None:
    path = lake_folder(settings) / "bronze_ztf__alerts"
    for number in range(12):
        rows = pa.table({"night": pa.array([dt.date(2021, 11, 22)]), "id": pa.array([number])})
        write_deltalake(path, rows, mode="append", partition_by=["night"])
    result = keep_house(settings, NOW)
    assert result["logs"]["bronze_ztf__alerts"] == 0
    table = DeltaTable(path)
    assert PROPERTIES.items() <= table.metadata().configuration.items()
    assert list((path / LOG).glob("*.checkpoint.parquet"))
    assert clean_logs(settings, NOW)["bronze_ztf__alerts"] == 0
    assert table.version() == DeltaTable(path).version()
