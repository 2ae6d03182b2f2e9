"""Bronze as v0.1.0 wrote it, packets as columns: upgraded night by night, and read at an old version. No JVM."""

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from alert_lake import Row, head
from deltalake import DeltaTable, write_deltalake

from fink_lib.config import Settings
from fink_lib.errors import LakeError
from fink_lib.lake.digest import content_digest
from fink_lib.lake.formats import UPGRADING, require_current
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.writer_schemas import WriterSchemas
from fink_lib.maintenance import old_bronze
from fink_lib.maintenance.upgrade import upgrade
from fink_lib.packets.reading import PacketReader
from fink_lib.reprocess.old_bronze import readable_bronze
from fink_lib.surveys import ZTF
from fink_lib.surveys.tables import bronze_spec, packet_schema

SPEC, PACKET = bronze_spec(ZTF), packet_schema(ZTF, cutouts=True)
NEW = {"schema_sha256", "rebuilt", "kafka_key", "kafka_headers", "head", "tail"}
NIGHTS = [dt.date(2018, 11, 27), dt.date(2018, 11, 28), dt.date(2018, 11, 29)]
ROWS = 4


def old_rows(packets: list[Row], night: dt.date, first: int) -> list[Row]:
    told = {"schema_fingerprint": "ab", "schema_version": "3.3", "code_version": "0.1.0", "night": night}
    return [packet | head(packet, first + number) | told for number, packet in enumerate(packets)]


@pytest.fixture
def home(settings: Settings, packets: list[Row]) -> Settings:
    """A home with bronze of three nights, four packets each, in the columns of v0.1.0."""
    ours = [one for one in SPEC.plain_schema if one.name not in PACKET.names and one.name not in NEW]
    schema = pa.schema([*ours, ("schema_fingerprint", pa.string()), *PACKET])
    for number, night in enumerate(NIGHTS):
        rows = old_rows(packets[ROWS * number : ROWS * (number + 1)], night, ROWS * number)
        table = pa.Table.from_pylist(rows, schema=schema)
        told = {"delta.appendOnly": "true"}
        write_deltalake(str(SPEC.path(settings.lake)), table, mode="append", partition_by=["night"], configuration=told)
    return settings


def packets_of(rows: pa.Table, lake: Path) -> str:
    """Return the digest of all fields of the packets of today's bronze, with what stands beside them."""
    (batch,) = rows.combine_chunks().to_batches()
    reader = PacketReader(ZTF, PACKET, WriterSchemas(lake).text)
    packet = reader.read(*(batch.column(name) for name in ("schema_sha256", "head", "tail")))
    beside = [name for name in SPEC.schema.names if name not in {*PACKET.names, *NEW}]
    arrays = [*(batch.column(name) for name in beside), *packet.columns]
    return content_digest([pa.RecordBatch.from_arrays(arrays, names=[*beside, *packet.schema.names])])


def bronze(home: Settings, version: int | None = None) -> DeltaTable:
    return DeltaTable(str(SPEC.path(home.lake)), version=version)


def before(home: Settings) -> str:
    rows = dataset_of(bronze(home, 2)).to_table()
    return content_digest(rows.drop_columns(["schema_fingerprint"]).to_batches())


def test_every_field_is_kept_in_one_commit(home: Settings) -> None:
    with pytest.raises(LakeError, match=r"bronze_ztf__alerts in .* was written by v0\.1\.0"):
        require_current(SPEC, home.lake)
    said: list[str] = []
    (done,) = upgrade(home, said.append)
    assert (done.table, done.rows, said[-1]) == (SPEC.full_name, 12, "bronze_ztf__alerts: 12 of 12 rows")
    rows = dataset_of(bronze(home)).to_table()
    assert packets_of(rows, home.lake) == before(home)
    assert set(rows["rebuilt"].to_pylist()) == {True}
    assert [one.name for one in bronze(home).schema().fields] == SPEC.schema.names
    assert bronze(home).metadata().configuration["delta.appendOnly"] == "true"
    assert (bronze(home).protocol().min_reader_version, bronze(home).metadata().id) == (
        1,
        bronze(home, 2).metadata().id,
    )
    assert not (home.lake / UPGRADING).exists()
    assert upgrade(home) == []


@pytest.mark.parametrize("nights", [1, 2, 3])
def test_nights_that_are_done_are_not_done_again(home: Settings, monkeypatch: pytest.MonkeyPatch, nights: int) -> None:
    """The upgrade dies after some nights, or before the commit of all of them."""
    append, left = old_bronze._append, [nights]

    def dying(*words: Any) -> None:
        append(*words)
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    monkeypatch.setattr(old_bronze, "_append", dying)
    with pytest.raises(KeyboardInterrupt):
        upgrade(home)
    assert bronze(home).version() == 2
    left[0] = 100
    upgrade(home)
    assert 100 - left[0] == len(NIGHTS) - nights
    assert packets_of(dataset_of(bronze(home)).to_table(), home.lake) == before(home)


def test_what_came_after_an_upgrade_that_was_given_up_is_in_the_next(
    home: Settings, packets: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    """v0.1.0 went on with a night that was done already."""
    monkeypatch.setattr(old_bronze, "overwrite", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        upgrade(home)
    monkeypatch.undo()
    late = pa.Table.from_pylist(old_rows(packets[30:31], NIGHTS[0], 30), schema=dataset_of(bronze(home)).schema)
    write_deltalake(str(SPEC.path(home.lake)), late, mode="append")
    (done,) = upgrade(home)
    assert done.rows == 13
    assert max(dataset_of(bronze(home)).to_table(["kafka_offset"])["kafka_offset"].to_pylist()) == 15


def test_an_old_version_is_made_bytes_for_a_reprocessing_and_a_new_one_is_read_itself(home: Settings) -> None:
    upgrade(home)
    newest = bronze(home).version()
    assert readable_bronze(home, ZTF, newest, NIGHTS, home.lake / "candidate_a") == (SPEC.path(home.lake), newest)
    path, version = readable_bronze(home, ZTF, 2, NIGHTS, home.lake / "candidate_a")
    assert packets_of(dataset_of(DeltaTable(str(path), version=version)).to_table(), home.lake) == before(home)
    path, version = readable_bronze(home, ZTF, 1, NIGHTS[1:2], home.lake / "candidate_b")
    assert dataset_of(DeltaTable(str(path), version=version)).count_rows() == ROWS
