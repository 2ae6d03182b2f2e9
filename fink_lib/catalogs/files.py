"""Catalogue files a piece at a time, whatever the format: Parquet, CSV or FITS. Every reader of catalogues reads here.

The files have habits of their own: a date above the header, Windows line ends, padding, quotes inside fields, rows that
lack cells, letters of Latin-1, big-endian numbers. All of it ends here. Texts of a CSV stay texts, so that a name of
digits keeps all of them.
"""

import codecs
import csv
import itertools
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fink_lib.errors import ConfigError

logger = logging.getLogger(__name__)

PIECE_ROWS = 250_000
READ_BYTES = 1 << 20
UTF8, LATIN1 = "utf-8-sig", "latin-1"
SUFFIXES = (".parquet", ".csv", ".fits")

_TIMESTAMP = re.compile(r'"?\d{4}-\d{2}-\d{2}[ T]')  # the Transient Name Server dates its file above the header


@dataclass(frozen=True)
class Piece:
    """Some rows of a file.

    Attributes
    ----------
    table
        The columns that were asked for: texts trimmed, numbers in this machine's byte order.
    short
        Lines of the file whose rows are left out since they have fewer cells than the header.
    """

    table: pa.Table
    short: tuple[int, ...] = ()


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Name the file in whatever goes wrong while it is read.

    Raises
    ------
    ConfigError
        When it cannot be read.
    """
    try:
        yield
    except (OSError, pa.ArrowException, UnicodeDecodeError, csv.Error) as problem:
        said = str(problem).strip().split("\n")[0]
        raise ConfigError(f"{path} cannot be read, is it damaged? ({said}); replace the file") from problem


def column_names(path: Path) -> list[str]:
    """Return the names of a file's columns.

    Raises
    ------
    ConfigError
        When it is of another format, or cannot be read.
    """
    if path.suffix not in SUFFIXES:
        raise ConfigError(f"{path.name} is none of {', '.join(SUFFIXES)}")
    with named(path):
        if path.suffix == ".parquet":
            return list(pq.read_schema(path).names)
        if path.suffix == ".fits":
            return list(_fits(path).colnames)
        with path.open(newline="", encoding=_encoding(path)) as file:
            return _header(_rows(file))


def pieces(path: Path, columns: Sequence[str]) -> Iterator[Piece]:
    """Yield the rows of a file, never all of a Parquet file or CSV in memory.

    Parameters
    ----------
    path
        The file.
    columns
        Columns that it has.

    Raises
    ------
    ConfigError
        When it cannot be read.
    """
    with named(path):
        if path.suffix == ".parquet":
            for batch in pq.ParquetFile(path).iter_batches(PIECE_ROWS, columns=list(columns)):
                yield Piece(pa.Table.from_batches([batch]))
        elif path.suffix == ".fits":
            table = _fits(path)
            yield Piece(pa.table({name: _native(table[name]) for name in columns}))
        else:
            yield from _csv(path, columns)


def _csv(path: Path, columns: Sequence[str]) -> Iterator[Piece]:
    with path.open(newline="", encoding=_encoding(path)) as file:
        rows = _rows(file)
        header = _header(rows)
        at = {name: header.index(name) for name in columns}
        while part := list(itertools.islice(_numbered(rows), PIECE_ROWS)):
            whole = [row for _, row in part if len(row) >= len(header)]
            table = {name: pa.array([row[place].strip() for row in whole], pa.string()) for name, place in at.items()}
            yield Piece(pa.table(table), tuple(line for line, row in part if len(row) < len(header)))


def _rows(file: TextIO) -> Any:
    """Return the rows of a CSV, without the date that may stand above its header."""
    first = next(file, "")
    above = [] if _TIMESTAMP.match(first) else [first]
    return csv.reader(itertools.chain(above, file), skipinitialspace=True)


def _header(rows: Any) -> list[str]:
    return [name.strip() for name in next(rows, [])]


def _numbered(rows: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that hold something, with the line that each ends on."""
    for row in rows:
        if row:
            yield rows.line_num, row


def _encoding(path: Path) -> str:
    """Return how the letters of a text are written: UTF-8, else Latin-1, in which every byte is a letter."""
    decoder = codecs.getincrementaldecoder(UTF8)()
    with path.open("rb") as file:
        try:
            while part := file.read(READ_BYTES):
                decoder.decode(part)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            logger.warning("catalogue file path=%s is read as Latin-1: it is no UTF-8 (%s)", path, error.reason)
            return LATIN1
    return UTF8


def _fits(path: Path) -> Any:
    from astropy.table import Table  # noqa: PLC0415 - slow to import, and only FITS needs it

    return Table.read(path, format="fits")


def _native(column: Any) -> pa.Array:
    """Return a column of a FITS table; what it has no value for is null."""
    mask = np.asarray(column.mask, dtype=bool) if hasattr(column, "mask") else None
    array = np.asarray(column)
    if array.dtype.kind in "SU":
        texts = [value.decode() if isinstance(value, bytes) else str(value) for value in array.tolist()]
        return pa.array([text.strip() for text in texts], type=pa.string(), mask=mask)
    return pa.array(array.astype(array.dtype.newbyteorder("=")), mask=mask)
