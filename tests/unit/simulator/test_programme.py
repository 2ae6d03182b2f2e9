"""What is played is in the telescope's order, complete, and each message goes where its night is."""

import gzip
import io
import tarfile
import zipfile
from datetime import date
from pathlib import Path

import pytest

from fink_lib.errors import ConfigError
from fink_lib.simulator.pace import delays_s
from fink_lib.simulator.programme import Entry, read_programme, with_repeats
from fink_lib.simulator.spool import Spool
from fink_lib.surveys import get_survey
from tests.unit.simulator.alerts import JD, message

ZTF = get_survey("ztf")


def programme(path: Path) -> tuple[list[Entry], list[str]]:
    with Spool() as spool:
        return read_programme(path, ZTF, spool)


def ids(path: Path) -> list[int | None]:
    return [entry.facts.alert_id for entry in programme(path)[0]]


def tar_of(files: dict[str, bytes], out: Path) -> Path:
    with tarfile.open(out, "w:gz") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out


def test_order_is_by_time_then_id_whatever_the_file_names(tmp_path: Path) -> None:
    files = {"a.avro": message(3, jd=JD + 0.1), "b.avro": message(2), "c.avro": message(1)}
    assert ids(tar_of(files, tmp_path / "x.tar.gz")) == [1, 2, 3]


def test_folders_archives_and_compressed_files_give_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "one.avro").write_bytes(message(1))
    (folder / "deep" / "two.avro.gz").write_bytes(gzip.compress(message(2)))
    tar_of({"three.avro": message(3)}, folder / "three.tgz")
    with zipfile.ZipFile(folder / "four.zip", "w") as archive:
        archive.writestr("four.avro", message(4))
    assert ids(folder) == [1, 2, 3, 4]
    assert ids(folder / "one.avro") == [1]


def test_what_is_no_packet_is_named_and_what_looks_like_one_is_played(tmp_path: Path) -> None:
    files = {
        "README.md": b"read me",
        "index.csv": b"a,b",
        ".hidden.avro": b"",
        "one.avro": message(1),
        "empty.avro": b"",
        "damaged.bin": b"nonsense",
        "no_suffix": message(2),
    }
    entries, skipped = programme(tar_of(files, tmp_path / "x.tar"))
    assert skipped == ["README.md", "index.csv", ".hidden.avro"]
    assert {entry.file: entry.facts.expected for entry in entries} == {
        "one.avro": "bronze",
        "empty.avro": "quarantine:not_a_packet",
        "damaged.bin": "quarantine:not_a_packet",
        "no_suffix": "bronze",
    }


def test_undatable_packets_go_with_the_packet_before_them(tmp_path: Path) -> None:
    files = {
        "0.avro": b"",
        "1.avro": message(1, jd=JD + 1),
        "2.avro": b"nonsense",
        "3.avro": message(3),
    }
    entries, _ = programme(tar_of(files, tmp_path / "x.tar"))
    assert [entry.file for entry in entries] == ["0.avro", "3.avro", "1.avro", "2.avro"]
    assert [entry.night for entry in entries] == [date(2021, 11, 22)] * 2 + [date(2021, 11, 23)] * 2
    assert [entry.facts.night for entry in entries][::3] == [None, None]


def test_a_second_arrival_is_expected_as_a_repeat(tmp_path: Path) -> None:
    files = {"1.avro": message(1), "2.avro": message(1), "3.avro": message(2)}
    entries = with_repeats(programme(tar_of(files, tmp_path / "x.tar"))[0])
    assert [entry.facts.expected for entry in entries] == ["bronze", "repeat", "bronze"]


def test_an_object_stays_on_one_partition(tmp_path: Path) -> None:
    files = {f"{n}.avro": message(n, object_id=f"ZTF{n % 5}") for n in range(20)}
    entries, _ = programme(tar_of(files, tmp_path / "x.tar"))
    placed = {(entry.facts.object_id, entry.partition(4)) for entry in entries}
    assert len(placed) == 5
    assert len({partition for _, partition in placed}) > 1


@pytest.mark.parametrize("name", ["missing", "empty_folder", "cut.tar.gz", "bad.zip"])
def test_what_cannot_be_played_is_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty_folder").mkdir()
    whole = tar_of({f"{n}.avro": message(n) for n in range(3)}, tmp_path / "whole.tar.gz").read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "bad.zip").write_bytes(b"PK nonsense")
    with pytest.raises(ConfigError, match=name):
        programme(tmp_path / name)


def test_a_play_that_cannot_be_dated_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.avro").write_bytes(b"nonsense")
    with pytest.raises(ConfigError, match="dated"):
        programme(tmp_path)


def test_messages_leave_at_the_rate_or_in_exposures(tmp_path: Path) -> None:
    files = {f"{n}.avro": message(n, jd=JD + n // 2 * 0.01) for n in range(6)}
    entries, _ = programme(tar_of(files, tmp_path / "x.tar"))
    assert list(delays_s(entries, 10.0, None)) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert list(delays_s(entries, None, 30.0)) == [0.0, 0.0, 30.0, 30.0, 60.0, 60.0]
    assert set(delays_s(entries, None, None)) == {0.0}
    late = [entries[index] for index in (2, 0, 3, 4, 1, 5)]
    assert list(delays_s(late, None, 30.0)) == [0.0, 0.0, 0.0, 30.0, 30.0, 30.0]
