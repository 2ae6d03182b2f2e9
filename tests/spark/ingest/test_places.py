"""Every message ends in one place, once, whatever is wrong with it and whenever the driver dies."""

from pathlib import Path
from typing import Any

import pytest

from fink_lib.ingest.stream import BatchWriter
from fink_lib.surveys import ZTF
from tests.spark.ingest.conftest import Frame, Writer
from tests.unit.ingest.messages import CANDID, JD, STAMP, compressed, with_unknown_field, ztf_message

# Spark's Python side leaves sockets to the garbage collector.
pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]
BAD_STAMP = {"fileName": "x", "stampData": STAMP[:-8] + bytes([STAMP[-8] ^ 1]) + STAMP[-7:]}
NIGHT = str(ZTF.night.night_of(JD))
GOOD = [ztf_message(number) for number in range(6)]
# message, error class, night and alert id where the record can be read
BAD: list[tuple[bytes | None, str, str | None, int | None]] = [
    (None, "no_record", None, None),
    (b"", "not_a_packet", None, None),
    (ztf_message(10)[:-500], "truncated", None, None),
    (ztf_message(11)[:-1] + b"\x00", "bad_sync_marker", NIGHT, CANDID + 11),
    (ztf_message(12) + b"garbage", "trailing_garbage", NIGHT, CANDID + 12),
    (with_unknown_field(ztf_message(13)), "unknown_schema", None, None),
    (ztf_message(14, cutoutDifference=BAD_STAMP), "cutout_damaged", NIGHT, CANDID + 14),
    (ztf_message(15, jd=float("nan")), "bad_value", None, CANDID + 15),
    (ztf_message(16, jd=1e300), "bad_value", None, CANDID + 16),
    (ztf_message(17, ra=360.0), "bad_value", NIGHT, CANDID + 17),
    (ztf_message(18, dec=-90.5), "bad_value", NIGHT, CANDID + 18),
]


def tables(frame: Frame, batch: BatchWriter) -> tuple[list[Any], list[Any]]:
    session = frame([]).sparkSession
    bronze, quarantine = (
        session.read.format("delta").load(str(path)).orderBy("kafka_offset")
        for path in (batch.bronze, batch.quarantine)
    )
    return bronze.select("kafka_offset", "alert_id").collect(), quarantine.collect()


def test_each_damage_is_quarantined_by_name_and_the_good_ones_pass(writer: Writer, frame: Frame) -> None:
    messages = [*GOOD, *(message for message, *_ in BAD), compressed(ztf_message(20), "deflate")]
    batch = writer()
    batch.write(frame(messages), 0)
    bronze, quarantine = tables(frame, batch)
    assert [row.alert_id for row in bronze] == [*(CANDID + number for number in range(6)), CANDID + 20]
    found = [(row.error_class, None if row.night is None else str(row.night), row.alert_id) for row in quarantine]
    assert found == [tuple(expected) for _, *expected in BAD]
    assert [None if row.raw is None else bytes(row.raw) for row in quarantine] == [message for message, *_ in BAD]
    assert {(bytes(row.raw_key), row.stage) for row in quarantine} == {(b"key", "ingest")}
    assert all(row.reason for row in quarantine)


def test_damaged_packets_seen_in_the_wild(writer: Writer, frame: Frame, shared_data: Path) -> None:
    files = sorted((shared_data / "malformed").iterdir())
    batch = writer()
    batch.write(frame([*GOOD[:3], *(file.read_bytes() for file in files)]), 0)
    bronze, quarantine = tables(frame, batch)
    assert [row.kafka_offset for row in bronze] == [0, 1, 2]
    found = {file.name: row.error_class for file, row in zip(files, quarantine, strict=True)}
    assert found == {
        "021f713c_87704463155000.avro": "not_a_packet",
        "1.avro": "unknown_schema",
        "516401801315010009.avro": "bad_sync_marker",
        "516434762915010006.avro": "bad_sync_marker",
        "msg.avro": "not_a_packet",
        "part-00000-37cd0039-b99f-4557-b3dc-0ad3bb2e0c92-c000.avro": "no_record",
    }


def test_bytes_left_after_the_datum_are_noticed(writer: Writer, frame: Frame) -> None:
    datum = ZTF.framing.unwrap(ztf_message(1))
    batch = writer()
    batch.write(frame([GOOD[0], ZTF.framing.wrap(datum.schema, datum.body + b"more")]), 0)
    bronze, quarantine = tables(frame, batch)
    assert [row.kafka_offset for row in bronze] == [0]
    assert [row.error_class for row in quarantine] == ["trailing_garbage"]


def test_a_length_gone_wild_does_not_exhaust_the_heap(writer: Writer, frame: Frame) -> None:
    datum = ZTF.framing.unwrap(ztf_message(1))
    at = datum.body.index(STAMP) - 1
    wild = datum.body[:at] + b"\xfe\xff\xff\xff\x0f" + datum.body[at + 1 :]  # a stamp of 2**31 - 1 bytes
    batch = writer()
    batch.write(frame([GOOD[0], ZTF.framing.wrap(datum.schema, wild)]), 0)
    bronze, quarantine = tables(frame, batch)
    assert [row.kafka_offset for row in bronze] == [0]
    assert len(quarantine) == 1


def test_an_empty_batch_and_one_without_any_good_message(writer: Writer, frame: Frame) -> None:
    batch = writer()
    batch.write(frame([]), 0)
    assert tables(frame, batch) == ([], [])
    batch.write(frame([None, b"junk"]), 1)
    bronze, quarantine = tables(frame, batch)
    assert (len(bronze), len(quarantine)) == (0, 2)


@pytest.mark.parametrize("same_driver", [True, False])
def test_a_replayed_batch_writes_nothing_twice(writer: Writer, frame: Frame, *, same_driver: bool) -> None:
    messages = frame([*GOOD[:2], None, compressed(GOOD[2], "deflate")])
    batch = writer()
    batch.write(messages, 0)
    first = tables(frame, batch)
    (batch if same_driver else writer()).write(messages, 0)
    assert tables(frame, batch) == first
    assert (len(first[0]), len(first[1])) == (3, 1)


@pytest.mark.parametrize("survives", [0, 1])
def test_a_crash_between_the_writes_loses_and_doubles_nothing(
    writer: Writer, frame: Frame, monkeypatch: pytest.MonkeyPatch, *, survives: int
) -> None:
    messages = frame([*GOOD[:2], None, compressed(GOOD[2], "deflate")])
    batch, real, calls = writer(), BatchWriter._append, []

    def die(self: BatchWriter, *arguments: Any) -> None:
        if len(calls) == survives:
            raise RuntimeError("killed")
        calls.append(arguments)
        real(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(BatchWriter, "_append", die)
        with pytest.raises(RuntimeError, match="killed"):
            batch.write(messages, 0)
    writer().write(messages, 0)
    bronze, quarantine = tables(frame, batch)
    assert [row.kafka_offset for row in bronze] == [0, 1, 3]
    assert [row.kafka_offset for row in quarantine] == [2]


def test_a_crash_before_any_schema_was_known_doubles_nothing(
    writer: Writer, frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first attempt saves every message by the slow path; the second one could read them by the fast path."""
    messages = frame(GOOD[:3])
    batch = writer()
    with monkeypatch.context() as patch:
        patch.setattr(BatchWriter, "_learn", lambda *_: None)
        batch.write(messages, 0)
    again = writer()
    again._learn(messages)
    again.write(messages, 0)
    bronze, quarantine = tables(frame, batch)
    assert [row.kafka_offset for row in bronze] == [0, 1, 2]
    assert quarantine == []


def test_a_schema_met_later_is_learnt(writer: Writer, frame: Frame) -> None:
    batch = writer()
    batch.write(frame([GOOD[0]]), 0)
    renamed = ZTF.framing.unwrap(GOOD[1])
    other = ZTF.framing.wrap({**renamed.schema, "version": "9.9"}, renamed.body)
    batch.write(frame([GOOD[0], other]), 1)
    assert [known.version for known in batch.writers.known][1:] == ["9.9"]
