"""Records of one short name in two namespaces are two records, wherever they are referred to."""

import json
from pathlib import Path
from typing import Any

from fink_lib.surveys.schema_source import load_folder
from fink_lib.surveys.superset import collect_named


def record(name: str, namespace: str, *fields: tuple[str, Any]) -> dict[str, Any]:
    told = [{"name": field, "type": kind} for field, kind in fields]
    return {"type": "record", "name": name, "namespace": namespace, "fields": told}


def test_a_folder_with_two_records_of_one_name(tmp_path: Path) -> None:
    records = [
        record("alert", "top", ("a", "first.point"), ("b", "second.point")),
        record("point", "first", ("x", "double")),
        record("point", "second", ("y", "long")),
    ]
    for number, one in enumerate(records):
        (tmp_path / f"{number}.avsc").write_text(json.dumps(one))
    alert = load_folder(tmp_path, "alert")
    assert alert is not None
    a, b = (field["type"] for field in alert["fields"])
    assert (a["namespace"], a["fields"][0]["name"]) == ("first", "x")
    assert (b["namespace"], b["fields"][0]["name"]) == ("second", "y")


def test_a_branch_of_a_union_hands_its_namespace_to_no_other() -> None:
    other = {"type": "record", "name": "other", "fields": []}
    named = collect_named([record("point", "first"), other], space="outer")
    assert named["outer.other"] is other
    assert "first.other" not in named
