"""Schemas that a survey publishes: fetched where nothing else is configured, once, and read from then on."""

import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from fink_lib.config import Settings
from fink_lib.errors import HostError, PacketError
from fink_lib.simulator import ensure_schemas, published
from fink_lib.surveys import LSST, get_survey
from fink_lib.surveys.configured_schemas import ConfiguredSchemas
from fink_lib.surveys.framing import ConfluentFraming
from fink_lib.surveys.lsst.published import PUBLISHED
from fink_lib.surveys.published import Archive
from tests.unit.surveys.packets import TOY, body_of

MESSAGE = b"\x00" + (1203).to_bytes(4, "big") + body_of(TOY, {"id": 7, "text": "x"})


def archive_of(folder: Path, member: str) -> Path:
    """An archive as the package index has it, with one schema of version 12.3."""
    text = json.dumps({**TOY, "name": "alert", "namespace": "lsst.v12_3"}).encode()
    file = folder / "archive.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        facts = tarfile.TarInfo(f"lsst_alert_packet-{PUBLISHED.archive.version}/{member}/12/3/lsst.v12_3.alert.avsc")
        facts.size = len(text)
        tar.addfile(facts, io.BytesIO(text))
    return file


@pytest.fixture
def fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Archive]:
    """What was fetched; nothing else is configured."""
    asked: list[Archive] = []

    def fetch(archive: Archive, _what: str, scratch: Path) -> Path:
        asked.append(archive)
        return archive_of(scratch, PUBLISHED.member)

    monkeypatch.setattr(published, "fetch", fetch)
    for name in ("FINK_LSST_SCHEMAS", "FINK_LSST_REGISTRY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FINK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FINK_CACHE", str(tmp_path / "cache"))
    return asked


def test_they_are_fetched_once_and_tell_messages_of_their_versions(fetched: list[Archive]) -> None:
    said: list[str] = []
    for _ in range(2):
        ensure_schemas(Settings(), LSST, said.append)
    assert fetched == [PUBLISHED.archive]
    assert len(said) == 1
    source = ConfiguredSchemas("lsst", PUBLISHED)
    assert [*source.schemas()] == [1203]
    assert ConfluentFraming(source, "7.1").unwrap(MESSAGE).schema["name"] == "alert"
    assert not source.awaits


@pytest.mark.parametrize("name", ["FINK_LSST_SCHEMAS", "FINK_LSST_REGISTRY"])
def test_what_is_configured_stands_over_them(
    fetched: list[Archive], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    ensure_schemas(Settings(), LSST)
    own = tmp_path / "own"
    own.mkdir()
    (own / "1204.avsc").write_text(json.dumps(TOY))
    monkeypatch.setenv(name, str(own) if name.endswith("SCHEMAS") else "http://127.0.0.1:1/registry")
    ensure_schemas(Settings(cache=tmp_path / "other"), LSST)
    assert len(fetched) == 1
    with pytest.raises(PacketError, match="1203"):
        ConfluentFraming(ConfiguredSchemas("lsst", PUBLISHED), "7.1").unwrap(MESSAGE)


def test_a_survey_that_publishes_none_needs_none(fetched: list[Archive]) -> None:
    ensure_schemas(Settings(), get_survey("ztf"))
    assert fetched == []


def test_an_archive_without_schemas_leaves_nothing(fetched: list[Archive], tmp_path: Path) -> None:
    elsewhere = replace(LSST, published=replace(PUBLISHED, member="nowhere"))
    with pytest.raises(HostError, match="holds no schema below nowhere"):
        ensure_schemas(Settings(), elsewhere)
    assert list((tmp_path / "cache" / "schemas" / "lsst").iterdir()) == []
    assert len(fetched) == 1
