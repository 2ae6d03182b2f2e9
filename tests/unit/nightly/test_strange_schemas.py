"""The report names fields of packets that the broker does not know, or knows otherwise."""

from pathlib import Path
from typing import Any

from fink_lib.lake.small import append_rows
from fink_lib.lake.tables import bronze_schemas
from fink_lib.nightly.job import NightContext, perform
from fink_lib.nightly.report import step as report
from fink_lib.nightly.results import Step, read_result, write_result
from fink_lib.nightly.statistics.strange import strange_schemas

NEW = {"schema_sha256": "ab" * 32, "schema_version": "9.9", "new_fields": ["candidate.novel"], "retyped_fields": []}
OTHER = {"schema_sha256": "cd" * 32, "new_fields": [], "retyped_fields": [("candidate.ssnamenr", "long")]}
PLAIN = {"schema_sha256": "ef" * 32, "new_fields": [], "retyped_fields": []}


def test_only_the_strange_ones_of_the_night_are_told(tmp_path: Path) -> None:
    assert strange_schemas(tmp_path, {"ab" * 32: 1}) == []
    append_rows(bronze_schemas(), tmp_path, [NEW, PLAIN])
    append_rows(bronze_schemas(), tmp_path, [NEW, OTHER])  # two tasks met one at once
    found = strange_schemas(tmp_path, {"ab" * 32: 3, "cd" * 32: 5, "ef" * 32: 7})
    assert [(one["schema_version"], one["alerts"]) for one in found] == [(None, 5), ("9.9", 3)]
    assert found[0]["retyped_fields"] == {"candidate.ssnamenr": "long"}
    assert found[1]["new_fields"] == ["candidate.novel"]
    assert strange_schemas(tmp_path, {"ef" * 32: 7}) == []


def test_the_page_names_the_fields(good_results: NightContext) -> None:
    facts: dict[str, Any] = read_result(good_results.folder, Step.STATISTICS, "run-1") or {}
    strange = [
        {"schema_sha256": "ab" * 32, "schema_version": "9.9", "alerts": 1234,
         "new_fields": ["candidate.novel"], "retyped_fields": {"candidate.ssnamenr": "long"}},
    ]  # fmt: skip
    write_result(good_results.folder, Step.STATISTICS, "run-1", facts | {"strange_schemas": strange})
    perform(good_results, Step.REPORT, report.run)
    page = (good_results.folder / "report.html").read_text()
    told = " ".join(page.split())
    assert "1,234 packets of schema 9.9" in told
    assert "candidate.novel</span>." in told
    assert "candidate.ssnamenr</span> (long)" in told
