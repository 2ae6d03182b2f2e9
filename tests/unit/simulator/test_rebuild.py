"""Exports with columns of their own become the survey's packets again, and nothing else does."""

import io
import math
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fink_lib.simulator.packets import examine, messages_of
from fink_lib.simulator.reading import Content, read_path
from fink_lib.simulator.rebuild import CannotRebuild, conform, rebuild
from fink_lib.surveys import get_survey
from fink_lib.surveys.framing import decode
from fink_lib.surveys.native import native_schemas
from tests.unit.simulator.alerts import alert

ZTF = get_survey("ztf")


def decoded(message: bytes) -> dict[str, Any]:
    return decode(ZTF.framing.unwrap(message))


def export(numbers: list[int], **extra: Any) -> bytes:
    schema = native_schemas("ztf")[0]
    own = [{"name": name, "type": "string"} for name in extra]
    stream = io.BytesIO()
    wide = fastavro.parse_schema({**schema, "fields": [*schema["fields"], *own]})
    fastavro.writer(stream, wide, [{**alert(number), **extra} for number in numbers], "deflate")
    return stream.getvalue()


def test_every_record_of_an_export_becomes_a_packet() -> None:
    content = Content("x.avro", export([1, 2], cdsxmatch="Unknown"))
    found = list(messages_of(content, ZTF))
    assert [rebuilt for _, rebuilt in found] == [True, True]
    assert [examine(message, ZTF).expected for message, _ in found] == ["bronze", "bronze"]
    assert decoded(found[0][0]) == decoded(rebuild(alert(1), ZTF))


def test_native_packets_and_strange_ones_are_left_alone() -> None:
    own = Content("x.avro", export([1]))
    assert list(messages_of(own, ZTF)) == [(own.data, False)]
    strange = Content("y.avro", b"nonsense")
    assert list(messages_of(strange, ZTF)) == [(b"nonsense", False)]
    empty = Content("z.avro", export([], cdsxmatch="x"))
    assert list(messages_of(empty, ZTF)) == [(empty.data, False)]


def test_missing_numbers_become_null_and_integers_are_whole_again() -> None:
    schema = native_schemas("ztf")[0]
    record = alert(1)
    record["prv_candidates"][0] |= {"nbad": 3.0, "magpsf": math.nan, "candid": None}
    row = conform(record, schema)["prv_candidates"][0]
    assert (row["nbad"], row["magpsf"], row["candid"]) == (3, None, None)
    assert isinstance(row["nbad"], int)


def test_a_record_that_cannot_be_the_surveys_is_refused() -> None:
    schema = native_schemas("ztf")[0]
    for path, value, reason in (("jd", None, "no value"), ("fid", 1.5, "whole number")):
        record = alert(1)
        record["candidate"][path] = value
        with pytest.raises(CannotRebuild, match=reason):
            conform(record, schema)


def test_forced_photometry_chooses_the_newer_schema() -> None:
    record = alert(1) | {"fp_hists": []}
    fields = {fld["name"] for fld in ZTF.framing.unwrap(rebuild(record, ZTF)).schema["fields"]}
    assert "fp_hists" in fields
    assert "fp_hists" not in decoded(rebuild(alert(1), ZTF))


def test_a_table_of_alerts_is_rebuilt_and_any_other_is_not(tmp_path: Path) -> None:
    rows = [{**alert(number), "roid": 3} for number in (1, 2)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "alerts.parquet")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    found = {content.name: list(messages_of(content, ZTF)) for content in read_path(tmp_path)}
    assert [decoded(message)["candid"] for message, _ in found["alerts.parquet"]] == [1, 2]
    assert found["other.parquet"] == []


def test_real_exports_are_rebuilt_and_other_surveys_are_not(shared_data: Path) -> None:
    for content in read_path(shared_data / "ztf" / "ztf_microlensing_55_nights.tar.gz"):
        found = list(messages_of(content, ZTF))
        assert {(rebuilt, examine(message, ZTF).expected) for message, rebuilt in found} <= {
            (True, "bronze"),
            (False, "quarantine:no_record"),
        }
    for content in read_path(shared_data / "malformed"):
        assert list(messages_of(content, ZTF)) == [(content.data, False)]
