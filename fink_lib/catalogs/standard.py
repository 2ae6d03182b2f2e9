"""Any catalogue file in the columns of a catalogue table, a piece at a time: Parquet, CSV and FITS."""

import hashlib
import logging
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fink_lib.catalogs.angles import DEGREES_PER_HOUR, degrees
from fink_lib.catalogs.cells import TABLE_ORDER, cells_of
from fink_lib.catalogs.files import Piece, column_names, pieces
from fink_lib.catalogs.sources import CatalogFile
from fink_lib.errors import ConfigError

logger = logging.getLogger(__name__)

DIGEST_BYTES = 1 << 20
# Raised when the same file gives other rows than before: it is then loaded again.
READING = 2
# What files write for "no value"
NOTHING = pa.array(["", "None", "nan", "--", "N/A"])
SCHEMA = pa.schema(
    [
        ("cell", pa.int32()),
        ("source_id", pa.string()),
        ("ra", pa.float64()),
        ("dec", pa.float64()),
        ("label", pa.string()),
    ]
)


@dataclass(frozen=True)
class Written:
    """What was written: rows, and rows that were left out because no position on the sky can be read from them."""

    rows: int
    without_position: int


@dataclass
class LeftOut:
    """Rows that were left out, and the first of each kind."""

    rows: int = 0
    first: dict[str, str] = field(default_factory=dict)

    def add(self, rows: int, example: str) -> None:
        """Count rows of one kind; the kind is what stands before the colon.

        Parameters
        ----------
        rows
            How many.
        example
            Kind, colon, and what the first of them says; of each kind the first example is kept.
        """
        self.rows += rows
        self.first.setdefault(example.partition(":")[0], example)

    def told(self) -> str:
        """Return the first of each kind as the end of a sentence, or an empty text."""
        return f"; the first of each kind: {', '.join(self.first.values())}" if self.first else ""


def digest(file: CatalogFile) -> str:
    """Return the SHA-256 of a catalogue's files and of how they are read: equal means that a load changes nothing."""
    total = hashlib.sha256(repr((file.columns, TABLE_ORDER, SCHEMA.names, READING)).encode())
    for path in file.paths:
        with path.open("rb") as stream:
            while piece := stream.read(DIGEST_BYTES):
                total.update(piece)
    return total.hexdigest()


def write_standard(file: CatalogFile, target: Path) -> Written:
    """Write a catalogue as one Parquet file in the columns of a catalogue table, never all of it in memory.

    Parameters
    ----------
    file
        Files of the catalogue, and how they are read.
    target
        The Parquet file; one that is there is written over.

    Raises
    ------
    ConfigError
        When the file is damaged or lacks a column, or a column cannot be read as what it is said to be.
    """
    left = LeftOut()
    rows = 0
    with closing(_pieces(file)) as parts, pq.ParquetWriter(target, SCHEMA, compression="zstd") as writer:
        for path, piece in parts:
            table = _standard(piece.table, file)
            there = pc.greater_equal(table["cell"], 0)
            writer.write_table(table.filter(there))
            missing = table.num_rows - pc.sum(there, min_count=0).as_py()
            rows += table.num_rows - missing
            if missing:
                left.add(missing, f"no position: {_first_without_position(piece.table, there, file)}")
            if piece.short:
                left.add(len(piece.short), f"fewer cells than the header: line {piece.short[0]} of {path.name}")
    if not rows:
        raise ConfigError(f"catalogue '{file.name}': {file.paths[0]} has no row with a position{left.told()}")
    if left.rows:
        logger.warning("catalogue '%s': %d rows left out%s", file.name, left.rows, left.told())
    return Written(rows, left.rows)


def _pieces(file: CatalogFile) -> Generator[tuple[Path, Piece]]:
    for path in file.paths:
        try:
            _require(file, path, column_names(path))
            for piece in pieces(path, file.columns):
                yield path, piece
        except ConfigError as problem:
            start = f"catalogue '{file.name}': "
            raise ConfigError(f"{start}{str(problem).removeprefix(start)}") from problem


def _require(file: CatalogFile, path: Path, names: list[str]) -> None:
    missing = [name for name in file.columns if name not in names]
    if missing:
        raise ConfigError(
            f"catalogue '{file.name}': {path} has no column {', '.join(missing)}; it has {', '.join(names[:12])}: "
            f"name its columns in {path.with_suffix('.json').name} beside it"
        )


def _standard(piece: pa.Table, file: CatalogFile) -> pa.Table:
    ra = degrees(piece[file.ra], DEGREES_PER_HOUR) % 360.0
    dec = degrees(piece[file.dec], 1.0)
    columns = {
        "cell": cells_of(ra, dec, TABLE_ORDER).astype(np.int32),
        "source_id": _names(piece[file.source_id]) if file.source_id else pa.nulls(piece.num_rows, pa.string()),
        "ra": ra,
        "dec": dec,
        "label": _names(piece[file.label]),
    }
    return pa.table(columns).cast(SCHEMA)


def _names(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return text without the padding that the files carry; null where it says nothing."""
    if pa.types.is_floating(column.type) and not pc.any(pc.not_equal(column, pc.floor(column))).as_py():
        column = column.cast(pa.decimal128(38, 0))  # whole numbers that some tool kept as doubles: all their digits
    text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    return pc.if_else(pc.is_in(text, value_set=NOTHING), None, text)


def _first_without_position(piece: pa.Table, there: pa.ChunkedArray, file: CatalogFile) -> str:
    """Return what the first row that has no position says instead."""
    row = piece.filter(pc.invert(there)).slice(0, 1)
    return f"{file.ra}={row[file.ra][0].as_py()!r}, {file.dec}={row[file.dec][0].as_py()!r}"
