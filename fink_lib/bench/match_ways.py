"""Three ways to match the same positions, each in a process of its own: ours, scipy's tree and astropy's search.

Each writes the source of each position that has one, so that the three can be compared row by row.
"""

import re
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from fink_lib.bench.made_sky import write_catalog, write_positions
from fink_lib.catalogs.join import Positions, crossmatch
from fink_lib.catalogs.load import load_catalog_table
from fink_lib.catalogs.sources import CatalogFile
from fink_lib.catalogs.versions import in_force
from fink_lib.config import Settings
from fink_lib.lake.tables.catalogs import gold_catalog
from fink_lib.sky import ARCSEC_PER_RAD, unit_vectors

NAME, RADIUS_ARCSEC = "made", 1.5
CATALOG, POSITIONS = "catalog.parquet", "positions.parquet"
KIB_PER_MIB = 1024.0
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Way(StrEnum):
    """Who matches."""

    OURS = "ours"
    SCIPY = "scipy"
    ASTROPY = "astropy"


@dataclass(frozen=True)
class Cost:
    """What one piece of work took.

    Attributes
    ----------
    wall_s, cpu_s
        Seconds, and seconds of processors.
    peak_mb
        The most memory that its process ever held, in MiB.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float


def alone(work: Callable[..., Cost], *arguments: object) -> Cost:
    """Do work in a process of its own, so that the memory it held is its alone."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(work, *arguments).result()


def make(home: Path, positions: int, catalog_rows: int, seed: int) -> Cost:
    """Write the files that all of them read.

    Parameters
    ----------
    home
        Existing folder.
    positions, catalog_rows
        How many of them.
    seed
        Of the made sky.
    """

    def work() -> None:
        write_catalog(home / CATALOG, catalog_rows, seed)
        write_positions(home / POSITIONS, positions, catalog_rows, seed)

    return _measured(work)


def load(home: Path) -> Cost:
    """Make a table of the lake out of the catalogue's file."""
    file = CatalogFile(NAME, (home / CATALOG,), source_id="source_id", radius_arcsec=RADIUS_ARCSEC)
    return _measured(lambda: load_catalog_table(Settings().at_home(home), file))


def match(home: Path, way: Way) -> Cost:
    """Match; the reading of both sides is part of ours and not of the others' time.

    Parameters
    ----------
    home
        Holds the files of `make`, and for ours the table of `load`; what is found is written there.
    way
        Who matches.
    """
    if way is Way.OURS:
        return _measured(lambda: _ours(home))
    here, sources = _degrees(home / POSITIONS), _degrees(home / CATALOG)
    search = _scipy if way is Way.SCIPY else _astropy
    return _measured(lambda: _write(home, way, *search(here, sources)))


def found_by(home: Path, way: Way, positions: int) -> Ints:
    """Return the number of the source that each position has; -1 for none.

    Parameters
    ----------
    home
        Holds what each way found.
    way
        Who matched.
    positions
        How many were matched.
    """
    rows = pq.read_table(home / f"{way}.parquet")
    found = np.full(positions, -1, dtype=np.int64)
    found[rows["id"].to_numpy()] = rows["source"].to_numpy()
    return found


def _ours(home: Path) -> None:
    lake = Settings().at_home(home).lake
    positions, version = Positions(pq.read_table(home / POSITIONS)), in_force(lake, NAME)
    rows = crossmatch(positions, ["id"], gold_catalog(NAME).path(lake), version.delta_version, RADIUS_ARCSEC)
    numbers = pa.array([int(name[1:]) for name in rows["source_id"].to_pylist()], pa.int64())
    pq.write_table(pa.table({"id": rows["id"], "source": numbers}), home / f"{Way.OURS}.parquet")


def _scipy(here: tuple[Floats, Floats], sources: tuple[Floats, Floats]) -> tuple[Ints, Floats]:
    from scipy.spatial import cKDTree  # noqa: PLC0415 - ours is measured without it

    chord, row = cKDTree(unit_vectors(*sources)).query(unit_vectors(*here))
    return row, 2.0 * np.arcsin(np.minimum(0.5 * chord, 1.0)) * ARCSEC_PER_RAD


def _astropy(here: tuple[Floats, Floats], sources: tuple[Floats, Floats]) -> tuple[Ints, Floats]:
    from astropy import units as u  # noqa: PLC0415 - slow to import
    from astropy.coordinates import SkyCoord  # noqa: PLC0415

    at, stars = (SkyCoord(*place, unit=u.deg) for place in (here, sources))
    row, angle, _ = at.match_to_catalog_sky(stars)
    return row, np.asarray(angle.arcsec)


def _write(home: Path, way: Way, row: Ints, separation: Floats) -> None:
    near = np.flatnonzero(separation <= RADIUS_ARCSEC)
    pq.write_table(pa.table({"id": near, "source": row[near]}), home / f"{way}.parquet")


def _degrees(path: Path) -> tuple[Floats, Floats]:
    rows = pq.read_table(path, columns=["ra", "dec"])
    return rows["ra"].to_numpy(), rows["dec"].to_numpy()


def _measured(work: Callable[[], object]) -> Cost:
    began, busy = time.monotonic(), time.process_time()
    work()
    wall, cpu = time.monotonic() - began, time.process_time() - busy
    return Cost(round(wall, 2), round(cpu, 2), _peak_mb())


def _peak_mb() -> float:
    """Return the most memory that this process held; not what `getrusage` says, which counts its parent's too."""
    told = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return round(float(told[1]) / KIB_PER_MIB, 1) if told else float("nan")
