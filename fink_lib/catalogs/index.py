"""The sky index: sources sorted by declination zone, then right ascension, as flat arrays.

A zone index answers "nearest source within a radius" exactly, at the poles and across RA 0 too, with two
binary searches a zone. Unlike a tree it is nothing but arrays: it is stored as ``.npy``, memory-mapped, and
shared by every process that opens it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fink_lib.sky import ARCSEC_PER_RAD, angle_between, on_sphere, unit_vectors

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ZONE_DEG = 30.0 / 3600.0
# Zone keys are spaced by more than a turn, so that no search interval can reach into the next zone.
KEY_STEP_DEG = 400.0
# Widens a search interval by far more than rounding can shift it; every candidate is then measured exactly.
SLACK_DEG = 1e-7


@dataclass(frozen=True)
class SkyIndex:
    """Sources in zone order.

    Attributes
    ----------
    key
        ``zone * 400 + ra_deg``, ascending.
    vectors
        Unit vectors of the sources, shape (n, 3).
    rows
        Row of each source in the catalogue that it was built from.
    """

    key: Floats
    vectors: Floats
    rows: Ints

    def nearest(
        self, ra_deg: Floats, dec_deg: Floats, radius_arcsec: float, own_radius_arcsec: Floats | None = None
    ) -> tuple[Ints, Floats]:
        """Find, for every position, the nearest source within a radius.

        Parameters
        ----------
        ra_deg, dec_deg
            Positions in degrees; a position that is not finite or not on the sphere matches nothing.
        radius_arcsec
            Radius, inclusive.
        own_radius_arcsec
            A radius for each row of the catalogue, NaN for none: a source beyond its own is passed over, and a
            farther one whose radius covers the position is found.

        Returns
        -------
        rows, separation_arcsec
            Catalogue row and separation; -1 and NaN where there is no source. Of two sources at the same
            separation the one that stands first in the catalogue wins.
        """
        rows = np.full(len(ra_deg), -1, dtype=np.int64)
        separation = np.full(len(ra_deg), np.nan)
        usable = np.flatnonzero(on_sphere(ra_deg, dec_deg))
        owner, candidate = self._candidates(ra_deg[usable] % 360.0, dec_deg[usable], radius_arcsec / 3600.0)
        if not len(owner):
            return rows, separation
        here = unit_vectors(ra_deg[usable], dec_deg[usable])[owner]
        distance = separation_arcsec(here, self.vectors[candidate])
        limit = (
            radius_arcsec
            if own_radius_arcsec is None
            else np.fmin(own_radius_arcsec[self.rows[candidate]], radius_arcsec)
        )
        near = distance <= limit
        owner, candidate, distance = owner[near], candidate[near], distance[near]
        best = np.lexsort((self.rows[candidate], distance, owner))
        owner = owner[best]
        starts = np.ones(len(owner), dtype=bool)
        starts[1:] = owner[1:] != owner[:-1]
        first, target = best[starts], usable[owner[starts]]
        rows[target] = self.rows[candidate[first]]
        separation[target] = distance[first]
        return rows, separation

    def _candidates(self, ra_deg: Floats, dec_deg: Floats, radius_deg: float) -> tuple[Ints, Ints]:
        """Return pairs (position, source) that hold every source within the radius, and a few more."""
        radius_deg += SLACK_DEG
        half_width = _ra_half_width(dec_deg, radius_deg)
        lowest, highest = _zone(dec_deg - radius_deg), _zone(dec_deg + radius_deg)
        owners, sources = [], []
        for step in range(int((highest - lowest).max(initial=-1)) + 1):
            inside = np.flatnonzero(lowest + step <= highest)
            base = (lowest[inside] + step) * KEY_STEP_DEG
            # A turn is added or taken away so that an interval across RA 0 is searched on both of its sides.
            for turn in (-360.0, 0.0, 360.0):
                left = np.maximum(ra_deg[inside] - half_width[inside] + turn, 0.0)
                right = np.minimum(ra_deg[inside] + half_width[inside] + turn, 360.0)
                start = np.searchsorted(self.key, base + left, side="left")
                stop = np.where(right >= left, np.searchsorted(self.key, base + right, side="right"), start)
                count = np.maximum(stop - start, 0)
                owners.append(np.repeat(inside, count))
                sources.append(expanded(start, count))
        if not owners:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        return np.concatenate(owners), np.concatenate(sources)


def build_index(ra_deg: Floats, dec_deg: Floats) -> SkyIndex:
    """Build the index of a catalogue's positions, in degrees; positions that are not finite are left out.

    Parameters
    ----------
    ra_deg, dec_deg
        Positions; any right ascension is taken modulo 360.
    """
    rows = np.flatnonzero(np.isfinite(ra_deg) & np.isfinite(dec_deg))
    ra, dec = ra_deg[rows] % 360.0, dec_deg[rows]
    key = _zone(dec) * KEY_STEP_DEG + ra
    order = np.argsort(key, kind="stable")
    return SkyIndex(key=key[order], vectors=unit_vectors(ra, dec)[order], rows=rows[order].astype(np.int64))


def separation_arcsec(a: Floats, b: Floats) -> Floats:
    """Return the angle between unit vectors, shape (n, 3).

    Parameters
    ----------
    a, b
        Vectors of the two sides, row by row.

    Returns
    -------
    Arcsec, shape (n,).
    """
    return angle_between(a, b) * ARCSEC_PER_RAD


def _zone(dec_deg: Floats) -> Ints:
    return np.asarray(np.floor((np.clip(dec_deg, -90.0, 90.0) + 90.0) / ZONE_DEG), dtype=np.int64)


def _ra_half_width(dec_deg: Floats, radius_deg: float) -> Floats:
    """Return the half width in RA of a cap; the whole circle for a cap that holds a pole."""
    polar = np.abs(dec_deg) + radius_deg >= 90.0  # noqa: PLR2004
    sine = np.sin(np.radians(radius_deg)) / np.where(polar, 1.0, np.cos(np.radians(dec_deg)))
    return np.where(polar, 360.0, np.degrees(np.arcsin(np.minimum(sine, 1.0))) + SLACK_DEG)


def expanded(start: Ints, count: Ints) -> Ints:
    """Return the concatenation of ``arange(start[i], start[i] + count[i])``.

    Parameters
    ----------
    start
        First number of each range.
    count
        How many numbers each range has; 0 is an empty one.
    """
    offset = np.cumsum(count) - count
    return np.asarray(np.repeat(start - offset, count) + np.arange(int(count.sum())), dtype=np.int64)
