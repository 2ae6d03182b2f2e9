"""Catalogue files as Arrow tables with the same columns whatever the format: Parquet, CSV or FITS.

The files have habits of their own: texts padded with spaces, quotes inside fields, Windows line ends, a date
above the header, big-endian numbers, positions in hours. All of it ends here.
"""

import csv
import itertools
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fink_lib.catalogs.known import Angle, CatalogSource
from fink_lib.errors import ConfigError

Floats = npt.NDArray[np.float64]

RA, DEC, LABEL, RADIUS = "ra", "dec", "label", "radius_arcsec"

_TIMESTAMP = re.compile(r'"?\d{4}-\d{2}-\d{2}[ T]')  # the Transient Name Server dates its file above the header
_PARTS = re.compile(r"[\s:hdms'\"]+")


def read_catalog(source: CatalogSource, paths: Sequence[Path]) -> pa.Table:
    """Read the files of a catalogue.

    Returns
    -------
    pa.Table
        ``ra``, ``dec`` in degrees (NaN where a file gives none), ``label``, then the declared texts and
        numbers, then ``radius_arcsec`` where the catalogue has a radius for each source.

    Raises
    ------
    ConfigError
        When a file cannot be read or lacks a column.
    """
    return pa.concat_tables([_part(source, path) for path in paths])


def _part(source: CatalogSource, path: Path) -> pa.Table:
    raw = _raw(source, path)
    wanted = _wanted(source)
    missing = sorted(set(wanted) - set(raw.column_names))
    if missing:
        raise ConfigError(f"catalogue '{source.name}': {path} has no column {missing[0]!r}; it has {raw.column_names}")
    if source.required:
        raw = raw.filter(pc.greater(pc.utf8_length(_text(raw[source.required])), 0))
    columns = {
        RA: _angles(raw[source.ra], source.angle, per_hour=15.0),
        DEC: _angles(raw[source.dec], source.angle, per_hour=1.0),
        LABEL: _text(raw[source.label]),
        **{name: _text(raw[column]) for column, name in source.texts},
        **{name: _number(raw[column]) for column, name in source.numbers},
    }
    if source.radius_column:
        columns[RADIUS] = _number(raw[source.radius_column])
    return pa.table(columns)


def _wanted(source: CatalogSource) -> list[str]:
    extra = [column for column, _ in (*source.texts, *source.numbers)]
    optional = [column for column in (source.radius_column, source.required) if column]
    return list(dict.fromkeys([source.ra, source.dec, source.label, *extra, *optional]))


def _raw(source: CatalogSource, path: Path) -> pa.Table:
    readers: dict[str, Callable[[Path, Sequence[str]], pa.Table]] = {
        ".parquet": _read_parquet,
        ".csv": _read_csv,
        ".fits": _read_fits,
    }
    if path.suffix not in readers:
        raise ConfigError(f"catalogue '{source.name}': {path.name} is none of {', '.join(readers)}")
    try:
        return readers[path.suffix](path, _wanted(source))
    except (OSError, pa.ArrowException, UnicodeDecodeError, csv.Error) as problem:
        raise ConfigError(f"catalogue '{source.name}': {path} cannot be read: {problem}") from problem


def _read_parquet(path: Path, columns: Sequence[str]) -> pa.Table:
    there = pq.read_schema(path).names
    return pq.read_table(path, columns=[name for name in columns if name in there])


def _read_csv(path: Path, columns: Sequence[str]) -> pa.Table:
    with path.open(newline="", encoding="utf-8-sig") as file:
        first = next(file, "")
        above = [] if _TIMESTAMP.match(first) else [first]
        rows = csv.reader(itertools.chain(above, file), skipinitialspace=True)
        header = [name.strip() for name in next(rows, [])]
        body = [row for row in rows if len(row) >= len(header)]
    found = {name: header.index(name) for name in columns if name in header}
    table = {name: pa.array([row[at].strip() for row in body], type=pa.string()) for name, at in found.items()}
    if "fullname" in columns and "fullname" not in found and {"name_prefix", "name"} <= set(header):
        prefix, name = header.index("name_prefix"), header.index("name")
        table["fullname"] = pa.array([f"{row[prefix]} {row[name]}".strip() for row in body], type=pa.string())
    return pa.table(table)


def _read_fits(path: Path, columns: Sequence[str]) -> pa.Table:
    from astropy.io import fits  # noqa: PLC0415 - half a second that only the builder of the arrays pays

    with fits.open(path, memmap=False) as units:
        data = units[1].data
        return pa.table({name: _native(data[name]) for name in columns if name in data.names})


def _native(values: Any) -> pa.Array:
    array = np.asarray(values)
    if array.dtype.kind in "SU":
        return pa.array([str(value).strip() for value in array], type=pa.string())
    return pa.array(array.astype(array.dtype.newbyteorder("=")))


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.utf8_trim_whitespace(pc.fill_null(column.cast(pa.string()), ""))


def _number(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return doubles; what is no number is null."""
    if pa.types.is_string(column.type):
        return pa.chunked_array([pa.array([_float(text) for text in column.to_pylist()], type=pa.float64())])
    return column.cast(pa.float64())


def _float(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def _angles(column: pa.ChunkedArray, angle: Angle, per_hour: float) -> pa.Array:
    if angle is Angle.DEGREES:
        return pa.array(np.asarray(pc.fill_null(_number(column), np.nan), dtype=np.float64))
    return pa.array([per_hour * sexagesimal(text) for text in column.to_pylist()], type=pa.float64())


def sexagesimal(text: str | None) -> float:
    """Return ``"-00 32 57.2"`` as a number; NaN for what is none. The sign is of the whole, also before a zero."""
    stripped = (text or "").strip()
    try:
        parts = [abs(float(part)) for part in _PARTS.split(stripped) if part]
    except ValueError:
        return float("nan")
    if not 1 <= len(parts) <= len(_WEIGHTS):
        return float("nan")
    size = sum(part * weight for part, weight in zip(parts, _WEIGHTS, strict=False))
    return -size if stripped.startswith("-") else size


_WEIGHTS = (1.0, 1.0 / 60.0, 1.0 / 3600.0)
