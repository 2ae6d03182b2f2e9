"""VOTables of strangers, judged before they are read: a reader follows the addresses in them, to local files too."""

import io
import re
import warnings
from collections.abc import Mapping
from typing import Any
from xml.parsers import expat

MOST_CELLS = 20_000_000
DIGITS = re.compile(r"\d+")


def first_table(raw: bytes, most_rows: int) -> Any:
    """Return the first table of a document, as `astropy.io.votable` has it.

    Parameters
    ----------
    raw
        The document: XML, not compressed.
    most_rows
        How many rows all its tables may have.

    Raises
    ------
    ValueError
        When it is none, leads to other files (``STREAM`` with ``href``), declares entities, or is too large.
    """
    judge(raw, most_rows)
    from astropy.io.votable import parse  # noqa: PLC0415 - slow to import

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return parse(io.BytesIO(raw), verify="ignore").get_first_table()


def judge(raw: bytes, most_rows: int) -> None:
    """Look at every element of a document, with the parser that astropy uses, and keep nothing.

    Parameters
    ----------
    raw
        Bytes of the document.
    most_rows
        Of all its tables together.

    Raises
    ------
    ValueError
        As `first_table`.
    """
    seen, parser = _Seen(most_rows), expat.ParserCreate()
    parser.StartElementHandler = seen.element
    parser.StartDoctypeDeclHandler = seen.doctype
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise ValueError(f"it is no XML: {error}") from error


class _Seen:
    """What was seen of a document."""

    def __init__(self, most_rows: int) -> None:
        self._most_rows, self._rows, self._cells, self._width = most_rows, 0, 0, 0

    def doctype(self, *_declared: object) -> None:
        """Refuse a document type: it declares entities."""
        raise ValueError("a document type is not taken")

    def element(self, name: str, told: Mapping[str, str]) -> None:
        """Judge an element."""
        kind = name.rpartition(":")[2].upper()
        attributes = {key.rpartition(":")[2].lower(): value for key, value in told.items()}
        if kind == "STREAM" and "href" in attributes:
            raise ValueError("a stream that lies elsewhere (href) is not taken: send the rows in the document")
        if kind in {"FIELD", "PARAM"}:
            self._count(0, size := _size(attributes.get("arraysize", "")))
            self._width += size if kind == "FIELD" else 0
        elif kind == "TABLE":
            self._width = 0
            said = attributes.get("nrows", "").strip()
            if said and (not said.isdecimal() or int(said[:20]) > self._most_rows):
                raise ValueError(f"it has more than {self._most_rows} rows")
        elif kind == "TR":
            self._count(1, self._width)

    def _count(self, rows: int, cells: int) -> None:
        self._rows += rows
        self._cells += cells
        if self._rows > self._most_rows:
            raise ValueError(f"it has more than {self._most_rows} rows")
        if self._cells > MOST_CELLS:
            raise ValueError(f"it has more than {MOST_CELLS} values")


def _size(arraysize: str) -> int:
    """Return how many values a cell has at least, in the way that VOTable writes it: ``2x3``, ``8x*``."""
    found = 1
    for one in DIGITS.findall(arraysize):
        found *= int(one[:10])
    return found
