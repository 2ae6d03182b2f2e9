"""The committed reader schemas are what the surveys' published schemas merge to."""

import json
from importlib.resources import files
from pathlib import Path

import pytest

from fink_lib.errors import SurveyError
from fink_lib.surveys import LSST, ZTF, Survey
from fink_lib.surveys.schemas import READER, compact
from fink_lib.surveys.superset import field_paths, main, merge


def record(name: str, **types: object) -> dict[str, object]:
    return {"type": "record", "name": name, "fields": [{"name": n, "type": t} for n, t in types.items()]}


def test_merged_fields_are_all_there_and_nullable() -> None:
    merged = merge([record("a", x="int", y="string"), record("b", x="long", z=record("in", u="float"))], "m")
    assert [f["type"][0] for f in merged["fields"]] == ["null"] * 3
    assert list(field_paths(merged)) == ["x", "y", "z", "z.u"]
    assert merged["fields"][0]["type"][1] == "long"


def test_types_that_no_type_holds_are_refused() -> None:
    with pytest.raises(SurveyError, match="no type holds both"):
        merge([record("a", x="int"), record("b", x="string")], "m")
    with pytest.raises(SurveyError, match="no schema"):
        merge([], "m")


def test_arrays_of_records_are_walked() -> None:
    merged = merge([record("a", h=["null", {"type": "array", "items": record("h", jd="double")}])], "m")
    assert list(field_paths(merged)) == ["h", "h.jd"]


@pytest.mark.parametrize(("survey", "since"), [(ZTF, "0"), (LSST, "7.1")])
def test_the_committed_files_are_regenerated_equal(
    real_alerts: Path, tmp_path: Path, survey: Survey, since: str
) -> None:
    out = tmp_path / survey.name / READER
    out.parent.mkdir()
    main([str(real_alerts / "schemas" / survey.name), "alert", str(out), since])
    assert json.loads(out.read_text()) == survey.reader_schema
    assert out.read_text() == (files(f"fink_lib.surveys.{survey.name}") / READER).read_text()


def test_a_compact_schema_is_the_same_and_its_lines_are_short() -> None:
    schema = {"type": "record", "name": "x", "doc": 'two  words, "quoted"', "fields": [{"name": "a" * 5}] * 9}
    text = compact(schema)
    assert json.loads(text) == schema
    assert max(map(len, text.splitlines())) <= 120
    assert len(text.splitlines()) < 9
