from pathlib import Path

import pytest

from fink_lib.ingest.writers import Writers, fingerprint, trusted_writer, version_of
from fink_lib.surveys import LSST, ZTF
from tests.unit.ingest.messages import compressed, with_unknown_field, ztf_message, ztf_schema


def test_a_plain_packet_names_its_writer() -> None:
    message = ztf_message()
    writer = trusted_writer(message, ZTF)
    assert writer is not None
    assert message.startswith(writer.prefix)
    assert writer.version == str(ztf_schema()["version"])
    assert len(writer.fingerprint) == 16


@pytest.mark.parametrize("codec", ["deflate", "snappy"])
def test_compressed_packets_are_not_for_the_fast_path(codec: str) -> None:
    assert trusted_writer(compressed(ztf_message(), codec), ZTF) is None


def test_an_unknown_field_is_never_trusted() -> None:
    assert trusted_writer(with_unknown_field(ztf_message()), ZTF) is None


def test_damaged_packets_teach_nothing() -> None:
    message = ztf_message()
    assert trusted_writer(message[:-20], ZTF) is None
    assert trusted_writer(message + b"garbage", ZTF) is None
    assert trusted_writer(b"", ZTF) is None


def test_writers_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "writers" / "ztf.json"
    writers = Writers(path, ZTF)
    assert len(writers.learn([ztf_message(1), ztf_message(2)])) == 1
    assert writers.learn([ztf_message(3)]) == []
    assert Writers(path, ZTF).known == writers.known


def test_a_writer_that_the_code_no_longer_accepts_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "ztf.json"
    Writers(path, ZTF).learn([ztf_message()])
    path.write_text(path.read_text().replace('\\"objectId\\"', '\\"objectIdentity\\"'))
    assert Writers(path, ZTF).known == ()


def test_fingerprint_is_of_the_schema_and_not_of_its_documentation() -> None:
    schema = ztf_schema()
    assert fingerprint(schema) == fingerprint({**schema, "doc": "an alert"})
    assert fingerprint(schema) != fingerprint({**schema, "fields": schema["fields"][:-1]})


def test_version_is_what_the_schema_or_its_number_says() -> None:
    assert version_of(b"", {"version": "3.3"}, ZTF) == "3.3"
    assert version_of(b"", {}, ZTF) is None
    assert version_of(b"\x00" + (1002).to_bytes(4, "big"), {}, LSST) == "10.2"
