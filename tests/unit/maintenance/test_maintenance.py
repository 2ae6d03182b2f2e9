"""Vacuum, pruning and the state of tables, on real Delta tables without a JVM."""

import datetime as dt
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError
from typer.testing import CliRunner

from fink_lib.cli.shadow import app
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.lake import tables
from fink_lib.lake.health import MB, fewest_files, health, is_crowded
from fink_lib.lake.tables.catalogs import gold_catalog, gold_crossmatched
from fink_lib.maintenance.prune import prune, unused_checkpoints
from fink_lib.maintenance.readers import next_version, waiting
from fink_lib.maintenance.run import keep_house, state_of
from fink_lib.maintenance.vacuum import merge_small_files, retention_h, vacuum_table
from fink_lib.reprocess import shadow_life
from fink_lib.reprocess.shadow import report_of, shadow_spec, tables_of
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import get_survey
from tests.builders.lake_folder import lake_folder

NOW = dt.datetime.now(dt.UTC)
DAY_S = 86400
ZTF = get_survey("ztf")


def rows(first: int, night: str = "2021-11-22") -> pa.Table:
    ids = list(range(first, first + 5))
    return pa.table({"night": pa.array([dt.date.fromisoformat(night)] * 5), "alert_id": pa.array(ids, pa.int64())})


def fill(path: Path, appends: int = 4) -> DeltaTable:
    for number in range(appends):
        write_deltalake(str(path), rows(10 * number), mode="append", partition_by=["night"])
    return DeltaTable(str(path))


def age(table: Path, days: float) -> None:
    """Make a table as old as it would be so many days later: its commits, and what its log says of them."""
    shift_ms = int(days * DAY_S * 1000)
    for commit in sorted((table / "_delta_log").glob("*.json")):
        actions = [json.loads(line) for line in commit.read_text().splitlines()]
        for action in actions:
            for kind, key in (
                ("commitInfo", "timestamp"),
                ("remove", "deletionTimestamp"),
                ("add", "modificationTime"),
            ):
                if action.get(kind, {}).get(key) is not None:
                    action[kind][key] -= shift_ms
        commit.write_text("\n".join(json.dumps(action) for action in actions) + "\n")
    for path in table.rglob("*.parquet"):
        os.utime(path, (time.time() - days * DAY_S,) * 2)


def data_files(table: Path) -> set[str]:
    return {path.name for path in table.glob("night=*/*.parquet")}


def contents(path: Path) -> list[dict[str, Any]]:
    return sorted(DeltaTable(str(path)).to_pyarrow_table().to_pylist(), key=lambda row: row["alert_id"])


def checkpoint(settings: Settings, table: DeltaTable, version: int) -> Path:
    """Leave what a stream that read a table up to a version leaves."""
    folder = StreamSpec("ztf", Stage.ENRICH, settings).checkpoint
    (folder / "offsets").mkdir(parents=True, exist_ok=True)
    facts = {"sourceVersion": 1, "reservoirId": str(table.metadata().id), "reservoirVersion": version, "index": -1}
    (folder / "offsets" / "7").write_text(
        "v1\n" + json.dumps({"batchWatermarkMs": 0}) + "\n" + json.dumps(facts) + "\n"
    )
    return folder


def test_vacuum_removes_what_left_the_table_long_ago(settings: Settings) -> None:
    path = lake_folder(settings) / "silver_ztf__alerts"
    fill(path).optimize.compact()
    before = contents(path)
    assert vacuum_table(settings, path, NOW)["removed"] == 0  # left the table a moment ago
    assert len(data_files(path)) == 5
    age(path, days=15)
    done = vacuum_table(settings, path, NOW)
    assert (done["removed"], done["kept_because"]) == (4, "")
    assert done["removed_bytes"] > 0
    assert len(data_files(path)) == 1
    assert contents(path) == before


def test_a_table_is_left_alone_while_old_rows_wait_for_a_stream(settings: Settings) -> None:
    path = lake_folder(settings) / "bronze_ztf__alerts"
    table = fill(path)
    table.optimize.compact()
    age(path, days=15)
    folder = checkpoint(settings, table, version=2)
    done = vacuum_table(settings, path, NOW)
    assert done["removed"] == 0
    assert "rows wait for ztf.enrich/v2 since" in done["kept_because"]
    assert len(data_files(path)) == 5
    checkpoint(settings, table, version=4)  # the stream has read everything; what follows moved files only
    assert next_version(folder, str(table.metadata().id)) == 4
    assert waiting(DeltaTable(str(path)), settings.checkpoints) == []
    assert vacuum_table(settings, path, NOW)["removed"] == 4


def test_a_stream_that_lags_a_little_does_not_stop_vacuum(settings: Settings) -> None:
    path = lake_folder(settings) / "bronze_ztf__alerts"
    fill(path).optimize.compact()
    age(path, days=15)
    write_deltalake(str(path), rows(900), mode="append")
    table = DeltaTable(str(path))
    checkpoint(settings, table, version=5)
    (one,) = waiting(table, settings.checkpoints)
    assert NOW - one.since < dt.timedelta(hours=1)
    assert vacuum_table(settings, path, NOW)["removed"] == 4


def test_the_retention_cannot_be_shorter_than_a_week() -> None:
    with pytest.raises(ValueError, match="168"):
        Settings(vacuum_retention_h=24)


def test_old_versions_of_a_catalogue_stay_readable_for_years(settings: Settings) -> None:
    path = gold_catalog("stars").path(lake_folder(settings))
    fill(path).optimize.compact()
    age(path, days=100)
    assert vacuum_table(settings, path, NOW)["removed"] == 0
    assert DeltaTable(str(path), version=1).to_pyarrow_table().num_rows == 10
    shorter = settings.model_copy(update={"catalog_retention_days": 30})
    assert retention_h(shorter, path.name) == 30 * 24
    assert retention_h(shorter, "gold__catalogs") == retention_h(shorter, "bronze_ztf__alerts") == 336
    assert vacuum_table(shorter, path, NOW)["removed"] == 4


def test_matches_are_merged_and_have_targets_and_catalogues_are_left_as_loaded(settings: Settings) -> None:
    matched, catalog = gold_crossmatched(ZTF.name), gold_catalog("stars")
    for spec in (matched, catalog):
        spec.path(lake_folder(settings)).parent.mkdir(parents=True, exist_ok=True)
        schema = spec.plain_schema
        for _ in range(3):
            rows = pa.Table.from_pylist(
                [{"night": dt.date(2021, 11, 22), "catalog": "stars", "cell": 1}], schema=schema
            )
            parts = list(spec.partitioned_by)
            write_deltalake(str(spec.path(lake_folder(settings))), rows, mode="append", partition_by=parts)
    keep_house(settings, NOW)
    state = state_of(lake_folder(settings))
    assert (state[matched.full_name]["files"], state[matched.full_name]["aim_mb"]) == (1, matched.file_mb)
    assert (state[catalog.full_name]["files"], state[catalog.full_name]["aim_mb"]) == (3, 8)


def test_a_table_that_is_being_written_is_merged_another_day(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = tables.silver_rejected(ZTF.name)
    fill(spec.path(lake_folder(settings)))

    def conflict(*_: object, **__: object) -> None:
        raise CommitFailedError("somebody else was first")

    monkeypatch.setattr("deltalake.table.TableOptimizer.compact", conflict)
    assert merge_small_files(spec, lake_folder(settings)) == 0


def test_files_beside_what_they_should_be(settings: Settings) -> None:
    assert [fewest_files(size, 10) for size in (0, 1, 10 * MB, 10 * MB + 1)] == [0, 1, 1, 2]
    assert not is_crowded(1, 1, 10)
    assert is_crowded(2, 1, 10)
    assert not is_crowded(12, 100 * MB, 10)
    spec = tables.silver_rejected(ZTF.name)
    assert health(spec, lake_folder(settings)) is None
    fill(spec.path(lake_folder(settings)))
    state = health(spec, lake_folder(settings))
    assert state is not None
    assert (state.files, state.rows, state.partitions, state.fewest) == (4, 20, 1, 1)
    assert state.crowded == ("night=2021-11-22",)


def test_keeping_house_leaves_a_row_a_table(settings: Settings) -> None:
    fill(tables.silver_rejected(ZTF.name).path(lake_folder(settings)))
    for _ in range(2):  # the same day twice
        keep_house(settings, NOW)
    kept = DeltaTable(str(lake_folder(settings) / "gold__table_stats")).to_pyarrow_table().to_pylist()
    (row,) = [row for row in kept if row["table"] == "silver_ztf__rejected"]
    assert (row["files"], row["fewest"], row["crowded"], row["removed"]) == (4, 1, 1, 0)
    told = json.loads((settings.home / "upkeep.json").read_text())
    assert set(told["tables"]) == {"silver_ztf__rejected", "gold__table_stats"}
    assert told["removed"]["silver_ztf__rejected"] == {"kept_because": "", "removed": 0, "removed_bytes": 0}
    assert set(state_of(lake_folder(settings))) == {"silver_ztf__rejected", "gold__table_stats"}


def test_rows_of_no_night_are_merged_and_stay(settings: Settings) -> None:
    spec = tables.quarantine(ZTF.name)
    path = spec.path(lake_folder(settings))
    schema = spec.plain_schema
    for offset in range(4):
        row = {"night": None, "kafka_topic": "t", "kafka_partition": 0, "kafka_offset": offset, "raw": b"Obj"}
        write_deltalake(str(path), pa.Table.from_pylist([row], schema=schema), mode="append", partition_by=["night"])
    assert merge_small_files(spec, lake_folder(settings)) == 3
    assert merge_small_files(spec, lake_folder(settings)) == 0
    kept = DeltaTable(str(path)).to_pyarrow_table().to_pylist()
    assert sorted(row["kafka_offset"] for row in kept) == [0, 1, 2, 3]
    (last, *_) = DeltaTable(str(path)).history()
    assert last["operation"] == "OPTIMIZE"


def test_old_checkpoints_and_logs_go_and_those_in_use_stay(settings: Settings) -> None:
    spec = StreamSpec("ztf", Stage.INGEST, settings)
    old, fresh, used = (spec.checkpoint.parent / name for name in ("v0", "v9", spec.checkpoint.name))
    log, old_log, young_log = (
        spec.paths.log,
        settings.home / "airflow/logs/a/old.log",
        settings.home / "airflow/logs/b.log",
    )
    for folder in (old, fresh, used):
        (folder / "offsets").mkdir(parents=True)
        (folder / "offsets" / "1").write_text("v1")
    for path in (log, log.with_suffix(".log.1"), old_log, young_log):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("words")
    for path in (*old.rglob("*"), old, *used.rglob("*"), used, log, log.with_suffix(".log.1"), old_log):
        os.utime(path, (time.time() - 40 * DAY_S,) * 2)
    assert unused_checkpoints(settings) == [old, fresh]
    done = prune(settings)
    assert done["checkpoints"] == ["checkpoints/ztf.ingest/v0"]
    assert (done["logs"], done["bytes"]) == (2, 12)
    assert [path.exists() for path in (old, fresh, used)] == [False, True, True]
    assert [path.exists() for path in (log, log.with_suffix(".log.1"), old_log, young_log)] == [
        True,
        False,
        False,
        True,
    ]
    assert not old_log.parent.exists()


def test_a_shadow_that_was_stopped_long_ago_no_longer_keeps_bronze(settings: Settings) -> None:
    bronze = lake_folder(settings) / "bronze_ztf__alerts"
    table = fill(bronze)
    table.optimize.compact()
    age(bronze, days=15)
    spec = shadow_spec(settings, "ztf", "newer")
    fill(tables_of(spec) / "silver_ztf__alerts")
    other = fill(tables_of(spec) / "silver_lsst__alerts")
    shutil.copytree(checkpoint(settings, table, version=2), spec.checkpoint)
    shutil.rmtree(settings.checkpoints / "ztf.enrich")
    report_of(spec).parent.mkdir(parents=True)
    report_of(spec).write_text("a comparison")
    assert "rows wait for ztf.shadow_newer/v2" in vacuum_table(settings, bronze, NOW)["kept_because"]
    for path in (*tables_of(spec).rglob("*"), *spec.checkpoint.parent.rglob("*"), spec.checkpoint.parent):
        os.utime(path, (time.time() - 29 * DAY_S,) * 2)
    assert prune(settings)["shadows"] == []
    assert prune(settings, time.time() + 2 * DAY_S)["shadows"] == ["ztf.shadow_newer"]
    assert not spec.checkpoint.exists()
    assert other.count() == 20, "another survey's shadow of that name stays"
    assert vacuum_table(settings, bronze, NOW)["removed"] == 4
    assert report_of(spec).read_text() == "a comparison"


def test_a_shadow_is_dropped_by_command_unless_it_runs(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = shadow_spec(settings, "ztf", "newer")
    fill(tables_of(spec) / "silver_ztf__alerts")
    (spec.checkpoint / "offsets").mkdir(parents=True)
    command = ["drop", "newer", "--home", str(settings.home)]
    monkeypatch.setattr(shadow_life, "is_running", lambda _: True)
    with pytest.raises(ConfigError, match="runs: stop it first"):
        CliRunner().invoke(app, command, catch_exceptions=False)
    monkeypatch.undo()
    said = CliRunner().invoke(app, command, catch_exceptions=False).output
    gone = (tables_of(spec) / "silver_ztf__alerts", spec.checkpoint.parent)
    assert said.splitlines() == [f"removed   {path}" for path in gone]
    assert not tables_of(spec).exists()
    assert shadow_life.shadows(settings) == []
    with pytest.raises(ConfigError, match=r"there is no shadow ztf\.shadow_newer"):
        CliRunner().invoke(app, command, catch_exceptions=False)
