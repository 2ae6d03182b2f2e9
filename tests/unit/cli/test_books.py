"""The books of nights on a terminal: the equations in full, topics by what they got, and every problem."""

from typing import Any

from fink_lib.cli.night_summary import book_lines, list_rows
from fink_lib.config import Settings


def night(**changes: Any) -> dict[str, Any]:
    counts = dict.fromkeys(("bronze", "quarantine", "silver", "rejected", "repeats"), 0) | {"offered": 9}
    facts = {"survey": "ztf", "night": "2021-11-22", **counts, "equation_holds": True, "lost": [], "ok": True}
    told = {"equations": ["9 offered = 9 bronze + 0 quarantine"], "expectations": {"passed": 5, "failed": 1}}
    return {**facts, **told, "published": {"fink_a_ztf": 0, "fink_bb_ztf": 2, "fink_c_ztf": 7}, **changes}


def test_a_night_is_told_by_its_equations_and_its_topics(settings: Settings) -> None:
    lines = list(book_lines(settings, {"nights": [night()], "ok": True}))
    folder = settings.night_dir("ztf", "2021-11-22")
    assert lines == [
        "2021-11-22: the equation holds",
        "  9 offered = 9 bronze + 0 quarantine",
        "  0 lost; 5 expectations passed, 1 failed",
        "  fink_c_ztf        7",
        "  fink_bb_ztf       2",
        "  1 topic got no alert",
        f"  report    {folder / 'report.html'}",
        f"  manifest  {folder / 'manifest.json'}",
        "the books balance",
    ]


def test_what_is_wrong_is_named_and_messages_of_no_night_have_no_page(settings: Settings) -> None:
    open_night = night(equation_holds=False, lost=[42], critical_failed=["silver.ra"], published={}, ok=False)
    of_none = night(night=None, equations=[], published={}, offered=3, quarantine=3)
    books = {"nights": [open_night, of_none], "ok": False, "error": "night 2 was not closed", "dead_streams": ["x"]}
    lines = list(book_lines(settings, books))
    for told in (
        "2021-11-22: the equation DOES NOT HOLD",
        "  1 lost; 5 expectations passed, 1 failed",
        "  critical expectation failed: silver.ra",
        "NOT EVERY NIGHT IS CLOSED: the problem above says which, and why",
        "messages of no night: the equation holds",
        "  3 offered, 3 in quarantine",
        "PROBLEM   night 2 was not closed",
        "PROBLEM   x",
    ):
        assert told in lines
    assert sum("report.html" in line for line in lines) == 1
    assert lines[-1] == "THE BOOKS DO NOT BALANCE: see the report"
    assert [row["ok"] for row in list_rows([night(), open_night])] == [True, False]


def last_lines(settings: Settings, **books: Any) -> list[str]:
    lines = list(book_lines(settings, {"ok": False, "error": None, **books}))
    return [line for line in lines if line[:3].isupper() or line == "the books balance"]


def test_a_night_that_quality_stopped_is_open_and_its_books_balance(settings: Settings) -> None:
    assert last_lines(settings, nights=[night(ok=False, critical_failed=["silver.ra"])]) == [
        "STAYS OPEN, for another reason than its equation: 2021-11-22: see the report",
        "the books balance",
    ]


def test_an_equation_that_was_not_computed_is_not_called_broken(settings: Settings) -> None:
    missing = {"reconcile": "no space left", "statistics": "the step has not run"}
    bad = night(ok=False, equation_holds=False, not_computed=missing)
    lines = list(book_lines(settings, {"nights": [bad], "ok": False}))
    assert lines[0] == "2021-11-22: the equation was not computed (no space left)"
    assert "  statistics was not computed: the step has not run" in lines
    assert lines[-1] == "STAYS OPEN, for another reason than its equation: 2021-11-22: see the report"


def test_what_is_merely_still_open_is_called_so(settings: Settings) -> None:
    error = "still open, nothing moved for 900 s: ztf 2021-11-23"
    assert last_lines(settings, nights=[night()], error=error) == [
        f"PROBLEM   {error}",
        "NOT EVERY NIGHT IS CLOSED: the problem above says which, and why",
        "the books balance",
    ]
    assert "the books balance" not in last_lines(settings, nights=[], error=error)
