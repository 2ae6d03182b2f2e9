"""Schemas by id out of a registry: asked once, kept, shipped, scoped to the survey; and what waits while it is down."""

import pickle
from pathlib import Path

import pytest

from fink_lib.errors import PacketError
from fink_lib.surveys import Damage, configured_schemas
from fink_lib.surveys.configured_schemas import ConfiguredSchemas
from fink_lib.surveys.framing import ConfluentFraming
from tests.unit.surveys.packets import TOY, body_of
from tests.unit.surveys.registries import PREFIX, registry

OTHER = {**TOY, "name": "other"}
BODY = body_of(TOY, {"id": 7, "text": "x"})
DOWN = f"http://ada:secret@127.0.0.1:1{PREFIX}"  # nothing listens on port 1


def message(schema_id: int) -> bytes:
    return b"\x00" + schema_id.to_bytes(4, "big") + BODY


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("FINK_LSST_SCHEMAS", "FINK_LSST_REGISTRY", "FINK_ROMAN_SCHEMAS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FINK_HOME", str(tmp_path))
    return tmp_path


def test_an_id_is_asked_for_once_and_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with registry({1100: TOY, 1101: OTHER}) as there:
        monkeypatch.setenv("FINK_LSST_REGISTRY", there.url)
        source = ConfiguredSchemas("lsst")
        assert source.awaits
        assert [source.by_id(1100), source.by_id(1101), source.by_id(1100)] == [TOY, OTHER, TOY]
        assert there.asked == [1100, 1101]
        assert sorted(path.name for path in (home / "schemas" / "lsst").iterdir()) == ["1100.avsc", "1101.avsc"]
    monkeypatch.setenv("FINK_LSST_REGISTRY", DOWN)
    assert ConfiguredSchemas("lsst").by_id(1101) == OTHER
    assert dict(ConfiguredSchemas("lsst").schemas()) == {1100: TOY, 1101: OTHER}


def test_ids_are_those_of_one_survey(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Roman's packets are framed alike and numbered from 100: its schema 100 is none of Rubin's."""
    with registry({100: TOY}) as rubin, registry({100: OTHER}) as roman:
        monkeypatch.setenv("FINK_LSST_REGISTRY", rubin.url)
        monkeypatch.setenv("FINK_ROMAN_REGISTRY", roman.url)
        assert (ConfiguredSchemas("lsst").by_id(100), ConfiguredSchemas("roman").by_id(100)) == (TOY, OTHER)
    assert {path.relative_to(home).as_posix() for path in home.rglob("*.avsc")} == {
        "schemas/lsst/100.avsc",
        "schemas/roman/100.avsc",
    }


def test_registry_down_known_ids_go_on_others_wait(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (home / "schemas" / "lsst").mkdir(parents=True)
    (home / "schemas" / "lsst" / "1100.avsc").write_text('{"type": "record", "name": "toy", "fields": []}')
    monkeypatch.setenv("FINK_LSST_REGISTRY", DOWN)
    framing = ConfluentFraming(ConfiguredSchemas("lsst"))
    assert framing.unwrap(message(1100)).body == BODY
    asked = []
    real = configured_schemas.fetch_schema
    monkeypatch.setattr(configured_schemas, "fetch_schema", lambda url, one: (asked.append(one), real(url, one))[1])
    reasons = set()
    for _ in range(3):
        with pytest.raises(PacketError) as caught:
            framing.unwrap(message(1101))
        assert caught.value.error_class == Damage.SCHEMA_AWAITED
        reasons.add(caught.value.reason)
    assert asked == [1101]
    where = "127.0.0.1:1/schema-registry"
    what = f"schema id 1101 is not known here, and the registry {where} does not answer"
    assert reasons == {f"{what}: the message is replayed once it does"}
    assert "secret" not in caplog.text


def test_an_id_that_is_registered_later_is_found_without_a_restart(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configured_schemas, "ASK_AGAIN_S", 0.0)
    with registry({}) as there:
        monkeypatch.setenv("FINK_LSST_REGISTRY", there.url)
        framing = ConfluentFraming(ConfiguredSchemas("lsst"))
        with pytest.raises(PacketError, match="neither here nor to the registry") as caught:
            framing.unwrap(message(1200))
        assert caught.value.error_class == Damage.SCHEMA_AWAITED
        there.schemas[1200] = TOY
        assert framing.unwrap(message(1200)).schema == TOY
    assert (home / "schemas" / "lsst" / "1200.avsc").is_file()


def test_what_is_known_is_shipped(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An executor has neither the environment nor the home of the driver; what it lacks it asks for itself."""
    with registry({1100: TOY, 1101: OTHER}) as there:
        monkeypatch.setenv("FINK_LSST_REGISTRY", there.url)
        driver = ConfluentFraming(ConfiguredSchemas("lsst"))
        driver.unwrap(message(1100))
        shipped = pickle.dumps(driver)
        monkeypatch.delenv("FINK_LSST_REGISTRY")
        (home / "schemas" / "lsst" / "1100.avsc").unlink()
        executor = pickle.loads(shipped)  # noqa: S301 - the line above wrote it
        assert executor.unwrap(message(1100)).schema == TOY
        assert executor.unwrap(message(1101)).schema == OTHER
        assert there.asked == [1100, 1101]


def test_without_a_registry_an_unknown_id_is_damage(home: Path) -> None:
    source = ConfiguredSchemas("lsst")
    assert not source.awaits
    with pytest.raises(PacketError, match=r"schema id 1100 is not in the schema lookup") as caught:
        ConfluentFraming(source).unwrap(message(1100))
    assert caught.value.error_class == Damage.UNKNOWN_SCHEMA
    assert not (home / "schemas").exists()
