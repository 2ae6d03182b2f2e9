"""Tables and paragraphs on a terminal of any width: identifiers stand whole on one line, other texts are folded."""

import os
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

USUAL_WIDTH = 80
GAP = 2
# What is no character of a line: it would end the line, or command the terminal
_CONTROLS = [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029]
CONTROL_ESCAPES = {code: repr(chr(code))[1:-1] for code in _CONTROLS}
PROSE = 20  # narrower, a text is a column of single words


@dataclass(frozen=True)
class Cells:
    """One column as text.

    Attributes
    ----------
    title
        Its header.
    texts
        A text for each row, of several lines where it lists identifiers.
    is_id, is_number
        Whether it is never folded, and whether it stands to the right.
    """

    title: str
    texts: Sequence[str]
    is_id: bool = False
    is_number: bool = False

    @property
    def natural(self) -> int:
        """Width at which nothing is folded."""
        return max(cell_len(self.title), self.longest)

    @property
    def longest(self) -> int:
        """Width of its widest line."""
        return max((cell_len(line) for text in self.texts for line in text.splitlines()), default=0)

    @property
    def least(self) -> int:
        """Width below which it cannot be read: of identifiers and numbers the longest, of a text some words."""
        header = max(map(cell_len, self.title.split()), default=0)
        return max(header, self.longest if self.is_id or self.is_number else min(self.longest, PROSE))


def is_terminal() -> bool:
    """Tell whether standard output is read by a person."""
    return sys.stdout.isatty()


def width() -> int:
    """Return the columns of the terminal: those of ``COLUMNS``, else what the terminal says."""
    told = os.environ.get("COLUMNS", "")
    if told.isdigit() and int(told):
        return int(told)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or USUAL_WIDTH
    except (OSError, ValueError):
        return USUAL_WIDTH


def layout(columns: Sequence[Cells], room: int) -> None:
    """Print a table where it fits, else a paragraph a row."""
    widths = fitting(columns, room)
    if widths is None:
        print("\n\n".join("\n".join(paragraph(columns, row, room)) for row in range(len(columns[0].texts))))
        return
    # between two columns stand this padding and the box's own blank
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, GAP - 1, 0, 0))
    for column, columns_wide in zip(columns, widths, strict=True):
        table.add_column(
            Text(column.title), width=columns_wide, overflow="fold", justify="right" if column.is_number else "left"
        )
    for row in range(len(columns[0].texts)):
        table.add_row(*(Text(column.texts[row], no_wrap=column.is_id) for column in columns))
    Console(width=room, highlight=False).print(table)


def fitting(columns: Sequence[Cells], room: int) -> list[int] | None:
    """Return the widths of columns, the widest folded as far as need be; None when they cannot stand side by side."""
    left = room - GAP * (len(columns) - 1)
    if sum(column.least for column in columns) > left:
        return None
    for most in range(max(column.natural for column in columns), 0, -1):
        widths = [max(column.least, min(column.natural, most)) for column in columns]
        if sum(widths) <= left:
            return widths
    return [column.least for column in columns]


def paragraph(columns: Sequence[Cells], row: int, room: int) -> list[str]:
    """Return a row as lines of title and value; an identifier that is too long for that has a line of its own."""
    indent = max(cell_len(column.title) for column in columns) + GAP
    lines = []
    for column in columns:
        text, title = column.texts[row], f"{column.title:<{indent}}"
        if not text:
            continue
        told = text.splitlines() if column.is_id else folded(text, room - indent)
        if max(map(cell_len, told)) > room - indent:
            lines += [column.title, *told]
        else:
            lines += [title + told[0], *(" " * indent + line for line in told[1:])]
    return lines


def folded(text: str, room: int, indent: str = "") -> list[str]:
    """Return a text as lines that end between words; a word is never broken."""
    unbroken = textwrap.TextWrapper(
        max(room, 1), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return unbroken.wrap(text) or [text]


def say_folded(line: str) -> None:
    """Print a line; on a terminal it goes on, indented, below itself, and no word of it is broken."""
    text = line.translate(CONTROL_ESCAPES)
    print("\n".join(folded(text, width(), "    ")) if is_terminal() else text, flush=True)
