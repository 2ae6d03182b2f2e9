"""A message is the telescope's datum and what the broker adds, for every public packet at hand."""

import hashlib
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pytest

from fink_lib.avro.schema import resolved
from fink_lib.distribute.topic_schema import free_name, topic_schema
from fink_lib.ingest.judge import MESSAGE, Judge
from fink_lib.offline.datums import datums_of
from fink_lib.packets.public import without_private
from fink_lib.science.framework.registry import stream_modules
from fink_lib.surveys import SURVEYS, Datum, Survey, get_survey, value_at
from fink_lib.surveys.checks import without_defaults
from fink_lib.surveys.framing import ConfluentFraming, FolderSchemas

ZTF = (
    "ztf_public_20181129.tar.gz",
    "ztf_public_20200101.tar.gz",
    "ztf_public_20211122.tar.gz",
    "ztf_public_20231018.tar.gz",
    "ztf_mixed_versions.tar.gz",
    "ztf_2025_packets.tar.gz",
)
ADDED = [
    {"name": "roid", "type": ["null", "int"]},
    {"name": "reasons", "type": ["null", {"type": "array", "items": ["null", "string"]}]},
    {"name": "cdsxmatch", "type": ["null", "string"]},
]
SCIENCE = {"roid": 3, "reasons": ["a", None], "cdsxmatch": None}


def suffix() -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, {"type": "record", "name": "added", "fields": ADDED}, SCIENCE)
    return out.getvalue()


def kept(datums: Sequence[Datum], survey: Survey) -> Iterator[dict[str, Any]]:
    """Yield the rows of bronze of some packets."""
    messages = [survey.framing.wrap(datum.schema, datum.body) for datum in datums]
    columns = {name: pa.nulls(len(messages)) for name in MESSAGE}
    columns |= {"offset": pa.array(range(len(messages))), "value": pa.array(messages, pa.binary())}
    rows = [row for part in Judge(survey, None).rows(pa.RecordBatch.from_pydict(columns)) for row in part.to_pylist()]
    yield from sorted(rows, key=lambda row: int(row["kafka_offset"]))


@cache
def readers(text: str) -> tuple[Any, Any]:
    """Return the schema of a packet, as a reader sees it that knows no logical types, and that of its message."""
    plain = without_defaults(json.loads(re.sub(r'"logicalType": *"[^"]*", *', "", text)))
    return fastavro.parse_schema(plain), fastavro.parse_schema(json.loads(topic_schema(text, ADDED)))


def check(datums: Sequence[Datum], survey: Survey) -> int:
    """Assert that the message of each datum is that datum and the science; return how many were kept."""
    whole = 0
    for datum, row in zip(datums, kept(datums, survey), strict=True):
        packet, message = readers(datum.text)
        expected: Any = fastavro.schemaless_reader(io.BytesIO(datum.body), packet, None)
        if row["error_class"] not in {None, "bad_value"}:  # packets that are made up have times that never were
            assert row["error_class"] == "unknown_schema"
            assert any(value_at(expected, path) is None for path in survey.fields.required)
            continue
        value = row["head"] + row["tail"] + suffix()
        assert value.startswith(datum.body)
        rest = io.BytesIO(value)
        record: Any = fastavro.schemaless_reader(rest, message, None)
        assert rest.read() == b""
        assert repr(record) == repr({**expected, **SCIENCE})
        whole += 1
    return whole


@pytest.mark.parametrize("archive", ZTF)
def test_every_public_packet_of_ztf(archive: str, shared_data: Path) -> None:
    survey = get_survey("ztf")
    datums = list(datums_of(shared_data / "ztf" / archive, survey))
    alerts = [datum for datum in datums if '"candid"' in datum.text]
    assert check(datums, survey) == len(alerts) > 20


@pytest.mark.parametrize("folder", ["framed_real", "framed_minimal_all_versions", "lsst_v10_0_wire.tar.gz"])
def test_every_packet_of_rubin(folder: str, real_alerts: Path) -> None:
    framing = ConfluentFraming(FolderSchemas(real_alerts / "schemas" / "lsst"))
    survey = replace(get_survey("lsst"), framing=framing)
    datums = list(datums_of(real_alerts / "lsst" / folder, survey))
    assert check(datums, survey) > 0


@pytest.mark.parametrize("survey", SURVEYS.values(), ids=lambda survey: survey.name)
def test_no_added_field_has_a_name_of_the_packet(survey: Survey) -> None:
    packet = {fld["name"] for fld in survey.reader_schema["fields"]}
    names = {out.name for module in stream_modules(survey.name) for out in module.outputs}
    assert names & packet == set()


def test_a_name_that_a_packet_will_have_one_day_is_not_hidden() -> None:
    assert free_name("roid", {"candid"}) == "roid"
    assert free_name("roid", {"roid", "fink_roid"}) == "fink_fink_roid"
    writer = json.dumps({"type": "record", "name": "alert", "fields": [{"name": "roid", "type": "string"}]})
    fields = json.loads(topic_schema(writer, ADDED))["fields"]
    assert [fld["name"] for fld in fields] == ["roid", "fink_roid", "reasons", "cdsxmatch"]


def test_the_schema_has_neither_logical_types_nor_a_name_twice() -> None:
    time = {"type": "long", "logicalType": "timestamp-micros"}
    point = {"type": "record", "name": "point", "fields": [{"name": "t", "type": ["null", time]}]}
    fields = [{"name": "now", "type": point}, {"name": "past", "type": {"type": "array", "items": "point"}}]
    text = topic_schema(json.dumps({"type": "record", "name": "a", "namespace": "n", "fields": fields}), [])
    assert "logicalType" not in text
    assert fastavro.parse_schema(json.loads(text))
    names = [part.split('"')[0] for part in text.split('"type":"record","name":"')[1:]]
    assert len(names) == len(set(names)) == 3


def test_points_of_other_programmes_stay_here() -> None:
    survey = get_survey("ztf")
    point = {"type": "record", "name": "p", "fields": [{"name": "programid", "type": "int"}]}
    fields = [{"name": "candid", "type": "long"}]
    fields += [{"name": "prv_candidates", "type": ["null", {"type": "array", "items": point}]}]
    writer = json.dumps({"type": "record", "name": "alert", "fields": fields})
    out = io.BytesIO()
    record = {"candid": 7, "prv_candidates": [{"programid": number} for number in (1, 2, 1, 3)]}
    fastavro.schemaless_writer(out, fastavro.parse_schema(resolved(json.loads(writer))), record)
    datum, withheld = without_private(out.getvalue(), writer, survey)
    assert withheld == 2
    read: Any = fastavro.schemaless_reader(io.BytesIO(datum), fastavro.parse_schema(resolved(json.loads(writer))), None)
    assert read == {"candid": 7, "prv_candidates": [{"programid": 1}, {"programid": 1}]}
    assert hashlib.sha256(datum).digest() != hashlib.sha256(out.getvalue()).digest()
