"""The region of an event that is searched: which positions lie in it, and how much background as good as these.

All regions hold the source with the same probability, `SEARCH_LEVEL`, whatever level a notice states: the error of a
circle or ellipse is taken as a two-dimensional Gaussian, whose radius at probability p is sigma sqrt(-2 ln(1 - p)).
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from fink_lib.errors import NotAnEvent
from fink_lib.multimessenger.background import Background
from fink_lib.multimessenger.event import Event, Shape
from fink_lib.multimessenger.missions import instrument_of
from fink_lib.multimessenger.skymap import SkyMap, read_skymap
from fink_lib.sky import separation_deg, unit_vectors

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]

SEARCH_LEVEL = 0.95
ALERT_SIGMA_DEG = 0.5 / 3600.0  # of an alert's own position, on each axis
SAMPLES, SAMPLES_OF_SMALL = 1024, 64
SMALL_DEG = 0.5  # the background has cells of 1.8 degrees
GOLDEN_ANGLE = np.pi * (3.0 - 5.0**0.5)
LARGEST_DEG = 180.0
NO_AREA = 1e-15  # of corners on one line, in radians squared: far below the roundings of an arcsecond's square


class Region(Protocol):
    """A region of the sky that holds an event with a known probability."""

    @property
    def area_deg2(self) -> float:
        """Its area."""

    @property
    def declinations_deg(self) -> tuple[float, float]:
        """A band that holds it."""

    def ranks(self, ra_deg: Floats, dec_deg: Floats) -> Floats:
        """Return the probability of the smallest part that holds each position; infinite outside of the region.

        Parameters
        ----------
        ra_deg, dec_deg
            Positions on the sphere, in degrees.

        Returns
        -------
        One value a position.
        """

    def shares(self, background: Background, ra_deg: Floats, dec_deg: Floats) -> tuple[float, Floats]:
        """Return the background within the region, and within the part that ranks as high as each position in it.

        Parameters
        ----------
        background
            Of the night; all of it on the whole sky counts as 1.
        ra_deg, dec_deg
            Positions in the region, in degrees; values of others mean nothing.

        Returns
        -------
        The share within the region, and one share a position.
        """


@dataclass(frozen=True)
class Ellipse:
    """A Gaussian on the sky, cut where it holds `SEARCH_LEVEL`; a circle has a ratio of 1.

    Attributes
    ----------
    ra_deg, dec_deg
        Centre.
    sigma_deg
        Standard deviation along the major axis.
    ratio
        Minor axis over major axis.
    angle_deg
        Position angle of the major axis, from north to east.
    """

    ra_deg: float
    dec_deg: float
    sigma_deg: float
    ratio: float = 1.0
    angle_deg: float = 0.0

    @property
    def radius_deg(self) -> float:
        """Semi-major axis of the region."""
        return min(radius_of(SEARCH_LEVEL) * self.sigma_deg, LARGEST_DEG)

    @property
    def area_deg2(self) -> float:
        """Area: of a cap on the sphere, times the ratio."""
        return float(4.0 * np.pi * np.sin(np.radians(self.radius_deg) / 2.0) ** 2 * self.ratio * np.degrees(1.0) ** 2)

    @property
    def declinations_deg(self) -> tuple[float, float]:
        """The band that a circle with its major axis touches."""
        return self.dec_deg - self.radius_deg, self.dec_deg + self.radius_deg

    def separation_deg(self, ra_deg: Floats, dec_deg: Floats) -> Floats:
        """Return the separation from the centre, in which the minor axis is stretched to the major one.

        Parameters
        ----------
        ra_deg, dec_deg
            Positions, in degrees.

        Returns
        -------
        One value a position, in degrees: the semi-major axis of the ellipse of this shape that goes through it.
        """
        separation, angle = offsets(self.ra_deg, self.dec_deg, ra_deg, dec_deg)
        turned = angle - np.radians(self.angle_deg)
        return np.asarray(separation * np.hypot(np.cos(turned), np.sin(turned) / self.ratio))

    def ranks(self, ra_deg: Floats, dec_deg: Floats) -> Floats:
        """Return the probability of the ellipse through each position."""
        separation = self.separation_deg(ra_deg, dec_deg)
        probability = -np.expm1(-0.5 * (separation / self.sigma_deg) ** 2)
        return np.where(separation <= self.radius_deg, probability, np.inf)

    def shares(self, background: Background, ra_deg: Floats, dec_deg: Floats) -> tuple[float, Floats]:
        """Integrate the background over samples of equal area, from the centre outward.

        Parameters
        ----------
        background
            Of the night.
        ra_deg, dec_deg
            Positions in the region, in degrees.

        Returns
        -------
        The share within the region, and one a position: within the ellipse through it.
        """
        density = background.density_per_sr(*self.samples)
        up_to = np.concatenate([[0.0], np.cumsum(density)]) / len(density) * np.radians(np.sqrt(self.area_deg2)) ** 2
        part = self._part(self.separation_deg(ra_deg, dec_deg))
        return float(up_to[-1]), np.interp(part, np.linspace(0.0, 1.0, len(up_to)), up_to)

    def _part(self, separation_deg: Floats) -> Floats:
        """Return the share of the region's area within a separation."""
        full = np.sin(np.radians(self.radius_deg) / 2.0)
        return np.asarray((np.sin(np.radians(np.minimum(separation_deg, LARGEST_DEG)) / 2.0) / full) ** 2)

    @cached_property
    def samples(self) -> tuple[Floats, Floats]:
        """Positions that stand for equal areas of the region, from the centre outward: a spiral of golden angles."""
        count = SAMPLES_OF_SMALL if self.radius_deg < SMALL_DEG else SAMPLES
        part = (np.arange(count) + 0.5) / count
        reach = 2.0 * np.arcsin(np.sqrt(part) * np.sin(np.radians(self.radius_deg) / 2.0))
        turn = np.arange(count) * GOLDEN_ANGLE
        along, across = reach * np.cos(turn), reach * np.sin(turn) * self.ratio
        return moved(self.ra_deg, self.dec_deg, np.hypot(along, across), np.arctan2(across, along), self.angle_deg)


@dataclass(frozen=True)
class Polygon:
    """A convex polygon, within which all places are as good.

    Attributes
    ----------
    ra_deg, dec_deg
        A position within or near.
    corners_deg
        Right ascension and declination of each corner.
    probability
        Probability that it holds the source.
    """

    ra_deg: float
    dec_deg: float
    corners_deg: tuple[tuple[float, float], ...]
    probability: float

    @property
    def area_deg2(self) -> float:
        """Area, by the share of a circle around all corners that lies within."""
        return float(self._around.area_deg2 * np.isfinite(self.ranks(*self._around.samples)).mean())

    @property
    def declinations_deg(self) -> tuple[float, float]:
        """The band of a circle around all corners."""
        return self._around.declinations_deg

    def ranks(self, ra_deg: Floats, dec_deg: Floats) -> Floats:
        """Return the probability of the whole polygon, for each position within."""
        corners = np.array(self.corners_deg)
        middle = unit_vectors(*corners.T).mean(axis=0)  # within, wherever the position is
        ra, dec = np.degrees(np.arctan2([middle[1], middle[2]], [middle[0], np.hypot(middle[0], middle[1])]))
        _, angle = offsets(ra, dec, corners[:, 0], corners[:, 1])
        ordered = unit_vectors(*corners[np.argsort(angle)].T)
        edges = np.cross(ordered, np.roll(ordered, -1, axis=0))
        centre = np.sign(edges @ middle)
        flat = (np.abs(edges @ middle) < NO_AREA).any()
        inside = ((unit_vectors(ra_deg, dec_deg) @ edges.T) * centre >= 0.0).all(axis=1) & ~flat
        return np.where(inside, self.probability, np.inf)

    def shares(self, background: Background, ra_deg: Floats, dec_deg: Floats) -> tuple[float, Floats]:
        """Return the background within the polygon, for the whole and for each position within.

        Parameters
        ----------
        background
            Of the night.
        ra_deg, dec_deg
            Positions, in degrees.

        Returns
        -------
        The share within the polygon, and the same a position; infinite for one outside.
        """
        samples = self._around.samples
        density = background.density_per_sr(*samples) * np.isfinite(self.ranks(*samples))
        total = float(density.mean() * np.radians(np.sqrt(self._around.area_deg2)) ** 2)
        return total, np.where(np.isfinite(self.ranks(ra_deg, dec_deg)), total, np.inf)

    @cached_property
    def _around(self) -> Ellipse:
        corners = np.array(self.corners_deg)
        separation, _ = offsets(self.ra_deg, self.dec_deg, corners[:, 0], corners[:, 1])
        return Ellipse(self.ra_deg, self.dec_deg, float(separation.max()) / radius_of(SEARCH_LEVEL))


@dataclass(frozen=True)
class CredibleRegion:
    """The pixels of a map with the greatest densities, which together hold `SEARCH_LEVEL`.

    Attributes
    ----------
    skymap
        The map.
    """

    skymap: SkyMap

    @cached_property
    def _order(self) -> Ints:
        return np.argsort(-self.skymap.probability / self.skymap.area_sr, kind="stable")

    @cached_property
    def _ranks(self) -> Floats:
        """Probability of all pixels that are denser than each."""
        found = np.empty(len(self._order))
        summed = np.cumsum(self.skymap.probability[self._order])
        found[self._order] = np.concatenate([[0.0], summed[:-1]])
        return found

    @property
    def area_deg2(self) -> float:
        """Area of the pixels of the region."""
        return float(self.skymap.area_sr[self._ranks < SEARCH_LEVEL].sum() * np.degrees(1.0) ** 2)

    @property
    def declinations_deg(self) -> tuple[float, float]:
        """The whole sky: a map may have any shape."""
        return -90.0, 90.0

    def ranks(self, ra_deg: Floats, dec_deg: Floats) -> Floats:
        """Return the probability of all denser pixels and half of that of the pixel itself."""
        row = self.skymap.pixels_at(ra_deg, dec_deg)
        inside = (row >= 0) & (self._ranks[row] < SEARCH_LEVEL)
        return np.where(inside, self._ranks[row] + 0.5 * self.skymap.probability[row], np.inf)

    def shares(self, background: Background, ra_deg: Floats, dec_deg: Floats) -> tuple[float, Floats]:
        """Sum the background over pixels, from the densest one downward.

        Parameters
        ----------
        background
            Of the night.
        ra_deg, dec_deg
            Positions, in degrees.

        Returns
        -------
        The share within the region, and one a position: down to its pixel, included; 0 where the map has none.
        """
        order = self._order
        share = background.share_of_pixels(self.skymap.order[order], self.skymap.pixel[order])
        up_to = np.empty(len(order))
        up_to[order] = np.cumsum(share)
        total = float(share[self._ranks[order] < SEARCH_LEVEL].sum())
        row = self.skymap.pixels_at(ra_deg, dec_deg)
        return total, np.where(row >= 0, up_to[row], 0.0)


def region_of(event: Event, skymap: bytes | None = None) -> Region:
    """Return the region that is searched for an event.

    Parameters
    ----------
    event
        Whose place is in force.
    skymap
        The map of its notice, where the place is given by one.

    Raises
    ------
    NotAnEvent
        When its notices give no region.
    UnreadableNotice
        When its map cannot be read.
    """
    where = event.where
    if where.shape is Shape.SKYMAP and skymap:
        return CredibleRegion(read_skymap(skymap))
    if where.ra_deg is None or where.dec_deg is None or where.shape in (Shape.NONE, Shape.SKYMAP):
        raise NotAnEvent("no notice at hand gives a region of the sky")
    if where.shape is Shape.POLYGON:
        corners = tuple(zip(where.corners_deg[::2], where.corners_deg[1::2], strict=True))
        return Polygon(where.ra_deg, where.dec_deg, corners, where.containment or SEARCH_LEVEL)
    if where.semi_major_deg is None or where.semi_minor_deg is None or where.containment is None:
        raise NotAnEvent("no notice at hand gives a region of the sky")
    known = instrument_of(event.mission, event.instrument)
    systematic = known.systematic_deg if known and not where.systematic_included else 0.0
    widths = [where.semi_major_deg / radius_of(where.containment), where.semi_minor_deg / radius_of(where.containment)]
    major, minor = (math.hypot(one, systematic, ALERT_SIGMA_DEG) for one in widths)
    return Ellipse(where.ra_deg, where.dec_deg, major, minor / major, where.position_angle_deg)


def radius_of(probability: float) -> float:
    """Return the radius, in standard deviations, that holds a probability of a Gaussian in two dimensions."""
    return float(np.sqrt(-2.0 * np.log1p(-probability)))


def offsets(ra_deg: float, dec_deg: float, to_ra_deg: Floats, to_dec_deg: Floats) -> tuple[Floats, Floats]:
    """Return separations, in degrees, and position angles, in radians, of positions from a centre.

    Parameters
    ----------
    ra_deg, dec_deg
        The centre, in degrees.
    to_ra_deg, to_dec_deg
        The positions, in degrees.

    Returns
    -------
    One separation and one position angle, from north to east, a position.
    """
    delta, dec, other = np.radians(to_ra_deg - ra_deg), np.radians(dec_deg), np.radians(to_dec_deg)
    east = np.cos(other) * np.sin(delta)
    north = np.cos(dec) * np.sin(other) - np.sin(dec) * np.cos(other) * np.cos(delta)
    return separation_deg(np.asarray(ra_deg), np.asarray(dec_deg), to_ra_deg, to_dec_deg), np.arctan2(east, north)


def moved(ra_deg: float, dec_deg: float, reach: Floats, turn: Floats, angle_deg: float) -> tuple[Floats, Floats]:
    """Return the positions at distances and directions (radians) from a centre; directions begin at an angle.

    Parameters
    ----------
    ra_deg, dec_deg
        The centre, in degrees.
    reach
        Distances, in radians.
    turn
        Directions, one a distance, in radians.
    angle_deg
        Position angle of the direction 0, from north to east, in degrees.

    Returns
    -------
    Right ascensions in [0, 360) and declinations, in degrees.
    """
    ra, dec, direction = np.radians(ra_deg), np.radians(dec_deg), turn + np.radians(angle_deg)
    centre = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    east = np.array([-np.sin(ra), np.cos(ra), 0.0])
    ahead = np.outer(np.cos(direction), np.cross(centre, east)) + np.outer(np.sin(direction), east)
    x, y, z = (np.outer(np.cos(reach), centre) + np.sin(reach)[:, None] * ahead).T
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))
