"""The framings on real packets: every released schema is known, every damaged file is named."""

import dataclasses
import json
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from fink_lib.errors import ConfigError, PacketError, SurveyError
from fink_lib.surveys import LSST, ZTF, Damage, Survey, value_at
from fink_lib.surveys.framing import ConfluentFraming, FolderSchemas, NoSchemas, check_cutouts, check_known, decode
from fink_lib.surveys.schema_source import load_folder
from tests.unit.surveys.packets import TOY, body_of, container_of, toy_message


def verdict(message: bytes, survey: Survey) -> str:
    """What the reference path says of one message."""
    try:
        datum = survey.framing.unwrap(message)
        check_known(datum.schema, survey)
        check_cutouts(decode(datum), survey)
    except PacketError as error:
        return error.error_class
    return "ok"


def verdicts(archive: Path, survey: Survey) -> Counter[str]:
    with tarfile.open(archive) as tar:
        files = [tar.extractfile(member) for member in tar if member.isfile()]
        return Counter(verdict(file.read(), survey) for file in files if file)


@pytest.fixture(scope="module")
def lsst(real_alerts: Path) -> Survey:
    return dataclasses.replace(LSST, framing=ConfluentFraming(FolderSchemas(real_alerts / "schemas" / "lsst")))


MALFORMED = {
    "021f713c_87704463155000.avro": Damage.NOT_A_PACKET,
    "1.avro": "ok",  # another survey's packet in a ZTF-like container: its object's name gives it away
    "516401801315010009.avro": Damage.BAD_SYNC_MARKER,
    "516434762915010006.avro": Damage.BAD_SYNC_MARKER,
    "msg.avro": Damage.NOT_A_PACKET,
    "part-00000-37cd0039-b99f-4557-b3dc-0ad3bb2e0c92-c000.avro": Damage.NO_RECORD,
}


def test_every_malformed_file_is_named(shared_data: Path) -> None:
    found = {file.name: verdict(file.read_bytes(), ZTF) for file in (shared_data / "malformed").iterdir()}
    assert found == MALFORMED


ARCHIVES = {
    "ztf_public_20200101": {"ok": 50},
    "ztf_mixed_versions": {"ok": 57, "unknown_schema": 1},
    "ztf_microlensing_55_nights": {"ok": 99, "no_record": 1, "several_records": 1},
}


@pytest.mark.parametrize("archive", ARCHIVES)
def test_real_ztf_archives(shared_data: Path, archive: str) -> None:
    assert verdicts(shared_data / "ztf" / f"{archive}.tar.gz", ZTF) == ARCHIVES[archive]


def test_every_released_ztf_schema_is_known_and_decodes(real_alerts: Path) -> None:
    folders = [f for f in (real_alerts / "schemas" / "ztf").iterdir() if f.name != "unversioned"]
    schemas = {folder.name: load_folder(folder, "alert") for folder in folders}
    assert len(schemas) == 14
    assert {name: verdict(container_of(schema), ZTF) for name, schema in schemas.items() if schema} == dict.fromkeys(
        schemas, "ok"
    )


def test_real_lsst_messages_with_exact_ids(real_alerts: Path, lsst: Survey) -> None:
    with tarfile.open(real_alerts / "lsst" / "lsst_v10_0_wire.tar.gz") as tar:
        for member in tar:
            file = tar.extractfile(member)
            assert file
            message = file.read()
            assert verdict(message, lsst) == "ok"
            datum = lsst.framing.unwrap(message)
            assert str(value_at(decode(datum), lsst.fields.alert_id)) == Path(member.name).stem
            assert lsst.framing.wrap(datum.schema, datum.body) == message


@pytest.mark.parametrize("folder", ["framed_real", "framed_minimal_all_versions"])
def test_captured_lsst_messages_of_all_versions(real_alerts: Path, lsst: Survey, folder: str) -> None:
    files = sorted((real_alerts / "lsst" / folder).iterdir())
    assert files
    assert {file.name: verdict(file.read_bytes(), lsst) for file in files} == dict.fromkeys(
        (f.name for f in files), "ok"
    )


def test_confluent_damage_is_named() -> None:
    framing = ConfluentFraming(NoSchemas())
    cases = {
        b"": Damage.NOT_A_PACKET,
        b"\x01\x00\x00\x00\x01x": Damage.NOT_A_PACKET,
        b"\x00\x00\x00\x00\x01": Damage.NO_RECORD,
        b"\x00\x00\x00\x00\x01x": Damage.UNKNOWN_SCHEMA,
    }
    for message, expected in cases.items():
        with pytest.raises(PacketError) as caught:
            framing.unwrap(message)
        assert caught.value.error_class == expected


def test_lsst_without_schemas_refuses_by_id(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FINK_LSST_SCHEMAS", raising=False)
    monkeypatch.setenv("FINK_CACHE", str(tmp_path))  # that of the machine may hold what Rubin publishes
    with pytest.raises(PacketError, match="schema id 1000"):
        LSST.framing.unwrap(b"\x00\x00\x00\x03\xe8datum")


def test_lsst_takes_its_schemas_from_the_settings(
    monkeypatch: pytest.MonkeyPatch, real_alerts: Path, tmp_path: Path
) -> None:
    monkeypatch.setenv("FINK_CACHE", str(tmp_path))
    message = (real_alerts / "lsst" / "framed_minimal_all_versions" / "lsst.v10_0.avro").read_bytes()
    monkeypatch.setenv("FINK_LSST_SCHEMAS", str(real_alerts / "schemas" / "lsst"))
    assert verdict(message, LSST) == "ok"
    monkeypatch.delenv("FINK_LSST_SCHEMAS")
    assert verdict(message, LSST) == Damage.UNKNOWN_SCHEMA


def test_schemas_by_flat_file_name(tmp_path: Path) -> None:
    (tmp_path / "1000.avsc").write_text(json.dumps(TOY))
    source = FolderSchemas(tmp_path)
    assert source.by_id(1000) == TOY
    assert source.id_of(dict(TOY)) == 1000
    with pytest.raises(SurveyError, match="has no id"):
        source.id_of({**TOY, "name": "other"})


def test_an_empty_schema_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no schema in"):
        FolderSchemas(tmp_path).schemas()


def test_decode_wants_all_bytes_and_no_more() -> None:
    datum = ZTF.framing.unwrap(toy_message())
    body = body_of(TOY, {"id": 7, "text": "x" * 40})
    for changed, expected in ((body[:-1], Damage.TRUNCATED), (body + b"!", Damage.TRAILING_GARBAGE)):
        with pytest.raises(PacketError) as caught:
            decode(datum._replace(body=changed))
        assert caught.value.error_class == expected
