"""Schemas that a registry has and the code does not know: told before packets come with them, once, without a JVM."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from fink_lib.config import Settings
from fink_lib.errors import RegistryError, SurveyError
from fink_lib.ingest.judge import MESSAGE, Judge
from fink_lib.lake.data_files import append_rows
from fink_lib.lake.writer_schemas import WriterSchemas
from fink_lib.maintenance.schema_samples import stored_samples
from fink_lib.maintenance.schema_watch import newer_schemas, watch
from fink_lib.notices.outbox import entries
from fink_lib.surveys import LSST
from fink_lib.surveys.schema_changes import Severity
from fink_lib.surveys.tables import bronze_spec
from tests.builders.lake_folder import lake_folder
from tests.unit.surveys.lsst_messages import framed, id_of, schemas, wire
from tests.unit.surveys.registries import Registry, registry

NOTICES = """
[[notice]]
name = "operators"
survey = "lsst"
event = "night"
sink = "webhook"
address = "http://127.0.0.1:1/"
live = false
"""


def fields_of(schema: Any, record: str) -> list[dict[str, Any]]:
    """The fields of a record within a schema, to be changed."""
    (field,) = [one for one in schema["fields"] if one["name"] == record]
    node = field["type"]
    node = next(one for one in node if one != "null") if isinstance(node, list) else node
    fields: list[dict[str, Any]] = node["fields"]
    return fields


@pytest.fixture
def newest(real_alerts: Path) -> Any:
    return schemas(real_alerts).schemas()[1101]


@pytest.fixture
def there(newest: Any, real_alerts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """A registry that has what packets of 10.0 to 11.1 are written with, and a home with a packet of 10.0 and 11.0."""
    known = {number: schemas(real_alerts).schemas()[number] for number in (1000, 1100, 1101)}
    monkeypatch.delenv("FINK_LSST_SCHEMAS", raising=False)
    monkeypatch.setenv("FINK_HOME", str(tmp_path))
    monkeypatch.setenv("FINK_SURVEYS", "ztf,lsst")
    (tmp_path / "notices.toml").write_text(NOTICES)
    monkeypatch.setenv("FINK_NOTICES", str(tmp_path / "notices.toml"))
    with registry(known) as there:
        monkeypatch.setenv("FINK_LSST_REGISTRY", there.url)
        moving = next(message for name, message in wire(real_alerts) if name == "169813006395375696")
        derived = next(message for name, message in framed(real_alerts) if id_of(message) == 1100 and "derived" in name)
        _plant([moving, derived], lake_folder(Settings()))
        yield there


def _plant(messages: list[bytes], lake: Path) -> None:
    spec = bronze_spec(LSST)
    nothing = pa.Table.from_pylist([], schema=spec.plain_schema)
    write_deltalake(str(spec.path(lake)), nothing, partition_by=["night"])
    one = {name: pa.nulls(len(messages), pa.null()) for name in MESSAGE}
    one["value"] = pa.array(messages, pa.binary())
    judged = pa.Table.from_batches(Judge(LSST, WriterSchemas(lake)).rows(pa.RecordBatch.from_pydict(one)))
    append_rows(spec, DeltaTable(str(spec.path(lake))), spec.path(lake), judged)


def test_nothing_newer_is_said_to_be_so(there: Registry) -> None:
    assert [*watch(Settings())] == ["lsst: the registry has no schema that is newer than 11.1"]
    assert sorted(version for version, _ in stored_samples(LSST, Settings().lake)) == ["10.0", "11.0"]


def test_a_new_field_is_additive_and_told_once(there: Registry, newest: Any) -> None:
    more = copy.deepcopy(newest)
    fields_of(more, "diaSource").append({"name": "seeing", "type": ["null", "float"]})
    there.schemas[1102] = more
    (found,) = newer_schemas(Settings(), LSST)
    assert (found.breaks, found.complaints) == (False, {})
    both = ["diaSource.seeing", "prvDiaSources.seeing"]  # the earlier ones are of the same record
    assert [(one.path, one.severity) for one in found.changed] == [(path, Severity.ADDITIVE) for path in both]
    for _ in range(2):
        assert [*watch(Settings())] == [
            "LSST schema 11.2 (id 1102) is registered, and is additive",
            *(f"  additive: {path} (float) is new" for path in both),
        ]
    (told,) = entries(lake_folder(Settings()))
    assert told.key == "lsst.schema.1102.additive"
    assert (Settings().home / "schemas" / "lsst" / "1102.avsc").is_file(), "its packets will not wait"


@pytest.mark.parametrize(
    ("name", "becomes", "expected"),
    [
        ("psfFlux", None, "diaSource.psfFlux is read here and is gone"),
        ("band", {"name": "band", "type": "int"}, "diaSource.band was string and is int"),
    ],
)
def test_what_breaks_is_red_and_names_the_field(
    there: Registry, newest: Any, name: str, becomes: dict[str, Any] | None, expected: str
) -> None:
    other = copy.deepcopy(newest)
    fields = fields_of(other, "diaSource")
    (at,) = [number for number, one in enumerate(fields) if one["name"] == name]
    fields[at : at + 1] = [] if becomes is None else [becomes]
    there.schemas[1200] = other
    lines: list[str] = []
    with pytest.raises(SurveyError, match=r"LSST schema 12\.0 \(id 1200\) is registered, and BREAKS what is read"):
        lines.extend(watch(Settings()))
    assert f"  breaking: {expected}" in lines


def test_stored_packets_say_so_where_their_id_would_be_gone(there: Registry, newest: Any) -> None:
    other = copy.deepcopy(newest)
    for one in fields_of(other, "diaSource"):
        one["name"] = {"diaSourceId": "sourceId"}.get(one["name"], one["name"])
    there.schemas[1200] = other
    (found,) = newer_schemas(Settings(), LSST)
    assert set(found.complaints) == {"10.0", "11.0"}
    assert found.breaks


def test_a_registry_that_is_down_is_told(monkeypatch: pytest.MonkeyPatch, there: Registry) -> None:
    monkeypatch.setenv("FINK_LSST_REGISTRY", "http://127.0.0.1:1/registry")
    with pytest.raises(RegistryError, match="does not tell what it has"):
        list(watch(Settings()))
