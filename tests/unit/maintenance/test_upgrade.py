"""The upgrade of a lake of v0.1.0, on Delta tables without a JVM: names, kills, refusals. Bronze: `tests/releases`."""

import dataclasses
import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import BloomFilterProperties, ColumnProperties, DeltaTable, WriterProperties, write_deltalake
from typer.testing import CliRunner

from fink_lib.cli.main import build_app
from fink_lib.config import Settings
from fink_lib.errors import LakeError
from fink_lib.lake import formats
from fink_lib.lake.digest import table_digest
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.small import ensure_small
from fink_lib.lake.tables import gold_table_stats, silver_rejected
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.maintenance.progress import Progress
from fink_lib.maintenance.upgrade import upgrade
from fink_lib.processes.identity import own_command
from fink_lib.testing.nights import rejected_row
from tests.builders.lake_folder import lake_folder

SPEC, STATS = silver_rejected("ztf"), gold_table_stats()
FIELDS = [one.with_name("is_repeat") if one.name == "is_duplicate" else one for one in SPEC.schema]
OLD = dataclasses.replace(SPEC, schema=pa.schema(FIELDS))
NIGHTS = [dt.date(2021, 11, 22), dt.date(2021, 11, 23)]
NAMED = r"silver_ztf__rejected in .* was written by v0\.1\.0.*`fink down` and run `fink lake upgrade`"


def put(spec: TableSpec, root: Path, first: int, **changes: Any) -> None:
    """Append a file of three rows to each night, the first of them a repeat."""
    for number, night in enumerate(NIGHTS):
        made = [rejected_row(first + 10 * number + at, is_duplicate=at == 0, night=night) for at in range(3)]
        rows = [row | {"is_repeat": row["is_duplicate"]} | changes for row in made]
        bloom = BloomFilterProperties(True, fpp=0.01, ndv=3)
        write_deltalake(
            str(spec.path(root)),
            pa.Table.from_pylist(rows, schema=spec.plain_schema),
            mode="append",
            partition_by=["night"],
            writer_properties=WriterProperties(
                compression="ZSTD", column_properties={"object_id": ColumnProperties(bloom_filter_properties=bloom)}
            ),
        )


@pytest.fixture
def home(settings: Settings) -> Settings:
    """A home whose lake v0.1.0 wrote: a table with an old column, live and of a shadow, and one with an old name."""
    for root in (lake_folder(settings), lake_folder(settings) / "shadow_strict"):
        for first in (0, 100):
            put(OLD, root, first)
    old = dataclasses.replace(STATS, name="upkeep")
    row = {"day": NIGHTS[0], "table": "gold__upkeep", "files": 3}
    write_deltalake(
        str(old.path(lake_folder(settings))), pa.Table.from_pylist([row], schema=old.plain_schema), partition_by=["day"]
    )
    return settings


def rejected(home: Settings) -> DeltaTable:
    return DeltaTable(str(SPEC.path(lake_folder(home))))


def test_names_change_and_nothing_else(home: Settings) -> None:
    before, old = table_digest(SPEC.path(lake_folder(home))), rejected(home)
    said: list[str] = []
    done = upgrade(home, said.append)
    assert [(one.table, one.rows) for one in done] == [
        ("shadow_strict/silver_ztf__rejected", 12),
        ("silver_ztf__rejected", 12),
        ("gold__table_stats", 0),
    ]
    assert said[-1] == "silver_ztf__rejected: 12 of 12 rows"
    now = rejected(home)
    assert table_digest(SPEC.path(lake_folder(home))) == before
    assert [one.name for one in now.schema().fields] == SPEC.schema.names
    assert (now.metadata().id, now.version()) == (old.metadata().id, old.version() + 1)
    assert now.protocol().min_reader_version == 1
    assert sum(dataset_of(now).to_table(["is_duplicate"])["is_duplicate"].to_pylist()) == 4
    assert "is_repeat" in dataset_of(old).schema.names  # the version before the upgrade is there as it was
    assert len(now.file_uris()) == len(old.file_uris()) == 4
    assert not (lake_folder(home) / "gold__upkeep").exists()
    assert dataset_of(DeltaTable(str(STATS.path(lake_folder(home))))).to_table(["files"])["files"].to_pylist() == [3]
    assert upgrade(home) == []
    formats.require_current_lake(lake_folder(home))


def test_a_file_keeps_what_readers_skip_by(home: Settings) -> None:
    upgrade(home)
    actions = pa.table(rejected(home).get_add_actions(flatten=True)).to_pylist()
    for action in actions:
        assert (action["null_count.is_duplicate"], action["max.kafka_offset"] - action["min.kafka_offset"]) == (0, 2)
        facts = pq.read_metadata(SPEC.path(lake_folder(home)) / action["path"])
        chunks = [facts.row_group(0).column(at) for at in range(facts.num_columns)]
        assert {one.compression for one in chunks} == {"ZSTD"}
        assert [one.path_in_schema for one in chunks if one.bloom_filter_offset is not None] == ["object_id"]


@pytest.mark.parametrize("files", range(1, 9))
def test_an_upgrade_that_was_killed_goes_on_where_it_stood(home: Settings, files: int) -> None:
    """It dies after so many of the eight files, and once between two tables."""
    before = table_digest(SPEC.path(lake_folder(home)))

    class KilledError(BaseException): ...

    class Dying(Progress):
        left = files

        def add(self, rows: int) -> None:
            super().add(rows)
            Dying.left -= 1
            if not Dying.left:
                raise KilledError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fink_lib.maintenance.old_names.Progress", Dying)
        with pytest.raises(KilledError):
            upgrade(home)
    written = {path: path.stat().st_mtime_ns for path in lake_folder(home).rglob("renamed-*")}
    assert len(written) == files
    with pytest.raises(LakeError, match=r"upgrade of .* was not finished"):
        formats.require_current_lake(lake_folder(home))
    assert table_digest(SPEC.path(lake_folder(home))) == before
    upgrade(home)
    assert table_digest(SPEC.path(lake_folder(home))) == before
    assert {path: path.stat().st_mtime_ns for path in written} == written
    formats.require_current_lake(lake_folder(home))


def test_a_file_that_was_cut_short_is_written_again(home: Settings) -> None:
    old = min(SPEC.path(lake_folder(home)).rglob("part-*.parquet"))
    old.with_name(f"renamed-{old.name}").write_bytes(old.read_bytes()[:100])
    before = table_digest(SPEC.path(lake_folder(home)))
    upgrade(home)
    assert table_digest(SPEC.path(lake_folder(home))) == before


def test_while_a_stream_runs_nothing_is_touched(home: Settings) -> None:
    lease = home.streams / "ztf.enrich" / "lease.json"
    lease.parent.mkdir(parents=True)
    mine = {"stream": "ztf.enrich", "spec_hash": "a", "token": "b", "pid": os.getpid(), "host": os.uname().nodename}
    started = psutil.Process().create_time()
    lease.write_text(json.dumps({**mine, "process_started_at": started, "command": own_command()}))
    with pytest.raises(LakeError, match=r"stream ztf\.enrich runs"):
        upgrade(home)
    assert "is_repeat" in [one.name for one in rejected(home).schema().fields]


def test_a_table_under_both_names_is_for_a_person(home: Settings) -> None:
    write_deltalake(str(STATS.path(lake_folder(home))), STATS.plain_schema.empty_table())
    with pytest.raises(LakeError, match="gold__upkeep is called gold__table_stats now"):
        upgrade(home)


@pytest.mark.parametrize("spec", [SPEC, STATS], ids=lambda spec: spec.full_name)
def test_nobody_writes_beside_the_old_table(home: Settings, spec: TableSpec) -> None:
    with pytest.raises(LakeError, match="run `fink lake upgrade`"):
        ensure_small(spec, lake_folder(home))


def fink(home: Settings, line: str) -> Any:
    words = [*line.split(), "--home", str(home.home)]
    return CliRunner().invoke(build_app(words), words)


@pytest.mark.parametrize(
    "line",
    [
        *("status", "up", "report 2021-11-22", "lake show", "lake vacuum", "quarantine list", "losses list"),
        *("reprocess list", "reprocess undo A --reason B", "notices list", "transfer list", "catalogs list"),
        *(
            "filters list",
            "kafka topics",
            "night play sample",
            "simulate sample",
            "lake forget fink_sso_ztf_candidates",
        ),
    ],
)
def test_every_command_on_the_tables_says_what_to_do(home: Settings, line: str) -> None:
    ended = fink(home, line)
    with pytest.raises(LakeError, match=NAMED):
        raise ended.exception or AssertionError(ended.output)


def test_commands_that_lead_to_the_upgrade_work(home: Settings) -> None:
    assert "silver_ztf__rejected" in fink(home, "lake digest").output
    assert "written by v0.1.0" not in fink(home, "doctor").output
    told = fink(home, "lake upgrade").output
    assert "silver_ztf__rejected: 12 rows have the columns of today" in told
    assert "gold__table_stats: the new name of gold__upkeep" in told
    assert fink(home, "lake upgrade").output == "nothing to upgrade\n"
