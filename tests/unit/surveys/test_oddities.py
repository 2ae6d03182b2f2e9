"""Writer schemas that Avro's libraries read differently: what may be a number or a text becomes a text."""

from typing import Any

import pytest

from fink_lib.errors import SurveyError
from fink_lib.surveys.superset import merge, plain_type

FLOAT = {"name": "a", "type": "float"}


def record(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "record", "name": "r", "fields": list(fields)}


def test_what_may_be_a_number_or_a_text_is_a_text() -> None:
    merged = merge([record({"name": "id", "type": ["float", "string", "null"]}), record(FLOAT)], "m")
    assert [(fld["name"], fld["type"][1]) for fld in merged["fields"]] == [("id", "string"), ("a", "float")]


def test_other_unions_are_refused() -> None:
    with pytest.raises(SurveyError, match="union of 2 types"):
        plain_type(["float", record(FLOAT)], {})
