"""An unknown field, a changed type, a missing fact or a damaged stamp is refused and named."""

import copy
import gzip
from typing import Any

import pytest

from fink_lib.errors import PacketError
from fink_lib.surveys import LSST, ZTF, Damage
from fink_lib.surveys.framing import check_cutouts, check_known
from fink_lib.surveys.superset import mismatches

STAMP = gzip.compress(b"SIMPLE  = T" * 100, mtime=0)


def schema() -> dict[str, Any]:
    return copy.deepcopy(ZTF.reader_schema)


def candidate(of: dict[str, Any]) -> list[dict[str, Any]]:
    fields: list[dict[str, Any]] = next(f for f in of["fields"] if f["name"] == "candidate")["type"][1]["fields"]
    return fields


def refusal(of: dict[str, Any]) -> str:
    with pytest.raises(PacketError) as caught:
        check_known(of, ZTF)
    assert caught.value.error_class == Damage.UNKNOWN_SCHEMA
    return caught.value.reason


def test_the_reader_schema_itself_is_known() -> None:
    check_known(schema(), ZTF)


def test_an_unknown_field_is_no_reason_nor_is_one_of_another_type_that_no_alert_needs() -> None:
    changed = schema()
    candidate(changed).append({"name": "novel", "type": "int"})
    next(f for f in candidate(changed) if f["name"] == "ssnamenr")["type"] = ["null", "long"]
    check_known(changed, ZTF)


def test_a_missing_fact_is_named() -> None:
    changed = schema()
    candidate(changed)[:] = [f for f in candidate(changed) if f["name"] != "magpsf"]
    assert "candidate.magpsf" in refusal(changed)


def test_a_field_of_another_type_is_named() -> None:
    changed = schema()
    next(f for f in candidate(changed) if f["name"] == "jd")["type"] = ["null", "string"]
    assert "of another type: candidate.jd (string)" in refusal(changed)


def test_a_narrower_number_is_fine() -> None:
    reader = {"type": "record", "name": "r", "fields": [{"name": "a", "type": ["null", "long"]}]}
    writer = {"type": "record", "name": "w", "fields": [{"name": "a", "type": "int"}]}
    assert mismatches(writer, reader) == []
    assert mismatches(reader, writer) == ["a (long, known as int)"]


def test_a_schema_that_is_nonsense_is_refused() -> None:
    assert "cannot be read" in refusal({"type": "record", "name": "x", "fields": [{"name": "a"}]})


@pytest.mark.parametrize(
    ("stamp", "reason"),
    [
        (STAMP[:-9] + bytes([STAMP[-9] ^ 1]) + STAMP[-8:], "gzip"),
        (STAMP[:-8] + bytes([STAMP[-8] ^ 1]) + STAMP[-7:], "gzip"),
        (STAMP[:-5], "ends early"),
        (STAMP + b"x", "follow"),
        (b"", "ends early"),
        (b"SIMPLE  =", "gzip"),
    ],
)
def test_a_damaged_stamp_is_named(stamp: bytes, reason: str) -> None:
    record = {"cutoutScience": {"stampData": STAMP}, "cutoutTemplate": {"stampData": stamp}, "cutoutDifference": None}
    with pytest.raises(PacketError, match=reason) as caught:
        check_cutouts(record, ZTF)
    assert caught.value.error_class == Damage.CUTOUT_DAMAGED
    assert "cutoutTemplate" in caught.value.reason


def test_whole_and_absent_stamps_pass() -> None:
    check_cutouts({"cutoutScience": {"stampData": STAMP}, "cutoutTemplate": None}, ZTF)
    check_cutouts({"cutoutScience": b"plain FITS, no gzip"}, LSST)
