"""Every message ends in one place, once, whatever is wrong with it and whenever the driver dies."""

import datetime as dt
import math
from pathlib import Path
from typing import Any

import pytest

from fink_lib.avro.schema import sha256_of
from fink_lib.ingest import stream
from fink_lib.ingest.stream import BatchWriter
from fink_lib.ingest.worker import Taken
from fink_lib.lake.places import Range
from fink_lib.lake.small import read_rows
from fink_lib.lake.spark.rules import first_broken
from fink_lib.lake.tables import bronze_schemas
from fink_lib.surveys import ZTF
from fink_lib.surveys.rules import broken_rule, row_rules
from tests.spark.ingest.conftest import Frame, Writer
from tests.unit.ingest.messages import (
    CANDID,
    JD,
    STAMP,
    compressed,
    stamped,
    with_unknown_field,
    without_field,
    ztf_message,
)

# Spark's Python side leaves sockets to the garbage collector.
pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]
BAD_STAMP = {"fileName": "x", "stampData": STAMP[:-8] + bytes([STAMP[-8] ^ 1]) + STAMP[-7:]}
NIGHT = str(ZTF.night.night_of(JD))
AHEAD_JD = 2469807.5  # 2050
GOOD = [ztf_message(5, ra=360.0) if number == 5 else ztf_message(number) for number in range(6)]
# message, error class, night and alert id where the record can be read
BAD: list[tuple[bytes | None, str, str | None, int | None]] = [
    (None, "no_record", None, None),
    (b"", "not_a_packet", None, None),
    (ztf_message(10)[:-500], "truncated", None, None),
    (ztf_message(11)[:-1] + b"\x00", "bad_sync_marker", NIGHT, CANDID + 11),
    (ztf_message(12) + b"garbage", "trailing_garbage", NIGHT, CANDID + 12),
    (without_field(ztf_message(13), "candid"), "unknown_schema", None, None),
    (ztf_message(14, cutoutDifference=BAD_STAMP), "cutout_damaged", NIGHT, CANDID + 14),
    (ztf_message(15, jd=float("nan")), "bad_value", None, CANDID + 15),
    (ztf_message(16, jd=1e300), "bad_value", None, CANDID + 16),
    (ztf_message(17, ra=360.5), "bad_value", NIGHT, CANDID + 17),
    (ztf_message(18, dec=-90.5), "bad_value", NIGHT, CANDID + 18),
    (ztf_message(19, jd=AHEAD_JD), "bad_value", None, CANDID + 19),
    (ztf_message(21, objectId="../../../x"), "bad_value", NIGHT, CANDID + 21),
    (compressed(ztf_message(22, objectId="<b>ZTF20aaaaaaa</b>"), "deflate"), "bad_value", NIGHT, CANDID + 22),
    (ztf_message(23, objectId="ZTF20aaaaaaa\n"), "bad_value", NIGHT, CANDID + 23),
    (ztf_message(24, objectId="Z" * 300), "bad_value", NIGHT, CANDID + 24),
]


def tables(frame: Frame, batch: BatchWriter) -> tuple[list[Any], list[Any]]:
    session = frame([]).sparkSession
    bronze, quarantine = (
        session.read.format("delta").load(str(path)).orderBy("kafka_offset")
        for path in (batch.bronze, batch.quarantine)
    )
    return bronze.select("kafka_offset", "alert_id").collect(), quarantine.collect()


def test_each_damage_is_quarantined_by_name_and_the_good_ones_pass(writer: Writer, frame: Frame) -> None:
    odd = [compressed(ztf_message(20), "deflate"), with_unknown_field(ztf_message(25))]
    messages = [*GOOD, *(message for message, *_ in BAD), *odd]
    batch = writer()
    batch.write(frame(messages), 0)
    bronze, quarantine = tables(frame, batch)
    assert [row.alert_id for row in bronze] == [CANDID + number for number in (*range(6), 20, 25)]
    found = [(row.error_class, None if row.night is None else str(row.night), row.alert_id) for row in quarantine]
    assert found == [tuple(expected) for _, *expected in BAD]
    assert [None if row.raw is None else bytes(row.raw) for row in quarantine] == [message for message, *_ in BAD]
    assert {(bytes(row.raw_key), row.stage) for row in quarantine} == {(b"key", "ingest")}
    assert {(one.key, bytes(one.value)) for row in quarantine for one in row.raw_headers} == {("trace", b"7")}
    assert all(row.reason for row in quarantine)


def test_the_rules_are_the_same_in_sql_and_in_python(frame: Frame) -> None:
    arrived = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    jd = 2440587.5 + arrived.timestamp() / 86400.0
    rows: list[tuple[int | None, str | None, float | None, float | None, float | None, dt.datetime | None]] = [
        (identity, name, time, ra, dec, at)
        for identity in (1, None)
        for name in (None, "ZTF20aaaaaaa", "ZTF20aaaaaaa\n", "ZTF20AAAAAAA", "../x", "", "ZTF20aaaaaaaa", "\u0660")
        for time, at in (
            (jd, arrived), (jd + 0.999, arrived), (jd + 1.001, arrived), (jd + 1.001, None), (math.nan, arrived),
            (jd, dt.datetime(1970, 1, 1, tzinfo=dt.UTC)), (None, arrived), (math.inf, None), (1e300, arrived),
        )
        for ra, dec in ((0.0, 90.0), (360.0, -90.0), (360.001, 0.0), (-1e-9, 0.0), (math.nan, 0.0), (1.0, None))
    ]  # fmt: skip
    columns = "alert_id long, object_id string, time double, ra double, dec double, kafka_time timestamp"
    table = frame([]).sparkSession.createDataFrame(rows, columns)
    found = [row.broken for row in table.select(first_broken(row_rules(ZTF)).alias("broken")).collect()]
    assert set(found) == {None, "alert_id", "object_id", "time", "not_ahead", "ra", "dec"}
    for row, broken in zip(rows, found, strict=True):
        identity, name, time, ra, dec, at = row
        record = {"candid": identity, "objectId": name, "candidate": {"jd": time, "ra": ra, "dec": dec}}
        assert broken_rule(record, ZTF, None if at is None else at.timestamp()) == broken, row


def test_damaged_packets_seen_in_the_wild(writer: Writer, frame: Frame, shared_data: Path) -> None:
    files = sorted((shared_data / "malformed").iterdir())
    batch = writer()
    batch.write(frame([*GOOD[:3], *(file.read_bytes() for file in files)]), 0)
    bronze, quarantine = tables(frame, batch)
    assert [row.kafka_offset for row in bronze] == [0, 1, 2]
    found = {file.name: row.error_class for file, row in zip(files, quarantine, strict=True)}
    assert found == {
        "021f713c_87704463155000.avro": "not_a_packet",
        "1.avro": "bad_value",
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
    batch, real, calls = writer(), stream._append, []

    def die(*arguments: Any) -> None:
        if len(calls) == survives:
            raise RuntimeError("killed")
        calls.append(arguments)
        real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(stream, "_append", die)
        with pytest.raises(RuntimeError, match="killed"):
            batch.write(messages, 0)
    writer().write(messages, 0)
    bronze, quarantine = tables(frame, batch)
    assert [row.kafka_offset for row in bronze] == [0, 1, 3]
    assert [row.kafka_offset for row in quarantine] == [2]


def test_a_message_judged_otherwise_the_second_time_is_in_one_place(
    writer: Writer, frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the tasks left, since a registry did not answer say, may be fine when it is judged again."""
    messages, batch = frame([*GOOD[:2], b"junk"]), writer()

    def took_the_first(self: BatchWriter, _batch_id: int) -> Taken:
        stream._append(self.rows(self.judged(messages.where("offset = 0"))), self.bronze)
        return Taken([], rows=3, left=2)

    monkeypatch.setattr(stream, "kafka_ranges", lambda *_: [Range("t", 0, 0, 2)])
    monkeypatch.setattr(BatchWriter, "_take_good", took_the_first)
    assert batch.write(messages, 0) == 3
    bronze, quarantine = tables(frame, batch)
    assert [row.kafka_offset for row in bronze] == [0, 1]
    assert [row.kafka_offset for row in quarantine] == [2]


def test_schemas_are_kept_before_the_rows_that_name_them(writer: Writer, frame: Frame) -> None:
    renamed = ZTF.framing.unwrap(GOOD[1])
    other = ZTF.framing.wrap({**renamed.schema, "version": "9.9"}, renamed.body)
    batch = writer()
    batch.write(frame([GOOD[0], other, with_unknown_field(ztf_message(3)), compressed(GOOD[2], "snappy")]), 0)
    session = frame([]).sparkSession
    named = {row.schema_sha256 for row in session.read.format("delta").load(str(batch.bronze)).collect()}
    rows = read_rows(bronze_schemas(), batch.spec.settings.lake)
    assert named == {row["schema_sha256"] for row in rows}
    assert {sha256_of(row["text"]) for row in rows} == named
    assert sorted(str(row["schema_version"]) for row in rows if row["schema_version"]) == sorted(
        str(row["schema_version"]) for row in rows
    )
    assert [row["new_fields"] for row in rows if row["new_fields"]] == [["unannounced"]]
    batch.write(frame([GOOD[4]]), 1)
    assert len(read_rows(bronze_schemas(), batch.spec.settings.lake)) == len(rows)


def test_two_hundred_headers_are_one_schema(writer: Writer, frame: Frame) -> None:
    """A stamp in the metadata of a container makes every header another; it is valid Avro."""
    batch = writer()
    batch.write(frame([stamped(ztf_message(number), number) for number in range(200)]), 0)
    bronze, quarantine = tables(frame, batch)
    assert (len(bronze), quarantine) == (200, [])
    # Each task may write it once.
    assert len({row["schema_sha256"] for row in read_rows(bronze_schemas(), batch.spec.settings.lake)}) == 1
    assert len(read_rows(bronze_schemas(), batch.spec.settings.lake)) <= batch.files
