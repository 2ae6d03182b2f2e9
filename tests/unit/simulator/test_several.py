"""Files of several alerts, and archives of every kind: the same alerts offline and in play, or one clear sentence."""

import bz2
import io
import lzma
import tarfile
import zipfile
from pathlib import Path

import fastavro
import pytest

from fink_lib.errors import ConfigError
from fink_lib.offline.packets import packets_of
from fink_lib.simulator.packets import messages_of
from fink_lib.simulator.programme import read_programme
from fink_lib.simulator.reading import Content, read_path
from fink_lib.simulator.spool import Spool
from fink_lib.surveys import ZTF
from fink_lib.surveys.checks import without_defaults
from fink_lib.surveys.container import read_header

ARCHIVE = Path("ztf") / "ztf_public_20200101.tar.gz"


@pytest.fixture(scope="module")
def messages(real_alerts: Path) -> list[bytes]:
    return [content.data for content in read_path(real_alerts / ARCHIVE)][:3]


@pytest.fixture(scope="module")
def three(messages: list[bytes]) -> bytes:
    """Return one container that holds three alerts, in two blocks."""
    schema = without_defaults(read_header(messages[0]).schema)
    records = [record for message in messages for record in fastavro.reader(io.BytesIO(message))]
    file = io.BytesIO()
    fastavro.writer(file, schema, records, codec="deflate", sync_interval=60_000)
    return file.getvalue()


def test_each_alert_of_a_file_is_one_message_of_its_own_bytes(three: bytes, messages: list[bytes]) -> None:
    found = [message for message, _ in messages_of(Content("three.avro", three), ZTF)]
    assert [ZTF.framing.unwrap(message).body for message in found] == [
        ZTF.framing.unwrap(message).body for message in messages
    ]


def test_a_file_of_three_alerts_is_the_same_offline_and_in_play(three: bytes, tmp_path: Path) -> None:
    (tmp_path / "three.avro").write_bytes(three)
    ids = [packet["candid"] for packet in packets_of(tmp_path / "three.avro", ZTF)]
    assert len(set(ids)) == 3
    with Spool() as spool:
        entries, skipped = read_programme(tmp_path, ZTF, spool)
    assert sorted(entry.facts.alert_id or 0 for entry in entries) == sorted(ids)
    assert [entry.facts.expected for entry in entries] == ["bronze"] * 3
    assert skipped == []


def test_several_alerts_and_garbage_are_played_as_they_are(three: bytes) -> None:
    broken = three + b"garbage"
    assert list(messages_of(Content("three.avro", broken), ZTF)) == [(broken, False)]


@pytest.mark.parametrize("kind", ["bz2", "xz", "gz"])
def test_tar_files_are_read_however_they_are_packed(messages: list[bytes], tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"night.tar.{kind}"
    with tarfile.open(path, f"w:{kind}") as tar:
        info = tarfile.TarInfo("1.avro")
        info.size = len(messages[0])
        tar.addfile(info, io.BytesIO(messages[0]))
    assert list(read_path(path)) == [Content("1.avro", messages[0])]
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ConfigError, match="is damaged"):
        list(read_path(path))


@pytest.mark.parametrize(("suffix", "pack"), [(".bz2", bz2.compress), (".xz", lzma.compress)])
def test_single_files_are_unpacked(messages: list[bytes], tmp_path: Path, suffix: str, pack: object) -> None:
    (tmp_path / f"1.avro{suffix}").write_bytes(pack(messages[0]))  # type: ignore[operator]
    (tmp_path / f"2.avro{suffix}").write_bytes(b"damaged")
    assert list(read_path(tmp_path)) == [Content("1.avro", messages[0]), Content("2.avro", b"damaged")]


def test_an_encrypted_archive_is_said_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "night.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("1.avro", b"anything")
    raw = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(mark) + at] |= 1  # what a zip program sets when it is given a password
    path.write_bytes(raw)
    with pytest.raises(ConfigError, match=r"night.zip' is encrypted: unpack it, and give the folder"):
        list(read_path(path))
