"""A place in an object store: what a store does not tell is an error, and no place is taken for another one."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem
from typer.testing import CliRunner

from fink_lib.cli import backup
from fink_lib.config import Settings
from fink_lib.errors import ConfigError, StoreSilent
from fink_lib.host import ports
from fink_lib.lake.formats import require_current_lake
from fink_lib.lake.log import checkpointed, newest_version
from fink_lib.lake.reading import open_table, table_names
from fink_lib.storage import LakePath, Store
from fink_lib.storage.paths import in_store, place_named
from tests.builders.object_store import CREDENTIALS

HERE = Store("http://localhost:1")


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> LakePath:
    """A lake in a store that nothing answers for, by a client that asks once."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    host = f"{ports.LOOPBACK}:{ports.free_ports(1)[0]}"
    once = AwsStandardS3RetryStrategy(max_attempts=1)
    client = S3FileSystem(region="us-east-1", endpoint_override=host, scheme="http", retry_strategy=once)
    monkeypatch.setattr(Store, "file_system", lambda _: client)
    return in_store("s3://lake/a", Store(f"http://{host}"))


@pytest.mark.parametrize(
    "asked",
    [
        table_names,
        require_current_lake,
        newest_version,
        checkpointed,
        lambda place: open_table(place, "gold__nights"),
        lambda place: place.exists(),
        lambda place: place.is_dir(),
        lambda place: place.is_file(),
        lambda place: list(place.glob("*/_delta_log")),
        lambda place: list(place.iterdir()),
    ],
)
def test_a_store_that_does_not_answer_is_no_empty_lake(asked: Callable[[LakePath], object], silent: LakePath) -> None:
    with pytest.raises(StoreSilent, match=r"does not tell what is at lake/a.*check that it runs"):
        asked(silent)


def test_a_log_that_cannot_be_read_is_no_young_table(tmp_path: Path) -> None:
    (tmp_path / "_delta_log" / "_last_checkpoint").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        checkpointed(tmp_path)


def test_a_request_that_hangs_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        store = Store(f"http://{ports.LOOPBACK}:{server.getsockname()[1]}")
        with pytest.raises(StoreSilent, match="does not answer: timed out"):
            store.ask("GET", "lake/one", timeout_s=0.05)


@pytest.mark.parametrize(
    ("uri", "store", "place"),
    [
        ("/lake/a", None, "/lake/a"),
        ("file:///lake/a%20b", None, "/lake/a b"),
        ("s3://lake/a/x%3D1", HERE, "s3://lake/a/x=1"),
        ("s3a://lake/a/", HERE, "s3://lake/a"),
    ],
)
def test_an_address_is_a_place_of_its_store(uri: str, store: Store | None, place: str) -> None:
    assert str(place_named(uri, store)) == place


@pytest.mark.parametrize(
    ("uri", "store", "words"),
    [
        ("s3://lake/a/x", None, "s3://lake/a/x is not in a folder of this host, where tables are"),
        ("s3a://lake/a", None, "is not in a folder of this host"),
        ("file:///lake/a", HERE, "is not in the object store at http://localhost:1, where tables are"),
        ("/lake/a", HERE, "is not in the object store"),
        ("gs://lake/a", HERE, "gs://lake/a is not in the object store"),
    ],
)
def test_an_address_elsewhere_is_refused(uri: str, store: Store | None, words: str) -> None:
    with pytest.raises(ConfigError, match=f"{words}.*FINK_LAKE_URL"):
        place_named(uri, store)


@pytest.mark.parametrize("letter", ["#", "?", "%20", "%", " ", "\\", "é"])
def test_a_lake_has_no_address_that_is_read_as_another(letter: str) -> None:
    for url in (f"s3://lake/a{letter}b", f"s3://la{letter}ke/a"):
        with pytest.raises(ValueError, match="lake_url"):
            Settings(lake_url=url, s3_region="eu-west-3")


def test_every_address_that_is_allowed_is_the_place_that_it_names() -> None:
    url = "s3://my.lake-1/a/B_c.d-e!f*g'h(i)/9"
    place = Settings(lake_url=url, s3_region="eu-west-3").lake
    assert str(place) == url == str(place_named(url, Store()))


def test_a_backup_is_not_restored_to_where_nobody_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINK_LAKE_URL", "s3://lake/a")
    monkeypatch.setenv("FINK_S3_REGION", "eu-west-3")
    done = CliRunner().invoke(backup.app, ["restore", str(tmp_path / "backup"), "--home", str(tmp_path / "home")])
    assert isinstance(done.exception, ConfigError)
    assert "a restore works on tables in a folder only, and FINK_LAKE_URL puts them" in str(done.exception)
