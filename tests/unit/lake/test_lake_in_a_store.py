"""A lake in an object store reads as the same lake on a disk does: rows, versions, digests, followed logs, counts."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from fink_lib import lake
from fink_lib.config import Settings
from fink_lib.errors import ConfigError, LakeError
from fink_lib.lake.aggregates import aggregates
from fink_lib.lake.content import lake_digests
from fink_lib.lake.delta import delta_table, files_of, folder_of, is_delta_table
from fink_lib.lake.digest import table_digest
from fink_lib.lake.followed import Followed
from fink_lib.lake.health import health
from fink_lib.lake.log import entries_from, newest_version
from fink_lib.lake.parquet import parquet_metadata
from fink_lib.lake.pinned import Pinned
from fink_lib.lake.places import Held, Places
from fink_lib.lake.reading import table_names
from fink_lib.lake.rows_at import RowsAt
from fink_lib.lake.small import append_rows, read_rows
from fink_lib.lake.tables.spec import TableSpec, column
from fink_lib.lake.versions import Table
from fink_lib.science.framework.silver import silver_spec
from fink_lib.storage import LakePath, on_disk
from fink_lib.storage.paths import store_of
from fink_lib.surveys import ZTF
from fink_lib.surveys.tables import night_specs
from tests.builders.object_store import BUCKET, CREDENTIALS, object_store
from tests.builders.packet_rows import sample_packets
from tests.unit.lake.real_lake import write_silver

COUNT = 24
NAMES = pa.schema([column("name", pa.string(), "A name.")])


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Settings]]:
    """Real alerts of the sample night, with their science, in a lake on a disk and in one in a store."""
    with object_store() as url, pytest.MonkeyPatch.context() as patched:
        for name, value in CREDENTIALS.items():
            patched.setenv(name, value)
        near = Settings(home=tmp_path_factory.mktemp("near"))
        far = Settings(home=tmp_path_factory.mktemp("far"), s3_endpoint=url, lake_url=f"s3://{BUCKET}/a/lake")
        packets = sample_packets(COUNT)
        for settings in (near, far):
            write_silver(settings.lake, packets, settings.cache)
        yield near, far
        assert not list(far.home.rglob("*")), "nothing of the lake is on this host"


def silver(settings: Settings) -> LakePath:
    return silver_spec(ZTF).path(settings.lake)


def test_the_place_knows_its_store(homes: tuple[Settings, Settings]) -> None:
    near, far = homes
    assert isinstance(near.lake, Path)
    assert type(near.lake) is type(near.home), "a lake on a disk is a plain path"
    place = silver(far)
    assert str(place) == f"{far.lake_url}/silver_ztf__alerts"
    assert store_of(place) == far.store
    assert pickle.loads(pickle.dumps(place)) == place  # noqa: S301 - our own bytes
    assert is_delta_table(place)
    assert not is_delta_table(far.lake / "no_such_table")
    table = delta_table(place)
    assert folder_of(table) == place
    assert all(str(file).startswith(f"{place}/") and file.exists() for file in files_of(table))
    assert folder_of(delta_table(silver(near))) == silver(near)
    assert [file.exists() for file in files_of(delta_table(silver(near)))] == [True] * len(table.file_uris())


def test_rows_and_digests_are_the_same(homes: tuple[Settings, Settings]) -> None:
    near, far = homes
    assert table_names(far.lake) == table_names(near.lake) == ["silver_ztf__alerts"]
    rows = [lake.read("silver", "ztf", lake=one.lake).sort_by("kafka_offset") for one in homes]
    assert rows[0].num_rows == COUNT
    assert rows[0].equals(rows[1])
    assert list(lake_digests(near.lake)) == list(lake_digests(far.lake))
    assert table_digest(silver(near)) == table_digest(silver(far), version=0)
    night = rows[0]["night"][0].as_py()
    some = [lake.read("silver", "ztf", night=night, columns=["alert_id", "candidate.magpsf"],
                      where=pc.field("kafka_offset") < 5, lake=one.lake) for one in homes]  # fmt: skip
    assert some[0].num_rows > 0
    assert some[0].sort_by("alert_id").equals(some[1].sort_by("alert_id"))
    assert lake.read("silver", "ztf", columns=["alert_id"], lake=far.lake, version=0).num_rows == COUNT


def test_errors_name_the_place(homes: tuple[Settings, Settings]) -> None:
    _, far = homes
    with pytest.raises(LakeError, match=rf"no table gold__nights in {far.lake_url}; it has silver_ztf__alerts"):
        lake.read("gold", None, "nights", lake=far.lake)
    with pytest.raises(LakeError, match="no version 7; the newest is 0"):
        lake.read("silver", "ztf", lake=far.lake, version=7)


def test_pinned_versions_counts_and_files(homes: tuple[Settings, Settings]) -> None:
    near, far = homes
    found = []
    for settings in homes:
        specs = {**night_specs(ZTF), Table.SILVER: silver_spec(ZTF)}
        pinned = Pinned.now(specs, settings.lake)
        assert pinned.versions == {**dict.fromkeys(map(str, Table), None), "silver": 0}
        nights = sorted({*pinned.rows(Table.SILVER, ["night"])["night"].to_pylist()})
        rows = pinned.of_night(Table.SILVER, nights[0])
        wanted = {"rows": "count(*)", "bright": "count(DISTINCT object_id)", "mag": "min(candidate.magpsf)"}
        state = health(specs[Table.SILVER], settings.lake)
        assert state is not None
        places = [parquet_metadata(file).num_rows for file in files_of(pinned.table(Table.SILVER))]
        found.append((nights, aggregates(rows, wanted), state.rows, state.files, sum(places)))
    assert found[0] == found[1]
    assert found[0][2] == found[0][4] == COUNT
    assert newest_version(silver(near)) == newest_version(silver(far)) == 0


def test_places_in_kafka_are_found(homes: tuple[Settings, Settings]) -> None:
    found = []
    for settings in homes:
        rows = lake.read("silver", "ztf", columns=["night", "kafka_topic", "kafka_partition", "kafka_offset"],
                         lake=settings.lake).sort_by("kafka_offset")  # fmt: skip
        places = Places([Held(silver(settings))])
        topic = rows["kafka_topic"][0].as_py()
        first = rows.slice(0, 3).to_pylist()
        wanted = [(one["night"], (one["kafka_topic"], one["kafka_partition"], one["kafka_offset"])) for one in first]
        read = pa.concat_tables(RowsAt(silver(settings), ["alert_id"]).read(wanted)).sort_by("kafka_offset")
        found.append((places.mark(topic, 0), places.held(rows).tolist(), read.to_pylist()))
    assert found[0] == found[1]
    assert len(found[0][2]) == 3


def test_a_log_is_followed(homes: tuple[Settings, Settings]) -> None:
    _, far = homes
    place = far.lake / "gold__followed"
    spec = TableSpec("gold", "", "followed", NAMES, ("name",), "a name", "tests", ())
    append_rows(spec, far.lake, [{"name": "a"}])
    followed = Followed(spec.path(far.lake))
    first = followed.newest()
    assert first.version() == newest_version(place) == 1
    append_rows(spec, far.lake, [{"name": "b"}])
    assert followed.newest() is first
    assert first.version() == 2
    assert [int(one.stem) for one in entries_from(place, 1)] == [1, 2]
    assert sorted(row["name"] for row in read_rows(spec, far.lake)) == ["a", "b"]


def test_what_works_on_a_disk_only_says_so(homes: tuple[Settings, Settings]) -> None:
    near, far = homes
    assert on_disk(near.lake, "a backup") == near.lake
    with pytest.raises(ConfigError, match=rf"^a backup works on .* FINK_LAKE_URL puts them at {far.lake_url}: leave"):
        on_disk(far.lake, "a backup")


def test_a_place_needs_a_store_and_a_form(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="FINK_LAKE_URL is s3://lake/a: set FINK_S3_ENDPOINT or FINK_S3_REGION"):
        Settings(lake_url="s3://lake/a")
    for wrong in ("/a/folder", "s3://", "s3://bucket", "s3://bucket/", "s3a://bucket/a", "s3://bucket/a b"):
        with pytest.raises(ValueError, match="lake_url"):
            Settings(lake_url=wrong, s3_region="eu-west-3")
    assert Settings(home=tmp_path).lake == tmp_path / "lake"
