"""A backup that is made while others write is whole, and a home that is made of it is the home of one moment."""

import datetime as dt
import json
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Producer
from deltalake import DeltaTable

from fink_lib.backup import job
from fink_lib.backup.copying import copy_database, copy_table
from fink_lib.backup.order import tables_in_order
from fink_lib.config import Settings
from fink_lib.errors import ConfigError, LakeError
from fink_lib.lake.log import newest_version
from fink_lib.lake.small import append_rows
from fink_lib.lake.versions import Table
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import get_survey
from fink_lib.surveys.tables import night_specs
from fink_lib.testing.nights import bronze_row, published_row, silver_row
from tests.builders.lake_folder import lake_folder

SPECS = night_specs(get_survey("ztf"))


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """A home whose Kafka is librdkafka's own imitation of one, with three messages on a topic."""
    producer = Producer({"bootstrap.servers": "", "test.mock.num.brokers": 1})
    brokers = producer.list_topics(timeout=10).brokers.values()
    producer.produce("fink_sso_ztf", b"1", partition=0)
    producer.flush(10)
    yield Settings(home=tmp_path / "home", kafka_bootstrap=",".join(f"{one.host}:{one.port}" for one in brokers))
    del producer


def flow(lake: Path, offset: int) -> None:
    """Let an alert pass the stages, one after the other."""
    append_rows(SPECS[Table.BRONZE], lake, [bronze_row(offset)])
    append_rows(SPECS[Table.SILVER], lake, [silver_row(offset)])
    append_rows(SPECS[Table.PUBLISHED], lake, [published_row(offset, offset)])


@contextmanager
def alerts_arrive(settings: Settings, first: int) -> Iterator[None]:
    """Let alerts pass for as long as the block lasts."""
    end = threading.Event()

    def work() -> None:
        offset = first
        while not end.is_set():
            flow(lake_folder(settings), offset)
            offset += 1

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def ids(lake: Path, table: Table) -> set[int]:
    return set(DeltaTable(str(SPECS[table].path(lake))).to_pyarrow_table(columns=["alert_id"])["alert_id"].to_pylist())


def said(_: str) -> None:
    """Say nothing."""


def test_what_a_later_stage_has_the_earlier_ones_have_too(settings: Settings, tmp_path: Path) -> None:
    for offset in range(3):
        flow(lake_folder(settings), offset)
    with alerts_arrive(settings, 3):
        facts = job.create(settings, tmp_path / "backup", said)
    job.restore(tmp_path / "backup", tmp_path / "other", said)
    lake = tmp_path / "other" / "lake"
    bronze, silver, published = (ids(lake, table) for table in (Table.BRONZE, Table.SILVER, Table.PUBLISHED))
    assert published <= silver <= bronze
    assert len(published) >= 3
    assert facts["topics"]["fink_sso_ztf"]["0"] == (0, 1)
    flow(lake, 10_000)
    assert 1_010_000 in ids(lake, Table.PUBLISHED), "the restored tables can be written"


def test_a_stream_that_is_behind_finds_what_a_compaction_replaced(settings: Settings, tmp_path: Path) -> None:
    for offset in range(3):
        flow(lake_folder(settings), offset)
    table = SPECS[Table.BRONZE].path(lake_folder(settings))
    DeltaTable(str(table)).optimize.compact()
    at = newest_version(table)
    append_rows(SPECS[Table.BRONZE], lake_folder(settings), [bronze_row(9)])
    copy_table(table, at, tmp_path / "copy")
    copied = DeltaTable(str(tmp_path / "copy"))
    assert (copied.version(), copied.count()) == (at, 3), "what came after the version is left out"
    assert DeltaTable(str(tmp_path / "copy"), version=2).count() == 2, "an earlier version can be read"


def test_old_entries_of_a_log_may_go_while_it_is_copied(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes a table cleans its log up, behind a checkpoint."""
    for offset in range(4):
        flow(lake_folder(settings), offset)
    table = SPECS[Table.SILVER].path(lake_folder(settings))
    at = newest_version(table)
    DeltaTable(str(table)).create_checkpoint()
    copied_by = shutil.copy2

    def cleaned_up_meanwhile(source: Path, target: Path) -> object:
        if source.name in {f"{version:020}.json" for version in (0, 1)}:
            source.unlink()
        return copied_by(source, target)

    monkeypatch.setattr(shutil, "copy2", cleaned_up_meanwhile)
    copy_table(table, at, tmp_path / "copy")
    copied = DeltaTable(str(tmp_path / "copy"))
    assert (copied.version(), copied.count()) == (at, 4)


def test_silver_is_taken_before_the_bronze_that_it_was_made_of(settings: Settings) -> None:
    flow(lake_folder(settings), 0)
    order = [path.name for path in tables_in_order(lake_folder(settings))]
    assert order == ["gold_ztf__published", "silver_ztf__alerts", "bronze_ztf__alerts"]


def test_what_belongs_to_a_process_stays_behind_and_a_database_is_copied_whole(
    settings: Settings, tmp_path: Path
) -> None:
    spec = StreamSpec("ztf", Stage.ENRICH, settings)
    offsets = spec.checkpoint / "offsets"
    offsets.mkdir(parents=True)
    (offsets / "0").write_text("v1")
    (spec.checkpoint / "attempts.json").write_text("{}")
    spec.paths.root.mkdir(parents=True)
    for name in ("lease.json", "heartbeat.json", "replays.json", "driver.log"):
        (spec.paths.root / name).write_text("{}")
    (settings.home / "kafka").mkdir()
    (settings.home / "kafka" / "segment.log").write_text("x")
    (settings.home / "airflow" / "logs").mkdir(parents=True)
    (settings.home / "airflow" / "logs" / "task.log").write_text("x")
    (settings.home / "airflow").chmod(0o700)
    with closing(sqlite3.connect(settings.home / "airflow" / "airflow.db")) as database:
        database.execute("create table run (id)")
        database.execute("insert into run values (7)")
        database.commit()
        database.execute("insert into run values (8)")  # not committed: it is not of the moment
        job.create(settings, tmp_path / "backup", said)
    job.restore(tmp_path / "backup", tmp_path / "other", said)
    other = tmp_path / "other"
    kept = {str(path.relative_to(other)) for path in other.rglob("*") if path.is_file()}
    checkpoint = "checkpoints/ztf.enrich/v2"
    assert kept == {
        f"{checkpoint}/offsets/0", f"{checkpoint}/attempts.json", "airflow/airflow.db",
        "streams/ztf.enrich/heartbeat.json", "streams/ztf.enrich/replays.json",
    }  # fmt: skip
    assert (other / "airflow").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o700
    with closing(sqlite3.connect(other / "airflow" / "airflow.db")) as database:
        assert database.execute("select id from run").fetchall() == [(7,)]


@pytest.mark.parametrize("how", ["damaged", "missing"])
def test_a_backup_that_is_not_whole_is_refused(settings: Settings, tmp_path: Path, how: str) -> None:
    flow(lake_folder(settings), 0)
    backup = tmp_path / "backup"
    job.create(settings, backup, said)
    assert job.check(backup).wrong == ()
    (victim,) = (backup / "home" / "lake" / "bronze_ztf__alerts").rglob("*.parquet")
    if how == "missing":
        victim.unlink()
    else:
        victim.write_bytes(victim.read_bytes()[:-1])
    assert any(str(victim.relative_to(backup)) in sentence for sentence in job.check(backup).wrong)
    with pytest.raises(LakeError, match="is not whole"):
        job.restore(backup, tmp_path / "other", said)
    assert not (tmp_path / "other").exists()


def test_nothing_is_written_over(settings: Settings, tmp_path: Path) -> None:
    flow(lake_folder(settings), 0)
    with pytest.raises(ConfigError, match="lies in the home"):
        job.create(settings, settings.home / "backup", said)
    job.create(settings, tmp_path / "backup", said)
    with pytest.raises(ConfigError, match="is there already"):
        job.create(settings, tmp_path / "backup", said)
    with pytest.raises(ConfigError, match="is not empty"):
        job.restore(tmp_path / "backup", settings.home, said)
    with pytest.raises(ConfigError, match=r"is no backup: it has no backup\.json"):
        job.check(settings.home)
    (tmp_path / "other" / "logs").mkdir(parents=True)  # what the command itself writes there
    job.restore(tmp_path / "backup", tmp_path / "other", said)
    index = json.loads((tmp_path / "backup" / "backup.json").read_text())
    assert dt.datetime.fromisoformat(index["created_at"]).tzinfo is not None


@pytest.mark.parametrize("folder", ["night #7", "50%20", "what?", "a&b=c"])
def test_a_database_is_copied_whatever_its_folder_is_called(tmp_path: Path, folder: str) -> None:
    source = tmp_path / folder / "airflow.db"
    source.parent.mkdir()
    with closing(sqlite3.connect(source)) as database:
        database.execute("create table run (id integer)")
        database.execute("insert into run values (7)")
        database.commit()
    copy_database(source, tmp_path / "copy" / "airflow.db")
    with closing(sqlite3.connect(tmp_path / "copy" / "airflow.db")) as database:
        assert database.execute("select id from run").fetchall() == [(7,)]
