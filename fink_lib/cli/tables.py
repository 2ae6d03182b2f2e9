"""Tables for a terminal of 80 columns: names are never cut, a header of two words may stand on two lines."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table


def narrow_table(names: Sequence[str], rows: Sequence[Mapping[str, Any]], title: str | None = None) -> Table:
    """Return a table of some values of rows; what a row lacks or does not know is empty."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    cells = [["" if row.get(name) is None else str(row[name]) for name in names] for row in rows]
    for at, name in enumerate(names):
        words = name.split("_")
        table.add_column(" ".join(words), width=max(map(len, [*words, *(row[at] for row in cells)])))
    for row in cells:
        table.add_row(*row)
    return table
