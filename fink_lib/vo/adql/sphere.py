"""Polygons on the sphere with numpy: their plane, whether they hold a point, how far an edge is. Pure."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Vectors: TypeAlias = npt.NDArray[np.float64]
NARROWEST = 1e-3  # cosine: a polygon must lie within 89.9 degrees of its middle
NEAR_POLE = 0.9


def unit(ra_deg: npt.ArrayLike, dec_deg: npt.ArrayLike) -> Vectors:
    """Return unit vectors of places, shape (n, 3).

    Parameters
    ----------
    ra_deg, dec_deg
        Places, deg, shape (n,) or a single one.
    """
    ra, dec = np.radians(np.atleast_1d(ra_deg)), np.radians(np.atleast_1d(dec_deg))
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


@dataclass(frozen=True)
class Plane:
    """A polygon on the plane that touches the sphere at its middle: there great circles are straight lines.

    Attributes
    ----------
    axes
        Unit vectors towards the middle and along the plane, shape (3, 3).
    corners
        Vertices on the plane, shape (n, 2), in tangents.
    vectors
        Vertices on the sphere, shape (n, 3).
    """

    axes: Vectors
    corners: Vectors
    vectors: Vectors

    @classmethod
    def of(cls, vertices: npt.ArrayLike) -> "Plane":
        """Return the plane of a polygon.

        Parameters
        ----------
        vertices
            Right ascensions and declinations, degrees, shape (n, 2).

        Raises
        ------
        ValueError
            When it does not lie on less than half of the sphere.
        """
        places = np.asarray(vertices, dtype=np.float64)
        vectors = unit(places[:, 0], places[:, 1])
        middle = vectors.mean(axis=0)
        length = float(np.linalg.norm(middle))
        middle = middle / length if length > 0 else np.array([0.0, 0.0, 1.0])
        if float((vectors @ middle).min()) < NARROWEST:
            raise ValueError("the polygon does not lie within a quarter of the sphere around its middle")
        helper = np.array([0.0, 0.0, 1.0]) if abs(middle[2]) < NEAR_POLE else np.array([1.0, 0.0, 0.0])
        along = np.cross(helper, middle)
        along /= np.linalg.norm(along)
        axes = np.stack([middle, along, np.cross(middle, along)])
        seen = vectors @ axes.T
        return cls(axes, seen[:, 1:] / seen[:, :1], vectors)

    @property
    def edges(self) -> list[tuple[Vectors, Vectors]]:
        """Ends of each edge on the plane."""
        return list(zip(self.corners, np.roll(self.corners, -1, axis=0), strict=True))

    @property
    def arcs(self) -> list[tuple[Vectors, Vectors]]:
        """Ends of each edge on the sphere."""
        return list(zip(self.vectors, np.roll(self.vectors, -1, axis=0), strict=True))

    @property
    def middle_deg(self) -> tuple[float, float]:
        """Right ascension and declination of its middle, degrees."""
        x, y, z = self.axes[0]
        return float(np.degrees(np.arctan2(y, x)) % 360.0), float(np.degrees(np.arcsin(np.clip(z, -1, 1))))

    @property
    def reach_deg(self) -> float:
        """Distance of its farthest vertex from its middle, degrees."""
        return float(np.degrees(np.arccos(np.clip((self.vectors @ self.axes[0]).min(), -1.0, 1.0))))

    def holds(self, vectors: Vectors) -> npt.NDArray[np.bool_]:
        """Tell which places it holds: how often a line to the right crosses its edges."""
        seen = vectors @ self.axes.T
        ahead = seen[:, 0] > 0
        x, y = (seen[:, number] / np.where(ahead, seen[:, 0], 1.0) for number in (1, 2))
        odd = np.zeros(len(vectors), dtype=bool)
        for (x1, y1), (x2, y2) in self.edges:
            if y1 != y2:
                odd ^= ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
        return np.asarray(ahead & odd, dtype=bool)

    def meets(self, other: "Plane") -> bool:
        """Tell whether two polygons have a place in common."""
        if bool(self.holds(other.vectors).any()) or bool(other.holds(self.vectors).any()):
            return True
        return self._is_crossed_by(other)

    def within(self, other: "Plane") -> bool:
        """Tell whether it lies in another polygon."""
        return bool(other.holds(self.vectors).all()) and not self._is_crossed_by(other)

    def _is_crossed_by(self, other: "Plane") -> bool:
        return any(_cross(*mine, *theirs) for mine in self.arcs for theirs in other.arcs)


def _cross(a: Vectors, b: Vectors, c: Vectors, d: Vectors) -> bool:
    """Tell whether two arcs of great circles, each shorter than half a circle, cross."""
    first, second = np.cross(a, b), np.cross(c, d)
    if not ((first @ c) * (first @ d) < 0 and (second @ a) * (second @ b) < 0):
        return False
    at = np.cross(first, second)
    return bool((at @ (a + b)) * (at @ (c + d)) > 0)
