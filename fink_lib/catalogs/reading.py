"""A catalogue of a science module as one Arrow table, with the same columns whatever the format of its files."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.catalogs.angles import DEGREES_PER_HOUR, degrees, number
from fink_lib.catalogs.files import column_names, pieces
from fink_lib.catalogs.known import CatalogSource
from fink_lib.errors import ConfigError
from fink_lib.sky import on_sphere

Floats = npt.NDArray[np.float64]

logger = logging.getLogger(__name__)

RA, DEC, LABEL, RADIUS = "ra", "dec", "label", "radius_arcsec"
# The Transient Name Server writes the name of a transient in two columns.
FULL_NAME, NAME_PARTS = "fullname", ("name_prefix", "name")


def read_catalog(source: CatalogSource, paths: Sequence[Path]) -> pa.Table:
    """Read the files of a catalogue.

    Parameters
    ----------
    source
        The catalogue, and how its files are read.
    paths
        All its files, in order.

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
    if source.required:
        raw = raw.filter(pc.greater(pc.utf8_length(_text(raw[source.required])), 0))
    ra, dec = degrees(raw[source.ra], DEGREES_PER_HOUR), degrees(raw[source.dec], 1.0)
    _tell_unplaced(source, path, raw, ra, dec)
    columns = {
        RA: pa.array(ra),
        DEC: pa.array(dec),
        LABEL: _text(raw[source.label]),
        **{name: _text(raw[column]) for column, name in source.texts},
        **{name: _number(raw[column]) for column, name in source.numbers},
    }
    if source.radius_column:
        columns[RADIUS] = _number(raw[source.radius_column])
    return pa.table(columns)


def _tell_unplaced(source: CatalogSource, path: Path, raw: pa.Table, ra: Floats, dec: Floats) -> None:
    """Say how many rows are never matched since they have no position, and what the first says instead."""
    lost = np.flatnonzero(~on_sphere(ra, dec))
    if len(lost):
        first = ", ".join(f"{name}={raw[name][int(lost[0])].as_py()!r}" for name in (source.ra, source.dec))
        text = "catalogue '%s': %s: %d of %d rows have no position and match nothing, the first: %s"
        logger.warning(text, source.name, path, len(lost), raw.num_rows, first)


def _require(source: CatalogSource, path: Path, there: Sequence[str]) -> None:
    missing = sorted(set(_wanted(source)) - {*there, *([FULL_NAME] if _full_name(source, there) else [])})
    if missing:
        raise ConfigError(
            f"{path} has no column {missing[0]!r}; it has {', '.join(there[:12])}: "
            "name its columns in fink_lib/catalogs/known.py; a CSV has commas between"
        )


def _wanted(source: CatalogSource) -> list[str]:
    extra = [column for column, _ in (*source.texts, *source.numbers)]
    optional = [column for column in (source.radius_column, source.required) if column]
    return list(dict.fromkeys([source.ra, source.dec, source.label, *extra, *optional]))


def _raw(source: CatalogSource, path: Path) -> pa.Table:
    """Read the columns that there are, and say which rows had to be left out."""
    try:
        there = column_names(path)
        _require(source, path, there)
        wanted = [name for name in _wanted(source) if name in there]
        parts = list(pieces(path, [*wanted, *_full_name(source, there)]))
    except ConfigError as problem:
        raise ConfigError(f"catalogue '{source.name}': {problem}") from problem
    if not parts:
        raise ConfigError(f"catalogue '{source.name}': {path} has no row below its header")
    short = [line for part in parts for line in part.short]
    if short:
        text = "catalogue '%s': %s: %d rows left out, the first at line %d: fewer cells than the header"
        logger.warning(text, source.name, path, len(short), short[0])
    table = pa.concat_tables([part.table for part in parts])
    if _full_name(source, there):
        prefix, name = (table[each].combine_chunks() for each in NAME_PARTS)
        table = table.append_column(FULL_NAME, pc.utf8_trim_whitespace(pc.binary_join_element_wise(prefix, name, " ")))
    return table


def _full_name(source: CatalogSource, there: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that a full name is made of, where a file has no other."""
    made = FULL_NAME in _wanted(source) and FULL_NAME not in there and set(NAME_PARTS) <= set(there)
    return NAME_PARTS if made else ()


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.utf8_trim_whitespace(pc.fill_null(column.cast(pa.string()), ""))


def _number(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return doubles; what is no number is null."""
    if pa.types.is_string(column.type):
        return pa.chunked_array([pa.array([_float(text) for text in column.to_pylist()], type=pa.float64())])
    return column.cast(pa.float64())


def _float(text: str | None) -> float | None:
    try:
        return number(text)
    except ValueError:
        return None
