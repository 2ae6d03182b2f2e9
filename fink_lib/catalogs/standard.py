"""Any catalogue file in the columns of a catalogue table, a piece at a time: Parquet, CSV and FITS."""

import hashlib
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fink_lib.catalogs.cells import TABLE_ORDER, cells_of
from fink_lib.catalogs.sources import CatalogFile
from fink_lib.errors import ConfigError

PIECE_ROWS = 250_000
DIGEST_BYTES = 1 << 20
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
    """What was written: rows, and rows that were left out because they have no position on the sky."""

    rows: int
    without_position: int


def digest(file: CatalogFile) -> str:
    """Return the SHA-256 of a catalogue's files and of how they are read: equal means that a load changes nothing."""
    total = hashlib.sha256(repr((file.columns, TABLE_ORDER, SCHEMA.names)).encode())
    for path in file.paths:
        with path.open("rb") as stream:
            while piece := stream.read(DIGEST_BYTES):
                total.update(piece)
    return total.hexdigest()


def write_standard(file: CatalogFile, target: Path) -> Written:
    """Write a catalogue as one Parquet file in the columns of a catalogue table, never all of it in memory.

    Raises
    ------
    ConfigError
        When the file lacks a column, or a column cannot be read as what it is said to be.
    """
    rows = dropped = 0
    with closing(_pieces(file)) as pieces, pq.ParquetWriter(target, SCHEMA, compression="zstd") as writer:
        for piece in pieces:
            table = _standard(piece, file)
            good = table.filter(pc.greater_equal(table["cell"], 0))
            writer.write_table(good)
            rows, dropped = rows + good.num_rows, dropped + table.num_rows - good.num_rows
    if not rows:
        raise ConfigError(f"catalogue '{file.name}': {file.paths[0]} has no row with a position")
    return Written(rows, dropped)


def _pieces(file: CatalogFile) -> Generator[pa.Table]:
    for path in file.paths:
        if path.suffix == ".parquet":
            _require(file, path, pq.read_schema(path).names)
            for batch in pq.ParquetFile(path).iter_batches(PIECE_ROWS, columns=list(file.columns)):
                yield pa.Table.from_batches([batch])
        elif path.suffix == ".csv":
            with pd.read_csv(path, skipinitialspace=True, chunksize=PIECE_ROWS) as reader:
                for frame in reader:
                    named = frame.rename(columns=lambda name: str(name).strip())
                    _require(file, path, list(named.columns))
                    yield pa.Table.from_pandas(named[list(file.columns)], preserve_index=False)
        else:
            yield _fits(file, path)


def _fits(file: CatalogFile, path: Path) -> pa.Table:
    from astropy.table import Table  # noqa: PLC0415 - slow to import, and only FITS needs it

    table = Table.read(path)
    _require(file, path, table.colnames)
    return pa.table({name: _native(np.asarray(table[name])) for name in file.columns})


def _native(array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic] | list[str]:
    """Return text as text, and numbers in this machine's byte order: FITS writes them the other way round."""
    if array.dtype.kind in "SU":
        return [value.decode() if isinstance(value, bytes) else str(value) for value in array]
    return array.astype(array.dtype.newbyteorder("="))


def _require(file: CatalogFile, path: Path, names: list[str]) -> None:
    missing = [name for name in file.columns if name not in names]
    if missing:
        raise ConfigError(
            f"catalogue '{file.name}': {path} has no column {', '.join(missing)}; it has {', '.join(names[:12])}: "
            f"name its columns in {path.with_suffix('.json').name} beside it"
        )


def _standard(piece: pa.Table, file: CatalogFile) -> pa.Table:
    ra = _degrees(piece[file.ra], file, 15.0) % 360.0
    dec = _degrees(piece[file.dec], file, 1.0)
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
    text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    return pc.if_else(pc.is_in(text, value_set=NOTHING), None, text)


def _degrees(column: pa.ChunkedArray, file: CatalogFile, per_unit: float) -> npt.NDArray[np.float64]:
    """Return degrees, of numbers as they are, of sexagesimal text by the unit of its first part."""
    if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
        return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    try:
        return np.array([_sexagesimal(text) * per_unit for text in column.to_pylist()])
    except ValueError as error:
        raise ConfigError(f"catalogue '{file.name}': a position is neither degrees nor sexagesimal: {error}") from error


def _sexagesimal(text: str | None) -> float:
    if not text:
        return float("nan")
    first, minutes, seconds = text.replace(":", " ").split()
    value = abs(float(first)) + float(minutes) / 60.0 + float(seconds) / 3600.0
    return -value if first.startswith("-") else value
