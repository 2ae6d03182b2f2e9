"""A made catalogue and made positions, any number of them, a piece at a time and the same for the same seed."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

Floats = npt.NDArray[np.float64]

PIECE_ROWS = 500_000
LABELS = np.array(["EW", "RRAB", "M", "EA", "QSO", "Galaxy"])
# Half of the positions lie by a source, up to this far from it; the others lie anywhere.
BESIDE_ARCSEC = 3.0


def write_catalog(path: Path, rows: int, seed: int) -> None:
    """Write sources spread evenly over the whole sky: ``source_id``, ``ra``, ``dec``, ``label``.

    Parameters
    ----------
    path
        The Parquet file; replaced.
    rows
        How many sources.
    seed
        The same one gives the same sources.
    """
    with pq.ParquetWriter(path, _SOURCES) as writer:
        for number, count in _pieces(rows):
            ra, dec = _sources(number, count, seed)
            start = number * PIECE_ROWS
            names = np.char.add("S", np.arange(start, start + count).astype(str))
            labels = LABELS[np.arange(start, start + count) % len(LABELS)]
            writer.write_table(pa.table([pa.array(names), ra, dec, pa.array(labels)], schema=_SOURCES))


def write_positions(path: Path, positions: int, catalog_rows: int, seed: int) -> None:
    """Write positions over the whole sky, half of them beside sources of the catalogue: ``id``, ``ra``, ``dec``.

    Parameters
    ----------
    path
        The Parquet file; replaced.
    positions
        How many.
    catalog_rows, seed
        Of the catalogue, as `write_catalog` was given them.
    """
    written = 0
    with pq.ParquetWriter(path, _POSITIONS) as writer:
        for number, count in _pieces(catalog_rows):
            share = round((number * PIECE_ROWS + count) / catalog_rows * positions) - written
            ra, dec = _positions(number, count, share, seed)
            ids = np.arange(written, written + share)
            writer.write_table(pa.table([ids, ra, dec], schema=_POSITIONS))
            written += share


_SOURCES = pa.schema([("source_id", pa.string()), ("ra", pa.float64()), ("dec", pa.float64()), ("label", pa.string())])
_POSITIONS = pa.schema([("id", pa.int64()), ("ra", pa.float64()), ("dec", pa.float64())])


def _pieces(rows: int) -> Iterator[tuple[int, int]]:
    for number, start in enumerate(range(0, rows, PIECE_ROWS)):
        yield number, min(PIECE_ROWS, rows - start)


def _sources(number: int, count: int, seed: int) -> tuple[Floats, Floats]:
    return _anywhere(np.random.default_rng([seed, number, 0]), count)


def _positions(number: int, sources: int, count: int, seed: int) -> tuple[Floats, Floats]:
    draw = np.random.default_rng([seed, number, 1])
    chosen = draw.choice(sources, min(count // 2, sources), replace=False)
    near = _beside(draw, *(column[chosen] for column in _sources(number, sources, seed)))
    far = _anywhere(draw, count - len(chosen))
    return np.concatenate([near[0], far[0]]), np.concatenate([near[1], far[1]])


def _anywhere(draw: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    return draw.uniform(0.0, 360.0, count), np.degrees(np.arcsin(draw.uniform(-1.0, 1.0, count)))


def _beside(draw: np.random.Generator, ra_deg: Floats, dec_deg: Floats) -> tuple[Floats, Floats]:
    """Move positions in a random direction; at the poles right ascension turns, as it does on the sky."""
    ra, dec = np.radians(ra_deg), np.radians(dec_deg)
    vector = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)
    step = draw.uniform(0.0, np.radians(BESIDE_ARCSEC / 3600.0), len(ra))
    away = draw.normal(size=vector.shape)
    away -= (away * vector).sum(axis=1)[:, None] * vector  # along the sky, not out of it
    vector += away / np.linalg.norm(away, axis=1)[:, None] * step[:, None]
    vector /= np.linalg.norm(vector, axis=1)[:, None]
    turned = np.degrees(np.arctan2(vector[:, 1], vector[:, 0])) % 360.0
    return turned, np.degrees(np.arcsin(np.clip(vector[:, 2], -1.0, 1.0)))
