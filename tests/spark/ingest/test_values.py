"""What bronze holds is what was sent, field by field, for every writer schema."""

import datetime as dt
import math
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from fink_lib.packets.spark.fields import packets
from fink_lib.surveys import ZTF
from fink_lib.surveys.framing import decode
from fink_lib.surveys.schema_source import load_folder
from tests.spark.ingest.conftest import Frame, Writer
from tests.unit.ingest.messages import CANDID, JD, compressed, ztf_message, ztf_schema

# Spark's Python side leaves sockets to the garbage collector.
pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]


def plain(value: Any) -> Any:
    """Bytes as bytes, NaN as something that equals itself, and nothing of a null."""
    if isinstance(value, Mapping):
        return {name: kept for name, item in value.items() if (kept := plain(item)) is not None}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, bytearray):
        return bytes(value)
    return "nan" if isinstance(value, float) and math.isnan(value) else value


def ingested(writer: Writer, frame: Frame, messages: list[bytes]) -> list[dict[str, Any]]:
    """Write one batch; return the rows of bronze in the order of the messages."""
    batch = writer()
    batch.write(frame(messages), 0)
    table = packets(frame([]).sparkSession, ZTF, batch.spec.settings.lake)
    return [row.asDict(recursive=True) for row in table.orderBy("kafka_offset").collect()]


def packet_of(row: dict[str, Any]) -> dict[str, Any]:
    names = [fld["name"] for fld in ZTF.reader_schema["fields"]]
    return {name: row[name] for name in names}


def members(archive: Path) -> Iterator[bytes]:
    with tarfile.open(archive) as packed:
        for member in packed:
            content = packed.extractfile(member)
            if content is not None:
                yield content.read()


def test_columns_of_a_row(writer: Writer, frame: Frame) -> None:
    (row,) = ingested(writer, frame, [ztf_message(1)])
    assert (row["alert_id"], row["time"], row["ra"], row["dec"], row["band"]) == (CANDID + 1, JD, 11.0, -20.0, "r")
    assert row["object_id"] == row["objectId"]
    assert row["night"] == ZTF.night.night_of(JD) == dt.date(2020, 5, 31)
    assert (row["kafka_topic"], row["kafka_partition"], row["kafka_offset"]) == ("t", 0, 0)
    assert row["schema_version"] == ztf_schema()["version"]
    assert (bytes(row["kafka_key"]), row["kafka_headers"]) == (b"key", [{"key": "trace", "value": bytearray(b"7")}])


def test_a_compressed_packet_is_the_same_as_a_plain_one(writer: Writer, frame: Frame) -> None:
    message = ztf_message(2)
    one, other = ingested(writer, frame, [message, compressed(message, "snappy")])
    differs = {name for name in one if plain(one[name]) != plain(other[name])}
    assert differs <= {"kafka_offset", "ingest_time", "schema_sha256"}


def test_every_published_version_decodes(writer: Writer, frame: Frame, shared_data: Path) -> None:
    folders = sorted(folder for folder in (shared_data / "schemas" / "ztf").iterdir() if folder.name[0].isdigit())
    schemas = {folder.name: load_folder(folder, "alert") for folder in folders}
    assert len(schemas) == 14
    messages = [ztf_message(number, schema) for number, schema in enumerate(schemas.values())]
    rows = ingested(writer, frame, messages)
    assert len(rows) == len(messages)
    for version, message, row in zip(schemas, messages, rows, strict=True):
        assert plain(packet_of(row)) == plain(decode(ZTF.framing.unwrap(message))), version
    assert {row["schema_version"] for row in rows} <= set(schemas)


def test_real_packets_of_many_versions_decode(writer: Writer, frame: Frame, shared_data: Path) -> None:
    messages = [m for m in members(shared_data / "ztf" / "ztf_mixed_versions.tar.gz") if b"elasticc" not in m[:9000]]
    assert len(messages) == 57
    rows = ingested(writer, frame, messages)
    assert len(rows) == len(messages)
    for message, row in zip(messages, rows, strict=True):
        assert plain(packet_of(row)) == plain(decode(ZTF.framing.unwrap(message)))
