"""Packets of several writers as the same columns, in their order, from the bytes that bronze keeps."""

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pytest

from fink_lib.errors import LakeError
from fink_lib.ingest.judge import MESSAGE, Judge
from fink_lib.packets.reading import PacketReader
from fink_lib.packets.rebuilt import Rebuilder
from fink_lib.packets.writer import writer_of
from fink_lib.surveys import ZTF
from fink_lib.surveys.checks import decode
from fink_lib.surveys.pruned import pruned
from fink_lib.surveys.tables import packet_schema
from tests.unit.ingest.messages import CANDID, STAMP, with_unknown_field, ztf_message, ztf_record, ztf_schema

COLUMNS = pruned(packet_schema(ZTF, cutouts=True), ["candid", "candidate.ra", "prv_candidates.jd", "cutoutTemplate"])


def kept(messages: list[bytes]) -> tuple[list[dict[str, Any]], Mapping[str, str]]:
    """Return rows of bronze, in the order of the messages, and the texts of their schemas."""
    columns = {name: pa.nulls(len(messages)) for name in MESSAGE}
    columns |= {"offset": pa.array(range(len(messages))), "value": pa.array(messages, pa.binary())}
    rows = [row for part in Judge(ZTF, None).rows(pa.RecordBatch.from_pydict(columns)) for row in part.to_pylist()]
    texts = {writer_of(text, ZTF).sha256: text for text in {ZTF.framing.unwrap(one).text for one in messages}}
    return sorted(rows, key=lambda row: int(row["kafka_offset"])), texts


def columns_of(rows: list[dict[str, Any]], *, tails: bool = True) -> list[pa.Array]:
    names = {"schema_sha256": pa.string(), "head": pa.binary(), "tail": pa.binary()}
    found = [pa.array([row[name] for row in rows], kind) for name, kind in names.items()]
    return found if tails else found[:2]


def mixed() -> list[bytes]:
    other = {**ztf_schema(), "version": "9.9"}
    return [ztf_message(1), with_unknown_field(ztf_message(2)), ztf_message(3, other), ztf_message(4)]


def test_rows_of_many_writers_keep_their_order() -> None:
    messages = mixed()
    rows, texts = kept(messages)
    read = PacketReader(ZTF, COLUMNS, texts.__getitem__).read(*columns_of(rows)).to_pylist()
    assert [row["candid"] for row in read] == [CANDID + number for number in (1, 2, 3, 4)]
    for row, message in zip(read, messages, strict=True):
        packet = decode(ZTF.framing.unwrap(message))
        assert row["candidate"] == {"ra": packet["candidate"]["ra"]}
        assert row["cutoutTemplate"]["stampData"] == STAMP
        past = packet["prv_candidates"]
        assert row["prv_candidates"] == (None if past is None else [{"jd": point["jd"]} for point in past])


def test_without_tails_only_the_columns_behind_the_cut_are_null() -> None:
    rows, texts = kept(mixed())
    reader = PacketReader(ZTF, COLUMNS, texts.__getitem__)
    read = reader.read(*columns_of(rows, tails=False)).to_pylist()
    # The second packet has a field behind its cutouts: its head is the whole.
    assert [row["cutoutTemplate"] is not None for row in read] == [False, True, False, False]
    some = [{**row, "tail": row["tail"] if at == 3 else None} for at, row in enumerate(rows)]
    read = reader.read(*columns_of(some)).to_pylist()
    assert [row["cutoutTemplate"] is not None for row in read] == [False, True, False, True]
    assert [row["candid"] for row in read] == [CANDID + number for number in (1, 2, 3, 4)]


def test_no_rows_are_no_rows() -> None:
    read = PacketReader(ZTF, COLUMNS, {}.__getitem__).read(*columns_of([]))
    assert (read.num_rows, read.schema.names) == (0, COLUMNS.names)


def test_bytes_that_were_damaged_on_disk_are_not_read_as_something_else() -> None:
    rows, texts = kept([ztf_message(1)])
    rows[0]["head"] = rows[0]["head"][:-3]
    with pytest.raises(LakeError, match="1 packets of bronze do not fit the schema"):
        PacketReader(ZTF, COLUMNS, texts.__getitem__).read(*columns_of(rows))


def test_what_is_written_anew_says_the_same() -> None:
    record = ztf_record(5)
    writer = Rebuilder(ZTF)
    head, tail = writer.write(record)
    assert STAMP in tail
    assert STAMP not in head
    rows = [{"schema_sha256": writer.sha256, "head": head, "tail": tail}]
    read = PacketReader(ZTF, COLUMNS, {writer.sha256: writer.text}.__getitem__).read(*columns_of(rows)).to_pylist()
    assert read[0]["candid"] == record["candid"]
    assert read[0]["cutoutTemplate"] == record["cutoutTemplate"]


def test_a_writer_tells_what_is_new_and_what_has_another_type() -> None:
    schema = json.loads(json.dumps(ztf_schema()))
    (candidate,) = (fld["type"] for fld in schema["fields"] if fld["name"] == "candidate")
    candidate["fields"].append({"name": "novel", "type": "int"})
    next(fld for fld in candidate["fields"] if fld["name"] == "ssnamenr")["type"] = "long"
    writer = writer_of(json.dumps(schema), ZTF)
    assert (writer.new_fields, dict(writer.retyped_fields)) == (("candidate.novel",), {"candidate.ssnamenr": "long"})
    assert (writer.cut, writer.refusal, writer.version) == ("cutoutScience", "", ztf_schema()["version"])
