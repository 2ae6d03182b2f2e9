"""The three models fitted to the points of one object, by weighted least squares; all bands together.

G1 and G2 are fitted as their sum and a share, which keeps both and their complement between 0 and 1. The axis of a
spin is looked for from many directions: there are several minima, and its opposite is as good.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.optimize import OptimizeResult, least_squares

from fink_lib.objects.phase_curves.models import bases_hg, bases_hg1g2, magnitude_hg, magnitude_hg1g2, of_spin

Floats: TypeAlias = npt.NDArray[np.float64]

LEAST_ERROR_MAG = 0.01  # of a point; photometry is not calibrated better
G_BOUNDS = (-0.253, 1.194)  # beyond them HG is no curve that falls
LEAST_OBLATENESS = 0.3
DIRECTIONS = 8
FEW_STEPS, MANY_STEPS = 15, 300  # from every start, and from the best place
SPIN_PARAMETERS = 3
STARTS = {"G": 0.15, "sum": 0.7, "share": 0.3}


class Model(StrEnum):
    """How brightness follows the phase."""

    HG = "HG"
    HG1G2 = "HG1G2"
    SHG1G2 = "sHG1G2"


OF_BAND = {Model.HG: 2, Model.HG1G2: 3, Model.SHG1G2: 3}  # parameters
LEAST_POINTS = {Model.HG: 5, Model.HG1G2: 8, Model.SHG1G2: 8}  # of a band
LEAST_RANGE_DEG = {Model.HG: 2.0, Model.HG1G2: 5.0, Model.SHG1G2: 5.0}
LEAST_POINTS_OF_A_SPIN = 30


@dataclass(frozen=True)
class Points:
    """The points of one object.

    Attributes
    ----------
    band
        Name of the band of each.
    reduced_mag, error_mag
        Magnitude at 1 au from Sun and observer, and the error of it.
    phase_deg
        Angle between Sun and observer.
    ra_deg, dec_deg
        Where it was seen.
    """

    band: npt.NDArray[np.str_]
    reduced_mag: Floats
    error_mag: Floats
    phase_deg: Floats
    ra_deg: Floats
    dec_deg: Floats

    def of(self, rows: npt.NDArray[Any]) -> "Points":
        """Return some of them."""
        return Points(**{name: value[rows] for name, value in vars(self).items() if name in self.__match_args__})

    @cached_property
    def place(self) -> Floats:
        """Unit vectors towards them."""
        return unit(np.radians(self.ra_deg), np.radians(self.dec_deg))


@dataclass(frozen=True)
class Fit:
    """A model of an object.

    Attributes
    ----------
    model
        Which one.
    why_not
        Why it was not fitted; empty where it was.
    bands
        Band → parameter (H, G; H, G1, G2) → value and standard error.
    spin
        R, alpha0, delta0 (degrees) → value and standard error; only of sHG1G2.
    points
        Band → how many were fitted.
    rms_mag, chi2_reduced
        Of the residuals.
    """

    model: Model
    why_not: str = ""
    bands: Mapping[str, Mapping[str, tuple[float, float]]] = field(default_factory=dict)
    spin: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    points: Mapping[str, int] = field(default_factory=dict)
    rms_mag: float = np.nan
    chi2_reduced: float = np.nan


def unit(ra: Floats, dec: Floats) -> Floats:
    """Return unit vectors, one row each.

    Parameters
    ----------
    ra, dec
        In radians, of any shape.

    Returns
    -------
    Of that shape, with x, y and z as its last axis.
    """
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def fit(points: Points, model: Model) -> Fit:
    """Fit a model to an object.

    Bands with too few points, or too small a range of phases, are left out; what is not fitted says why.

    Parameters
    ----------
    points
        All that are known of the object.
    model
        Which.
    """
    kept = np.isin(points.band, [band for band in np.unique(points.band) if _is_enough(points, band, model)])
    if not kept.any():
        least = f"{LEAST_POINTS[model]} points over {LEAST_RANGE_DEG[model]:g} deg of phase"
        return Fit(model, f"no band has {least}")
    if model is Model.SHG1G2 and kept.sum() < LEAST_POINTS_OF_A_SPIN:
        return Fit(model, f"{kept.sum()} points do not tell a spin axis: it wants {LEAST_POINTS_OF_A_SPIN}")
    return _Problem(points.of(kept), model).solve()


def _is_enough(points: Points, band: str, model: Model) -> bool:
    phases = points.phase_deg[points.band == band]
    return len(phases) >= LEAST_POINTS[model] and float(np.ptp(phases)) >= LEAST_RANGE_DEG[model]


@dataclass(frozen=True)
class _Problem:
    points: Points
    model: Model

    @cached_property
    def bands(self) -> list[str]:
        return [str(one) for one in np.unique(self.points.band)]

    @cached_property
    def rows(self) -> list[npt.NDArray[np.bool_]]:
        return [self.points.band == band for band in self.bands]

    @cached_property
    def bases(self) -> Floats:
        phases = self.points.phase_deg
        return bases_hg(phases) if self.model is Model.HG else bases_hg1g2(phases)

    @cached_property
    def errors(self) -> Floats:
        return np.hypot(self.points.error_mag, LEAST_ERROR_MAG)

    def solve(self) -> Fit:
        """Fit from every start, and keep the best."""
        low, high = self._bounds()
        how: dict[str, Any] = {"bounds": (low, high), "x_scale": "jac"}
        tried = [least_squares(self._residuals, start, max_nfev=FEW_STEPS, **how) for start in self._starts()]
        best = min(tried, key=lambda one: float(one.cost))
        return self._fit(least_squares(self._residuals, best.x, max_nfev=MANY_STEPS, **how))

    def _starts(self) -> Iterator[Floats]:
        of_band = [
            value
            for rows in self.rows
            for value in (
                float(np.min(self.points.reduced_mag[rows])),
                *((STARTS["G"],) if self.model is Model.HG else (STARTS["sum"], STARTS["share"])),
            )
        ]
        if self.model is not Model.SHG1G2:
            yield np.array(of_band)
            return
        for ra, dec in _directions():
            yield np.array([*of_band, 0.8, ra, dec])

    def _bounds(self) -> tuple[Floats, Floats]:
        shape = [G_BOUNDS] if self.model is Model.HG else [(0.0, 1.0), (0.0, 1.0)]
        spin = [(LEAST_OBLATENESS, 1.0), (-np.inf, np.inf), (-np.inf, np.inf)] if self.model is Model.SHG1G2 else []
        pairs = np.array([*([(-np.inf, np.inf), *shape] * len(self.bands)), *spin])
        return pairs[:, 0], pairs[:, 1]

    def _residuals(self, values: Floats) -> Floats:
        return (self._magnitudes(values) - self.points.reduced_mag) / self.errors

    def _magnitudes(self, values: Floats) -> Floats:
        count, found = OF_BAND[self.model], np.empty(len(self.points.band))
        for number, rows in enumerate(self.rows):
            h, *shape = values[number * count : (number + 1) * count]
            bases = self.bases[:, rows]
            found[rows] = magnitude_hg(bases, h, *shape) if self.model is Model.HG else _hg1g2(bases, h, *shape)
        if self.model is Model.SHG1G2:
            oblateness, ra, dec = values[-SPIN_PARAMETERS:]
            found += of_spin(self.points.place, oblateness, unit(ra, dec))
        return found

    def _fit(self, best: OptimizeResult) -> Fit:
        residuals = best.fun * self.errors
        freedom = max(len(residuals) - len(best.x), 1)
        errors = _errors(best.jac)
        count = OF_BAND[self.model]
        told = {
            band: self._told(best.x[n * count : (n + 1) * count], errors[n * count : (n + 1) * count])
            for n, band in enumerate(self.bands)
        }
        return Fit(
            model=self.model,
            bands=told,
            spin=_spin(best.x[-3:], errors[-3:]) if self.model is Model.SHG1G2 else {},
            points={band: int(rows.sum()) for band, rows in zip(self.bands, self.rows, strict=True)},
            rms_mag=float(np.sqrt(np.mean(residuals**2))),
            chi2_reduced=float(2.0 * best.cost / freedom),
        )

    def _told(self, values: Floats, errors: Floats) -> dict[str, tuple[float, float]]:
        h = (float(values[0]), float(errors[0]))
        if self.model is Model.HG:
            return {"H": h, "G": (float(values[1]), float(errors[1]))}
        (total, share), (total_error, share_error) = values[1:], errors[1:]
        return {
            "H": h,
            "G1": (float(total * share), float(np.hypot(share * total_error, total * share_error))),
            "G2": (float(total * (1 - share)), float(np.hypot((1 - share) * total_error, total * share_error))),
        }


def _hg1g2(bases: Floats, h: float, total: float, share: float) -> Floats:
    return magnitude_hg1g2(bases, h, total * share, total * (1.0 - share))


def _directions() -> Iterator[tuple[float, float]]:
    """Yield directions of half a sphere, evenly (Fibonacci's spiral): the opposite of each is as good."""
    golden = np.pi * (3.0 - np.sqrt(5.0))
    for number in range(DIRECTIONS):
        yield number * golden % (2.0 * np.pi), float(np.arcsin((number + 0.5) / DIRECTIONS))


def _errors(jacobian: Floats) -> Floats:
    """Return standard errors; infinite for what the points say nothing of."""
    _, sizes, rows = np.linalg.svd(jacobian, full_matrices=False)
    told = sizes > np.finfo(np.float64).eps * max(jacobian.shape) * sizes[0]
    errors = np.sqrt(np.sum((rows[told] / sizes[told, None]) ** 2, axis=0))
    silent = np.any(np.abs(rows[~told]) > 1e-6, axis=0) if not told.all() else np.zeros(len(errors), dtype=bool)  # noqa: PLR2004
    return np.where(silent, np.inf, errors)


def _spin(values: Floats, errors: Floats) -> dict[str, tuple[float, float]]:
    """Return the oblateness, and the end of the axis that is north of the equator."""
    oblateness, ra, dec = values
    x, y, z = unit(ra, dec) * (1.0 if np.sin(dec) >= 0.0 else -1.0)
    angles = np.degrees([np.arctan2(y, x) % (2.0 * np.pi), np.arcsin(np.clip(z, -1.0, 1.0))])
    return {
        "R": (float(oblateness), float(errors[0])),
        "alpha0_deg": (float(angles[0]), float(np.degrees(errors[1]))),
        "delta0_deg": (float(angles[1]), float(np.degrees(errors[2]))),
    }
