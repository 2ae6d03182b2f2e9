"""Every fault is the damage it claims to be, is additional, and is the same for the same seed."""

from collections import Counter
from pathlib import Path

import pytest

from fink_lib.errors import ConfigError
from fink_lib.simulator.faults import inject
from fink_lib.simulator.programme import Entry, read_programme, with_repeats
from fink_lib.simulator.request import Fault
from fink_lib.simulator.spool import Spool
from fink_lib.surveys import get_survey
from tests.unit.simulator.alerts import JD, message

ZTF = get_survey("ztf")
FAULTS = {
    Fault.DUPLICATE: 7,
    Fault.TRUNCATED: 6,
    Fault.CORRUPT: 8,
    Fault.UNKNOWN_SCHEMA: 3,
    Fault.OUT_OF_ORDER: 4,
}


def played(folder: Path, seed: int, faults: dict[Fault, int] | None = None) -> tuple[list[Entry], list[bytes]]:
    for number in range(30):
        (folder / f"{number:02}.avro").write_bytes(message(number, jd=JD + number * 0.001 + number // 20))
    with Spool() as spool:
        entries, _ = read_programme(folder, ZTF, spool)
        faulty = with_repeats(inject(entries, FAULTS if faults is None else faults, seed, survey=ZTF, spool=spool))
        return faulty, [spool.read(entry.slot) for entry in faulty]


def test_originals_all_arrive_and_faults_end_where_they_say(tmp_path: Path) -> None:
    entries, _ = played(tmp_path, 1)
    assert Counter((entry.fault, entry.kind, entry.facts.expected) for entry in entries) == {
        (None, None, "bronze"): 26,
        (Fault.OUT_OF_ORDER, None, "bronze"): 4,
        (Fault.DUPLICATE, None, "repeat"): 7,
        (Fault.TRUNCATED, "truncate", "quarantine:truncated"): 6,
        (Fault.CORRUPT, "bad_sync_marker", "quarantine:bad_sync_marker"): 2,
        (Fault.CORRUPT, "trailing_garbage", "quarantine:trailing_garbage"): 2,
        (Fault.CORRUPT, "no_record", "quarantine:no_record"): 2,
        (Fault.CORRUPT, "cutout_crc", "quarantine:cutout_damaged"): 2,
        (Fault.UNKNOWN_SCHEMA, "unknown_schema", "quarantine:unknown_schema"): 3,
    }


@pytest.mark.parametrize("seed", range(5))
def test_faults_stay_in_their_night_and_behind_their_original(tmp_path: Path, seed: int) -> None:
    entries, _ = played(tmp_path, seed)
    nights = [entry.night for entry in entries]
    assert nights == sorted(nights, key=str)
    first = {entry.file: index for index, entry in reversed(list(enumerate(entries))) if entry.fault is None}
    assert all(index > first[entry.file] for index, entry in enumerate(entries) if entry.fault and entry.file in first)


def test_late_packets_lost_their_turn(tmp_path: Path) -> None:
    entries, _ = played(tmp_path, 3, {Fault.OUT_OF_ORDER: 5})
    assert len(entries) == 30
    orders = [entry.order for entry in entries]
    assert orders != sorted(orders)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    assert played(tmp_path, 5)[1] == played(tmp_path, 5)[1]
    assert played(tmp_path, 5)[1] != played(tmp_path, 6)[1]


def test_more_faults_than_packets_are_made_from_some_twice(tmp_path: Path) -> None:
    entries, _ = played(tmp_path, 1, {Fault.DUPLICATE: 40})
    assert Counter(entry.facts.expected for entry in entries) == {"bronze": 30, "repeat": 40}


def test_faults_need_sound_packets(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="out-of-order"):
        played(tmp_path, 1, {Fault.OUT_OF_ORDER: 31})
    with Spool() as spool, pytest.raises(ConfigError, match="no sound packet"):
        inject([], {Fault.DUPLICATE: 1}, 0, survey=ZTF, spool=spool)
