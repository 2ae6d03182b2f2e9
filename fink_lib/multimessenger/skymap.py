"""Sky maps of events: HEALPix FITS of any ordering and resolution, as pixels that each know their own resolution.

Multi-order maps (``UNIQ``, ``PROBDENSITY``) and flat ones (``PROB`` or ``PROBABILITY``, RING or NESTED, implicit or
with ``PIXEL``, one pixel or 1,024 of them a row) are brought into one form. Distances are those of Singer et al. 2016,
ApJL 829, L15.
"""

import gzip
import io
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from fink_lib.catalogs.cells import FINEST_ORDER, cells_of
from fink_lib.errors import UnreadableNotice

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]

GZIP = b"\x1f\x8b"
FLAT = ("PROB", "PROBABILITY", "PROBDENSITY")
DISTANCE = ("DISTMU", "DISTSIGMA", "DISTNORM")
RING, NESTED = "RING", ("NESTED", "NEST")
EQUATORIAL = ("C", "EQU", "ICRS")
STEPS_OF_DISTANCE = 2000
MOST_PROBABILITY = 1e290  # more cannot be added up over all pixels
MOST_BYTES = 2**30  # a flat map of NSIDE 1024 with distances has 400 MB


@dataclass(frozen=True)
class SkyMap:
    """A probability over the sky, in pixels of whatever sizes.

    Attributes
    ----------
    order
        HEALPix order of each pixel (its NSIDE is 2 to that).
    pixel
        Its number in the NESTED scheme of that order; in the order of the sky, no two overlap.
    probability
        Probability within it; the sum is 1. Pixels without any are left out.
    distance_mpc
        Three values a pixel, location, scale and norm of the distance, or none at all.
    """

    order: Ints
    pixel: Ints
    probability: Floats
    distance_mpc: Floats | None = None

    @property
    def area_sr(self) -> Floats:
        """Solid angle of each pixel."""
        return np.asarray(4.0 * np.pi / (12.0 * 4.0**self.order))

    def pixels_at(self, ra_deg: Floats, dec_deg: Floats) -> Ints:
        """Return the row of the pixel at each position, -1 where there is none.

        Parameters
        ----------
        ra_deg, dec_deg
            Positions, in degrees.
        """
        shift = 2 * (FINEST_ORDER - self.order)
        first = self.pixel << shift
        at = cells_of(ra_deg, dec_deg, FINEST_ORDER)
        row = np.searchsorted(first, at, side="right") - 1
        inside = (row >= 0) & (at >= 0) & (at < first[row] + (np.int64(1) << shift[row]))
        return np.where(inside, row, -1)

    def share_nearer(self, row: int, distance_mpc: float) -> float | None:
        """Return how much of the probability along a line of sight lies nearer than a distance, in [0, 1].

        The density is r² N(r; mu, sigma), equation 2 of Singer et al. 2016. None where the map has no distances there.

        Parameters
        ----------
        row
            Row of the pixel that the line of sight goes through.
        distance_mpc
            The distance, in Mpc.
        """
        if self.distance_mpc is None:
            return None
        location, scale, _ = self.distance_mpc[row]
        if not (np.isfinite([location, scale]).all() and scale > 0.0):
            return None
        far = max(location, 0.0) + 10.0 * scale
        reach = np.linspace(0.0, far, STEPS_OF_DISTANCE)
        density = reach**2 * np.exp(-0.5 * ((reach - location) / scale) ** 2)
        return float(density[reach <= distance_mpc].sum() / density.sum())


def read_skymap(content: bytes) -> SkyMap:
    """Read a map.

    Parameters
    ----------
    content
        A FITS file, gzipped or not.

    Raises
    ------
    UnreadableNotice
        When it holds no HEALPix map in equatorial coordinates.
    """
    from astropy.io import fits  # noqa: PLC0415 - half a second, which nights without events do not pay

    try:
        plain = _inflated(content) if content.startswith(GZIP) else content
        with fits.open(io.BytesIO(plain), memmap=False) as units:
            for unit in (one for one in units if isinstance(one, fits.BinTableHDU)):
                names = {name.upper() for name in unit.columns.names}
                if "UNIQ" in names or names.intersection(FLAT):
                    return _normalised(_read(unit, names))
    except UnreadableNotice:
        raise
    except Exception as error:  # one map must not end the matching of a night; they can be damaged in any way
        raise UnreadableNotice(f"a sky map that cannot be read: {type(error).__name__}: {error}") from error
    raise UnreadableNotice("a FITS file without a column UNIQ, PROB or PROBABILITY: no HEALPix map")


def _inflated(content: bytes) -> bytes:
    with gzip.open(io.BytesIO(content)) as file:
        plain = file.read(MOST_BYTES + 1)
    if len(plain) > MOST_BYTES:
        raise UnreadableNotice(f"a sky map of more than {MOST_BYTES >> 20} MiB when it is unpacked")
    return plain


def _read(unit: Any, names: set[str]) -> tuple[Ints, Ints, Floats, Floats | None]:
    """Return order, pixel, probability and distances, in whatever order of rows."""
    system = str(unit.header.get("COORDSYS", "C")).strip().upper()
    if system not in EQUATORIAL:
        raise UnreadableNotice(f"a sky map in coordinates '{system}'; only equatorial ones (C) are read")
    distance = None
    if names.issuperset(DISTANCE):
        distance = np.stack([_column(unit, name) for name in DISTANCE], axis=1)
    if "UNIQ" in names:
        unique = np.ascontiguousarray(unit.data["UNIQ"]).astype(np.int64).ravel()
        order = (np.frexp(unique.astype(np.float64) / 4.0)[1].astype(np.int64) - 1) // 2
        pixel = unique - 4 * (np.int64(1) << (2 * order))
        density = "PROBDENSITY" in names
        value = _column(unit, "PROBDENSITY" if density else next(name for name in FLAT if name in names))
        return order, pixel, value / (4.0**order) if density else value, distance
    return _read_flat(unit, names, distance)


def _read_flat(unit: Any, names: set[str], distance: Floats | None) -> tuple[Ints, Ints, Floats, Floats | None]:
    value = _column(unit, next(name for name in FLAT if name in names))
    explicit = "PIXEL" in names
    number = np.ascontiguousarray(unit.data["PIXEL"]).astype(np.int64).ravel() if explicit else np.arange(len(value))
    nside = int(unit.header.get("NSIDE", round((len(value) / 12) ** 0.5)))
    if nside & (nside - 1) or (not explicit and len(value) != 12 * nside**2):
        raise UnreadableNotice(f"a sky map of {len(value)} pixels whose NSIDE is {nside}")
    filled = np.flatnonzero(value > 0.0)
    pixel = number[filled]
    ordering = str(unit.header.get("ORDERING", RING)).strip().upper()
    if ordering not in (RING, *NESTED):
        raise UnreadableNotice(f"a sky map in the order '{ordering}'; RING and NESTED are read")
    if ordering == RING:
        from astropy_healpix import HEALPix  # noqa: PLC0415 - the same

        pixel = np.asarray(HEALPix(nside, order="ring").ring_to_nested(pixel))
    order = np.full(len(filled), nside.bit_length() - 1, dtype=np.int64)
    return order, pixel.astype(np.int64), value[filled], None if distance is None else distance[filled]


def _column(unit: Any, name: str) -> Floats:
    return np.ascontiguousarray(unit.data[name]).astype(np.float64).ravel()


def _require_on_sky(order: Ints, pixel: Ints) -> None:
    odd = (order < 0) | (order > FINEST_ORDER) | (pixel < 0)
    odd |= pixel >= 12 * (np.int64(1) << (2 * np.clip(order, 0, FINEST_ORDER)))
    if odd.any():
        at = int(np.argmax(odd))
        raise UnreadableNotice(f"a sky map with pixel {pixel[at]} of order {order[at]}, which is none of HEALPix")


def _normalised(found: tuple[Ints, Ints, Floats, Floats | None]) -> SkyMap:
    order, pixel, probability, distance = found
    good = np.flatnonzero(np.isfinite(probability) & (probability > 0.0))
    if not len(good):
        raise UnreadableNotice("a sky map without any probability")
    _require_on_sky(order[good], pixel[good])
    rows = good[np.argsort(pixel[good] << (2 * (FINEST_ORDER - order[good])), kind="stable")]
    ends = (pixel[rows] + 1) << (2 * (FINEST_ORDER - order[rows]))
    if (ends[:-1] > pixel[rows][1:] << (2 * (FINEST_ORDER - order[rows][1:]))).any():
        raise UnreadableNotice("a sky map whose pixels overlap")
    chosen = probability[rows]
    if chosen.max() > MOST_PROBABILITY:
        raise UnreadableNotice(f"a sky map with a probability of {chosen.max():g} in one pixel")
    return SkyMap(order[rows], pixel[rows], chosen / chosen.sum(), None if distance is None else distance[rows])
