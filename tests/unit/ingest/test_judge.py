import hashlib
import json
from typing import Any

import fastavro
import pyarrow as pa
import pytest

from fink_lib.ingest.examine import examine
from fink_lib.ingest.identity import Identity
from fink_lib.ingest.judge import MESSAGE, Judge
from fink_lib.surveys import ZTF, Damage
from tests.unit.ingest.messages import (
    CANDID,
    STAMP,
    compressed,
    with_unknown_field,
    without_field,
    ztf_message,
    ztf_schema,
)


def damaged_stamp() -> dict[str, Any]:
    return {"fileName": "x", "stampData": STAMP[:-8] + bytes([STAMP[-8] ^ 1]) + STAMP[-7:]}


def judged(messages: list[bytes]) -> list[dict[str, Any]]:
    """Return what becomes of messages, in their order."""
    columns = {name: pa.nulls(len(messages)) for name in MESSAGE}
    columns |= {"offset": pa.array(range(len(messages))), "value": pa.array(messages, pa.binary())}
    found = Judge(ZTF, None).rows(pa.RecordBatch.from_pydict(columns))
    rows = [row for batch in found for row in batch.to_pylist()]
    return sorted(rows, key=lambda row: int(row["kafka_offset"]))


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy"])
def test_a_sound_packet_is_kept_byte_for_byte_whatever_its_codec(codec: str) -> None:
    message = ztf_message(7)
    (row,) = judged([compressed(message, codec)])
    assert (row["error_class"], row["reason"], row["raw"]) == (None, None, None)
    assert row["head"] + row["tail"] == ZTF.framing.unwrap(message).body
    assert row["tail"].count(STAMP) == 3
    assert STAMP not in row["head"]
    assert (row["alert_id"], row["schema_version"]) == (CANDID + 7, ztf_schema()["version"])
    assert row["candidate"]["programid"] == 1


def test_the_digest_is_of_the_text_that_was_sent() -> None:
    message = ztf_message()
    (row,) = judged([message])
    text = ZTF.framing.unwrap(message).text
    assert row["schema_sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert text.encode() in message


@pytest.mark.parametrize(
    ("message", "damage", "readable"),
    [
        (None, Damage.NO_RECORD, False),
        (b"", Damage.NOT_A_PACKET, False),
        (b"not an alert", Damage.NOT_A_PACKET, False),
        (ztf_message()[:-100], Damage.TRUNCATED, False),
        (ztf_message() + b"garbage", Damage.TRAILING_GARBAGE, True),
        (ztf_message()[:-1] + b"\x00", Damage.BAD_SYNC_MARKER, True),
        (ztf_message(cutoutTemplate=damaged_stamp()), Damage.CUTOUT_DAMAGED, True),
        (without_field(ztf_message(), "candid"), Damage.UNKNOWN_SCHEMA, False),
        (ztf_message(ra=361.0), Damage.BAD_VALUE, True),
    ],
)
def test_each_damage_has_its_name(message: bytes | None, damage: Damage, *, readable: bool) -> None:
    verdict = examine(message, ZTF)
    assert verdict.error_class == damage
    assert verdict.reason
    assert (verdict.alert_id, verdict.decodes) == ((CANDID, True) if readable else (None, False))


def test_the_damaged_stamp_is_named() -> None:
    verdict = examine(ztf_message(cutoutTemplate=damaged_stamp()), ZTF)
    assert verdict.reason is not None
    assert "cutoutTemplate" in verdict.reason


def test_a_field_that_nobody_knows_keeps_no_packet_out() -> None:
    message = with_unknown_field(ztf_message(3))
    (row,) = judged([message])
    assert row["error_class"] is None
    assert row["head"] + row["tail"] == ZTF.framing.unwrap(message).body
    assert row["tail"] == b""  # a field stands behind the cutouts: the head is the whole


def test_a_known_field_of_another_type_keeps_no_packet_out_unless_an_alert_needs_it() -> None:
    assert examine(retyped("ssnamenr"), ZTF).error_class is None
    verdict = examine(retyped("magpsf"), ZTF)
    assert verdict.error_class == Damage.UNKNOWN_SCHEMA
    assert "candidate.magpsf (string)" in str(verdict.reason)


def retyped(name: str) -> bytes:
    """A packet whose field of `candidate` is a text, or a number where it was one."""
    datum = ZTF.framing.unwrap(ztf_message())
    schema = json.loads(datum.text)
    (candidate,) = (fld["type"] for fld in schema["fields"] if fld["name"] == "candidate")
    (field,) = (fld for fld in candidate["fields"] if fld["name"] == name)
    field["type"] = "long" if name == "ssnamenr" else "string"
    field.pop("default", None)
    value = 7 if name == "ssnamenr" else "bright"
    return ztf_message(schema=schema, **{name: value})


def test_messages_of_many_kinds_are_judged_each_by_itself() -> None:
    good, other = ztf_message(1), with_unknown_field(ztf_message(2))
    rows = judged([b"junk", good, other, good[:-40], good])
    assert [row["error_class"] for row in rows] == ["not_a_packet", None, None, "truncated", None]
    assert [row["alert_id"] for row in rows] == [None, CANDID + 1, CANDID + 2, None, CANDID + 1]


def test_the_version_of_a_schema_is_what_it_or_its_number_says() -> None:
    schema = {**ztf_schema(), "version": "9.9"}
    assert examine(ztf_message(schema=schema), ZTF).schema_version == "9.9"
    schema.pop("version")
    assert examine(ztf_message(schema=schema), ZTF).schema_version is None


def test_a_reader_schema_can_be_parsed_as_it_is() -> None:
    assert fastavro.parse_schema(json.loads(json.dumps(ZTF.reader_schema)))


def test_a_message_that_breaks_its_judge_is_set_aside_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Identity.columns

    def columns(self: Identity, packet: pa.RecordBatch, kafka_time: pa.Array) -> dict[str, pa.Array]:
        found = honest(self, packet, kafka_time)
        if CANDID + 5 in found["alert_id"].to_pylist():
            raise ValueError("nobody thought of this")
        return found

    monkeypatch.setattr(Identity, "columns", columns)
    rows = judged([ztf_message(number) for number in range(9)])
    assert [row["error_class"] for row in rows] == [*[None] * 5, "undecodable", *[None] * 3]
    assert "nobody thought of this" in rows[5]["reason"]
    assert rows[5]["raw"] == ztf_message(5)
