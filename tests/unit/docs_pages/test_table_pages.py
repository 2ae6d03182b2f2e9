"""The page of the tables, and the README's list of them, say what the specs say now."""

from pathlib import Path

import pyarrow as pa

from fink_lib.docs_pages.tables import (
    CATALOG,
    PAGE,
    README,
    SHOWN,
    SURVEY,
    column_row,
    kind_of,
    overview,
    page,
    records,
    specs,
    with_overview,
    write,
)
from fink_lib.lake.tables.spec import column
from fink_lib.maintenance.run import known_specs
from fink_lib.science.framework.registry import stream_modules
from fink_lib.surveys import get_survey
from fink_lib.surveys.tables import packet_schema


def test_the_page_and_the_readme_are_up_to_date() -> None:
    """Run `make tables-docs` after a table has changed."""
    assert page() == PAGE.read_text()
    assert with_overview(README.read_text()) == README.read_text()


def test_every_table_stands_on_the_page_once() -> None:
    named = {one.full_name.replace(SURVEY, "ztf") for one in specs()} - {f"gold__catalog_{CATALOG}"}
    assert named == {one.full_name for one in known_specs(Path("nowhere")) if one.survey in {"", "ztf"}}
    assert len(overview()) == 2 + len(specs())


def test_every_column_stands_on_the_page() -> None:
    text = page()
    for spec in specs():
        section = text.split(f"## `{spec.full_name}`")[1].split("\n## ")[0]
        assert all(f"| `{name}` |" in section for name in spec.schema.names)
    for survey in SHOWN:
        outputs = {out.name for module in stream_modules(survey) for out in module.outputs}
        assert all(f"| `{name}` |" in text for name in outputs)
        packets = text.split(f"## Packets of {survey}")[1].split("\n## ")[0]
        assert all(f"`{name}` " in packets for name in packet_schema(get_survey(survey), cutouts=True).names)


def test_a_field_that_a_schema_explains_gets_a_line_of_its_own() -> None:
    inner = pa.struct([column("jd", pa.float64(), "Observation time.", "day")])
    found = dict(records("", [column("past", pa.list_(inner), "")]))
    assert list(found) == ["", "past"]
    assert column_row(found["past"][0], "past") == ("`past.jd`", "double", "day", "Observation time.")
    assert kind_of(pa.list_(inner)) == "list of struct of 1"
    assert kind_of(pa.map_(pa.string(), pa.int32())) == "map of string to int32"


def test_only_the_list_of_the_readme_is_replaced(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("before\n\n| table | one row is |\n| --- | --- |\n| `gone` | old |\n\nafter\n")
    write(tmp_path / "tables.md", readme)
    lines = readme.read_text().splitlines()
    assert lines == ["before", "", *overview(), "", "after"]
    assert (tmp_path / "tables.md").read_text() == page()
