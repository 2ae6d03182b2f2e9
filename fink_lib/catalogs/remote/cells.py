"""Sky cells: HEALPix pixels small enough for one question, and their answers on disk."""

import datetime as dt
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from astropy import units as u
from astropy_healpix import HEALPix

from fink_lib.catalogs.remote.service import Rows
from fink_lib.sky import unit_vectors

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NSIDE = 2048  # 1.7 arcmin: the circle around a cell fits into what the service takes
EDGE_MARGIN = 1.05  # the edges between corners are curved
_GRID = HEALPix(nside=NSIDE, order="nested")


def cells_of(ra_deg: Floats, dec_deg: Floats) -> Ints:
    """Return the cell of each position; -1 for what is no position.

    Parameters
    ----------
    ra_deg, dec_deg
        Positions.

    Returns
    -------
    Nested HEALPix numbers of `NSIDE`.
    """
    cells = np.full(len(ra_deg), -1, dtype=np.int64)
    with np.errstate(invalid="ignore"):
        good = np.isfinite(ra_deg) & (np.abs(dec_deg) <= 90.0)  # noqa: PLR2004 - the poles
    cells[good] = _GRID.lonlat_to_healpix(ra_deg[good] * u.deg, dec_deg[good] * u.deg)
    return cells


def circle_around(cell: int) -> tuple[float, float, float]:
    """Return centre, in degrees, and radius, in arcsec, of a circle that holds a cell."""
    lon, lat = (float(angle.to_value(u.deg)) for angle in _GRID.healpix_to_lonlat(cell))
    corners = [angle.to_value(u.deg).ravel() for angle in _GRID.boundaries_lonlat(cell, step=1)]
    middle = unit_vectors(np.array([lon]), np.array([lat]))
    cosine = np.clip(unit_vectors(*corners) @ middle[0], -1.0, 1.0)
    return lon, lat, float(np.degrees(np.arccos(cosine.min())) * 3600.0 * EDGE_MARGIN)


@dataclass(frozen=True)
class CellCache:
    """Answers on disk, one file a cell.

    Attributes
    ----------
    folder
        Where; one folder below it for each catalogue.
    max_age_days
        Older answers are asked for again, and kept in use until there is a newer one.
    """

    folder: Path
    max_age_days: float = 30.0

    def read(self, catalog: str, cell: int) -> tuple[Rows, dt.datetime] | None:
        """Return the sources of a cell and when they were asked for; None for what was never asked.

        Parameters
        ----------
        catalog
            Name of the catalogue.
        cell
            Number of the cell.
        """
        try:
            held = json.loads(self._path(catalog, cell).read_text())
        except FileNotFoundError:
            return None
        return held["rows"], dt.datetime.fromisoformat(held["asked"])

    def is_fresh(self, asked: dt.datetime, now: dt.datetime) -> bool:
        """Tell whether an answer is young enough to be used without asking again.

        Parameters
        ----------
        asked
            When the answer was given.
        now
            The time; both have a time zone.
        """
        return now - asked <= dt.timedelta(days=self.max_age_days)

    def write(self, catalog: str, cell: int, rows: Rows, asked: dt.datetime) -> None:
        """Keep an answer; a reader sees the old file or the new one, never half of one.

        Parameters
        ----------
        catalog
            Name of the catalogue.
        cell
            Number of the cell.
        rows
            Its sources; none is an answer too.
        asked
            When the service was asked, with its time zone.
        """
        path = self._path(catalog, cell)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=".cell")
        with os.fdopen(handle, "w") as file:
            json.dump({"asked": asked.isoformat(), "rows": rows}, file)
        Path(scratch).replace(path)

    def _path(self, catalog: str, cell: int) -> Path:
        return self.folder / catalog / f"{NSIDE}" / f"{cell % 1000:03d}" / f"{cell}.json"
