"""Tables of a terminal: as wide as what they hold, and no wider; what is unknown is empty."""

from rich.console import Console

from fink_lib.cli.tables import narrow_table

ROWS = [
    {"survey": "ztf", "night": "2018-11-29", "offered": 418_000_000, "equation_holds": True},
    {"survey": "lsst", "night": "2026-11-27", "offered": 10_000_000, "equation_holds": None},
]


def test_names_are_never_cut_and_long_headers_stand_on_two_lines() -> None:
    console = Console(width=41)
    with console.capture() as shown:
        console.print(narrow_table(["survey", "night", "offered", "equation_holds"], ROWS, "nights"))
    lines = [line.rstrip() for line in shown.get().splitlines()]
    assert lines[0] == "nights"
    assert lines[1].split() == ["equation"]
    assert lines[2] == "survey  night       offered    holds"
    assert lines[4:] == ["ztf     2018-11-29  418000000  True", "lsst    2026-11-27  10000000"]
