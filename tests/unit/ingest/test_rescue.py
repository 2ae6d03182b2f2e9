import io
import json
from typing import Any

import fastavro
import pytest

from fink_lib.ingest.rescue import examine
from fink_lib.surveys import ZTF, Damage
from tests.unit.ingest.messages import CANDID, STAMP, compressed, with_unknown_field, ztf_message, ztf_schema


def read(body: bytes) -> Any:
    return fastavro.schemaless_reader(io.BytesIO(body), fastavro.parse_schema(ZTF.reader_schema), None)


def damaged_stamp() -> dict[str, Any]:
    return {"fileName": "x", "stampData": STAMP[:-8] + bytes([STAMP[-8] ^ 1]) + STAMP[-7:]}


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy"])
def test_a_sound_packet_is_saved_whatever_its_codec(codec: str) -> None:
    verdict = examine(compressed(ztf_message(7), codec), ZTF)
    assert (verdict.error_class, verdict.reason) == (None, None)
    assert verdict.body is not None
    record = read(verdict.body)
    assert record["candid"] == CANDID + 7
    assert record["cutoutScience"]["stampData"] == STAMP
    assert verdict.schema_version == ztf_schema()["version"]


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
        (with_unknown_field(ztf_message()), Damage.UNKNOWN_SCHEMA, False),
    ],
)
def test_each_damage_has_its_name(message: bytes | None, damage: Damage, *, readable: bool) -> None:
    verdict = examine(message, ZTF)
    assert verdict.error_class == damage
    assert verdict.reason
    assert (verdict.body is not None) == readable
    if verdict.body is not None:
        assert read(verdict.body)["candid"] == CANDID


def test_the_damaged_stamp_is_named() -> None:
    verdict = examine(ztf_message(cutoutTemplate=damaged_stamp()), ZTF)
    assert verdict.reason is not None
    assert "cutoutTemplate" in verdict.reason


def test_a_reader_schema_can_be_parsed_as_it_is() -> None:
    assert fastavro.parse_schema(json.loads(json.dumps(ZTF.reader_schema)))
