"""Every packet of the shared archives, by function: its bytes are kept whole, and a topic's schema reads them."""

import dataclasses
import io
import json
import tarfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pytest

from fink_lib.distribute.topic_schema import topic_schema
from fink_lib.errors import PacketError
from fink_lib.ingest.judge import MESSAGE, Judge
from fink_lib.simulator.packets import messages_of
from fink_lib.simulator.reading import read_path
from fink_lib.surveys import LSST, ZTF, Survey
from fink_lib.surveys.framing import ConfluentFraming, FolderSchemas
from tests.spark.distribute.same import differences

ADDED = [{"name": "roid", "type": ["null", "int"]}]
AT_ONCE = 200


def ztf_messages(shared: Path) -> tuple[Survey, Iterator[bytes]]:
    archives = sorted((shared / "ztf").glob("*.tar.gz"))
    return ZTF, (
        message for path in archives for content in read_path(path) for message, _ in messages_of(content, ZTF)
    )


def lsst_messages(shared: Path) -> tuple[Survey, Iterator[bytes]]:
    framing = ConfluentFraming(FolderSchemas(shared / "schemas" / "lsst"))
    return dataclasses.replace(LSST, framing=framing), lsst_files(shared / "lsst")


def lsst_files(folder: Path) -> Iterator[bytes]:
    with tarfile.open(folder / "lsst_v10_0_wire.tar.gz") as packed:
        yield from (file.read() for member in packed if (file := packed.extractfile(member)) is not None)
    for path in sorted((folder / "framed_real").glob("*")) + sorted((folder / "framed_minimal_all_versions").glob("*")):
        yield path.read_bytes()


def judged(survey: Survey, messages: list[bytes]) -> list[dict[str, Any]]:
    columns = {name: pa.nulls(len(messages)) for name in MESSAGE}
    columns |= {"offset": pa.array(range(len(messages))), "value": pa.array(messages, pa.binary())}
    found = Judge(survey, None).rows(pa.RecordBatch.from_pydict(columns))
    rows = [row for batch in found for row in batch.to_pylist()]
    return sorted(rows, key=lambda row: int(row["kafka_offset"]))


@lru_cache(maxsize=256)
def parsed(schema: str) -> Any:
    return fastavro.parse_schema(json.loads(schema))


@lru_cache(maxsize=256)
def on_topic(writer: str) -> str:
    return topic_schema(writer, ADDED)


@lru_cache(maxsize=256)
def as_numbers(schema: str) -> str:
    """A schema whose times are numbers, as they are on topics: fink-client's writer of files knows no others."""

    def bare(node: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in node.items() if name != "logicalType"}

    return json.dumps(json.loads(schema, object_hook=bare))


def read(body: bytes, schema: str) -> dict[str, Any]:
    rest = io.BytesIO(body)
    found = fastavro.schemaless_reader(rest, parsed(schema), None)
    assert rest.read() == b""
    return dict(found)  # type: ignore[arg-type]  # a packet is a record


@pytest.mark.parametrize(("source", "least"), [(ztf_messages, 1300), (lsst_messages, 136)])
def test_every_packet_is_kept_whole_and_read_by_the_schema_of_a_topic(
    source: Any, least: int, shared_data: Path
) -> None:
    survey, stream = source(shared_data)
    messages = list(stream)
    kept = 0
    for start in range(0, len(messages), AT_ONCE):
        part = messages[start : start + AT_ONCE]
        for message, row in zip(part, judged(survey, part), strict=True):
            if row["error_class"] is not None:
                continue
            try:
                datum = survey.framing.unwrap(message)
            except PacketError as error:
                pytest.fail(f"kept, though it cannot be unwrapped: {error}")
            assert row["head"] + (row["tail"] or b"") == datum.body
            told = read(datum.body + b"\x02\x06", on_topic(datum.text))  # behind it roid = 3
            assert told.pop("roid") == 3
            assert differences(read(datum.body, as_numbers(datum.text)), told) == []
            kept += 1
    assert kept >= least
