"""Lists of every command: a table on a terminal, tab-separated lines into a pipe, JSON when asked for.

A command hands over columns and rows; which of them are identifiers is all that it has to say about the layout.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import typer

from fink_lib.cli.common import note
from fink_lib.cli.json_text import json_text, machine, plain
from fink_lib.cli.terminal import CONTROL_ESCAPES, Cells, is_terminal, layout, width

Row = Mapping[str, Any]
IDS_HELP = "integer ids also as text, under NAME_text"
TSV_ESCAPES = {**CONTROL_ESCAPES, **str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})}


@dataclass(frozen=True)
class Column:
    """One column of a list.

    Attributes
    ----------
    name
        Key in the rows and in the JSON, and name in the header line of a pipe: it stays what it is.
    is_id
        True for what people copy: it stands whole on one line, however narrow the terminal is.
    title
        Header on a terminal; the name with spaces when not given.
    shown
        How a terminal shows a value that is there; a pipe and the JSON have the value itself.
    only_json
        True when tables and pipes leave it out.
    """

    name: str
    is_id: bool = False
    title: str = ""
    shown: Callable[[Any], str] | None = None
    only_json: bool = False


def json_option(columns: Sequence[Column], what: str = "a list of objects with") -> Any:
    """Return the option ``--json`` of a list; its help names the keys."""
    names = ", ".join(column.name for column in columns)
    return typer.Option("--json", help=f"Print JSON: {what} {names}; {IDS_HELP}.")


def write_rows(columns: Sequence[Column], rows: Iterable[Row], *, as_json: bool = False, empty: str = "") -> None:
    """Print a list.

    Parameters
    ----------
    columns
        In the order of the table.
    rows
        What a row lacks, or holds as None, is empty; keys that are no column are in the JSON alone.
    as_json
        True to print a JSON list of objects.
    empty
        What to say, beside the list, when it has no rows.
    """
    found, names = list(rows), [column.name for column in columns]
    chosen = [column for column in columns if not column.only_json]
    if as_json:
        print(json_text(same_keys([{**dict.fromkeys(names), **row} for row in found])))
        return
    if found and is_terminal():
        layout([_cells(column, found) for column in chosen], width())
    elif not is_terminal():
        for line in tsv_lines([column.name for column in chosen], found):
            print(line)
    if not found and empty:
        note(empty)


def same_keys(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return rows with machine types that all have the keys of any of them."""
    found: list[dict[str, Any]] = [machine(row) for row in rows]
    keys = dict.fromkeys(key for row in found for key in row)
    return [{**keys, **row} for row in found]


def tsv_lines(names: Sequence[str], rows: Iterable[Row]) -> Iterable[str]:
    r"""Yield a header line and a line a row; ``\``, tabs and line ends inside values are written ``\\ \t \n \r``."""
    yield "\t".join(names)
    for row in rows:
        yield "\t".join(plain(row.get(name)).translate(TSV_ESCAPES) for name in names)


def _cells(column: Column, rows: Sequence[Row]) -> Cells:
    values = [row.get(column.name) for row in rows]
    numbers = [value for value in values if value is not None]
    return Cells(
        title=column.title or column.name.replace("_", " "),
        texts=[_shown(column, value) for value in values],
        is_id=column.is_id,
        is_number=bool(numbers) and all(type(value) in (int, float) for value in numbers),
    )


def _shown(column: Column, value: Any) -> str:
    """Return what a terminal shows: nothing in it can command the terminal."""
    if value is None:
        return ""
    if column.shown is not None:
        return column.shown(value).translate(CONTROL_ESCAPES)
    if isinstance(value, list | tuple | set | frozenset):
        texts = [plain(each).translate(CONTROL_ESCAPES) for each in value]
        return ("\n" if column.is_id else ", ").join(texts)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return plain(value).translate(CONTROL_ESCAPES)
