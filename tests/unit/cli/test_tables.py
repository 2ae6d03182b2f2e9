"""Lists: on a terminal as wide as what they hold, identifiers whole; tab-separated in a pipe; machine types in JSON."""

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fink_lib.cli.tables import Column, tsv_lines, write_rows
from fink_lib.cli.terminal import Cells, fitting
from tests.builders.terminals import terminal

NIGHTS = (Column("survey"), Column("night", is_id=True), Column("offered"), Column("equation_holds"))
ROWS: list[dict[str, Any]] = [
    {"survey": "ztf", "night": "2018-11-29", "offered": 418_000_000, "equation_holds": True},
    {"survey": "lsst", "night": "2026-11-27", "offered": 10_000_000, "equation_holds": None},
]
RUN = "manual__2026-10-01T00:00:00+00:00"
TOLD = (Column("run", is_id=True), Column("reason"))
LONG = [{"run": RUN, "reason": "the topic of this night was deleted and made anew while ingest was stopped"}]


def seen(columns: tuple[Column, ...], rows: list[dict[str, Any]], width: int = 80) -> list[str]:
    with terminal(width) as screen:
        write_rows(columns, rows)
    return screen.lines()


def test_long_headers_stand_on_two_lines_where_there_is_no_room() -> None:
    lines = seen(NIGHTS, ROWS, 42)
    assert lines[0].split() == ["equation"]
    assert lines[1] == "survey  night         offered  holds"
    assert lines[3:] == ["ztf     2018-11-29  418000000  yes", "lsst    2026-11-27   10000000"]
    assert seen(NIGHTS, ROWS)[0] == "survey  night         offered  equation holds"


def test_a_text_is_folded_beside_an_identifier() -> None:
    lines = seen(TOLD, LONG, 70)
    assert [line.split()[0] for line in lines if RUN in line] == [RUN]
    assert len(lines) == 5
    assert max(map(len, lines)) <= 70


def test_what_does_not_fit_side_by_side_is_a_paragraph_a_row() -> None:
    lines = seen(TOLD, LONG * 2, 50)
    assert lines[0] == f"run     {RUN}"
    assert lines.count(f"run     {RUN}") == 2
    assert lines.count("") == 1
    assert max(map(len, lines)) <= 50


def test_an_identifier_that_is_wider_than_the_terminal_has_a_line_of_its_own() -> None:
    assert seen((Column("of_run", is_id=True),), [{"of_run": RUN}], 20) == ["of run", RUN]


def test_what_looks_like_markup_or_commands_the_terminal_is_told_as_it_is() -> None:
    lines = seen(TOLD, [{"run": "r", "reason": "[red]no\x1b[2J\ttab\nend"}])
    assert lines[-1] == "r    [red]no\\x1b[2J\\ttab\\nend"


def test_identifiers_of_a_list_have_a_line_each() -> None:
    lines = seen((Column("user", is_id=True), Column("topics", is_id=True)), [{"user": "sn", "topics": ("a", "b")}])
    assert lines[2:] == ["sn    a", "      b"]


def test_a_pipe_gets_tabs_and_whole_values(capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(NIGHTS, ROWS)
    assert capsys.readouterr().out.splitlines() == [
        "survey\tnight\toffered\tequation_holds",
        "ztf\t2018-11-29\t418000000\ttrue",
        "lsst\t2026-11-27\t10000000\t",
    ]


def test_an_empty_list_is_a_header_and_the_hint_goes_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(TOLD, [], empty="none yet")
    assert capsys.readouterr() == ("run\treason\n", "none yet\n")
    with terminal() as screen:
        write_rows(TOLD, [], empty="none yet")
    assert (screen.getvalue(), capsys.readouterr().err) == ("", "none yet\n")


def unescaped(text: str) -> str:
    """Read a value back as a script would."""
    return text.encode("latin-1", "backslashreplace").decode("unicode_escape")


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_any_value_stays_in_its_field_and_can_be_read_back(first: str, second: str) -> None:
    lines = list(tsv_lines(("a", "b"), [{"a": first, "b": second}]))
    assert len("\n".join(lines).splitlines()) == 2
    assert tuple(map(unescaped, lines[1].split("\t"))) == (first, second)


@given(st.lists(st.tuples(st.booleans(), st.text("ab ", max_size=60)), min_size=1, max_size=9), st.integers(10, 200))
def test_columns_fit_or_do_not_stand_side_by_side(texts: list[tuple[bool, str]], room: int) -> None:
    columns = [Cells("title", [text], is_id=is_id) for is_id, text in texts]
    widths = fitting(columns, room)
    if widths is not None:
        assert sum(widths) + 2 * (len(widths) - 1) <= room
        assert all(wide >= one.longest for one, wide in zip(columns, widths, strict=True) if one.is_id)


def test_json_has_machine_types_and_ids_of_64_bits_as_text_too(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"alert_id": 2**60 + 1, "alert_ids": (1, 2**60), "big": 2**60, "at": dt.datetime(2021, 1, 2, tzinfo=dt.UTC)}
    columns = [Column("alert_id", is_id=True), Column("missing")]
    write_rows(columns, [{**row, "night": dt.date(2021, 1, 2), "rate": float("nan")}, {"alert_id": None}], as_json=True)
    first, second = json.loads(capsys.readouterr().out)
    assert (first["alert_id"], first["alert_id_text"]) == (2**60 + 1, str(2**60 + 1))
    assert (first["alert_ids_text"], first["big_text"]) == (["1", str(2**60)], str(2**60))
    assert (first["at"], first["night"], first["rate"]) == ("2021-01-02T00:00:00+00:00", "2021-01-02", None)
    assert first.keys() == second.keys() >= {"missing"}
