"""Made catalogues and positions, with the places where matches go wrong: poles, RA 0, corners of cells."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from fink_lib.catalogs.cells import TABLE_ORDER, cells_of
from fink_lib.catalogs.writing import commit, write_files
from fink_lib.lake.small import ensure_whole
from fink_lib.lake.tables.catalogs import gold_catalog


def made_sky(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions over the whole sky; a third of them crowd at the poles, RA 0 and a corner of three base cells."""
    draw = np.random.default_rng(seed)
    ra, dec = draw.uniform(0.0, 360.0, count), np.degrees(np.arcsin(draw.uniform(-1.0, 1.0, count)))
    part = count // 12
    dec[:part] = 90.0 - draw.uniform(0, 0.02, part)
    dec[part : 2 * part] = -90.0 + draw.uniform(0, 0.02, part)
    ra[2 * part : 3 * part] = draw.uniform(-0.02, 0.02, part) % 360.0
    dec[2 * part : 3 * part] = draw.uniform(-0.02, 0.02, part)
    ra[3 * part : 4 * part] = 90.0 + draw.uniform(-0.02, 0.02, part)
    dec[3 * part : 4 * part] = np.degrees(np.arcsin(2.0 / 3.0)) + draw.uniform(-0.02, 0.02, part)
    return ra, dec


def near(ra: np.ndarray, dec: np.ndarray, arcsec: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions up to some arcsec away, in any direction, on the sphere."""
    draw = np.random.default_rng(seed)
    lon, lat = np.radians(ra), np.radians(dec)
    vector = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
    vector += draw.uniform(-1.0, 1.0, vector.shape) * np.radians(arcsec / 3600.0) / np.sqrt(3.0)
    vector /= np.linalg.norm(vector, axis=1)[:, None]
    return np.degrees(np.arctan2(vector[:, 1], vector[:, 0])) % 360.0, np.degrees(np.arcsin(vector[:, 2]))


def catalog_table(ra: np.ndarray, dec: np.ndarray) -> pa.Table:
    """The columns of a catalogue table, sorted as it is."""
    names = pa.array([f"S{row}" for row in range(len(ra))], pa.string())
    table = pa.table(
        {
            "cell": pa.array(cells_of(ra, dec, TABLE_ORDER).astype(np.int32)),
            "source_id": names,
            "ra": pa.array(ra),
            "dec": pa.array(dec),
            "label": pa.array(np.where(np.arange(len(ra)) % 2 == 0, "EW", "RRAB")),
        }
    )
    return table.sort_by("cell")


def put_in_lake(table: pa.Table, lake: Path, files: int = 1) -> tuple[Path, int]:
    """Write a catalogue as so many files of a table; return its folder and version."""
    spec = gold_catalog("made")
    ensure_whole(spec, lake)
    rows = max(1, -(-table.num_rows // files))
    parts = [table.slice(start, rows) for start in range(0, table.num_rows, rows)]
    return spec.path(lake), commit(spec, lake, write_files(parts, spec.path(lake)))
