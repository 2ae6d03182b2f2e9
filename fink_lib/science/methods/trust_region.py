"""Least squares with few parameters, step by step inside a region of trust; the same bits for the same light curve.

The method is that of Moré 1978 (Numerical Analysis, LNM 630, 105) with derivatives by forward differences, and with
the limits that the early-supernova forest was trained with: fits that do not converge stop after as many steps.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[Any]
Misses = Callable[[Floats], Floats]

TOLERANCE = 1e-8  # of cost, parameters and gradient alike
EVALUATIONS_PER_PARAMETER = 100
DIFFERENCE = math.sqrt(np.finfo(float).eps)  # relative step of a forward difference
EPSILON = float(np.finfo(float).eps)
NEAR_ENOUGH = 0.01  # a step may miss the edge of the region by this share
EDGE_STEPS = 10
POOR, GOOD = 0.25, 0.75  # share of the predicted gain below which the region shrinks, above which it may grow
AT_THE_EDGE = 0.95


@dataclass(frozen=True)
class _Model:
    """The misses made linear around a point, by singular values."""

    values: Floats
    right: Floats
    along: Floats
    jacobian: Floats
    gradient: Floats

    @classmethod
    def of(cls, jacobian: Floats, misses: Floats) -> "_Model":
        left, values, right = np.linalg.svd(jacobian, full_matrices=False)
        return cls(values, right.T, misses @ left, jacobian, misses @ jacobian)

    def gain(self, step: Floats) -> float:
        """Return by how much a step should lower the cost."""
        moved = self.jacobian @ step
        return float(-(0.5 * (moved @ moved) + self.gradient @ step))

    def step(self, radius: float, damping: float) -> tuple[Floats, float]:
        """Return the best step within the region, and the damping that kept it there."""
        full_rank = len(self.along) <= len(self.jacobian) and self.values[-1] > (
            EPSILON * len(self.jacobian) * self.values[0]
        )
        if full_rank:
            free = -self.right @ (self.along / self.values)
            if _norm(free) <= radius:
                return free, 0.0
        damping = self._damping(radius, damping, full_rank=bool(full_rank))
        pulled = self.values * self.along
        step = -self.right @ (pulled / (self.values**2 + damping))
        return step * (radius / _norm(step)), damping

    def _damping(self, radius: float, damping: float, *, full_rank: bool) -> float:
        """Return the damping whose step ends at the edge of the region, by Newton's method between two bounds."""
        pulled = self.values * self.along
        upper, lower = _norm(pulled) / radius, 0.0
        if full_rank:
            excess, slope = self._excess(0.0, radius)
            lower = -excess / slope
        elif damping == 0.0:
            damping = _between(lower, upper)
        for _ in range(EDGE_STEPS):
            if not lower <= damping <= upper:
                damping = _between(lower, upper)
            excess, slope = self._excess(damping, radius)
            if excess < 0.0:
                upper = damping
            ratio = excess / slope
            lower = max(lower, damping - ratio)
            damping -= (excess + radius) * ratio / radius
            if abs(excess) < NEAR_ENOUGH * radius:
                break
        return damping

    def _excess(self, damping: float, radius: float) -> tuple[float, float]:
        """Return by how much the damped step leaves the region, and how that changes with the damping."""
        pulled, soft = self.values * self.along, self.values**2 + damping
        length = _norm(pulled / soft)
        return length - radius, -float(np.sum(pulled**2 / soft**3)) / length


def least_squares(misses_of: Misses, start: Floats) -> Floats:
    """Return the parameters for which the sum of squares of the misses is smallest near the start.

    Parameters
    ----------
    misses_of
        Misses of some parameters, one a point; at least as many points as parameters.
    start
        Where to begin.

    Raises
    ------
    ValueError
        When the misses are not finite at the start.
    """
    at = np.asarray(start, dtype=np.float64)
    misses = misses_of(at)
    if not np.isfinite(misses).all():
        raise ValueError(f"the fit cannot begin at {at.tolist()}: the misses there are not finite")
    left = EVALUATIONS_PER_PARAMETER * len(at) - 1
    radius, damping = _norm(at) or 1.0, 0.0
    while left > 0:
        model = _Model.of(jacobian_of(misses_of, at, misses), misses)
        if np.abs(model.gradient).max() < TOLERANCE:
            break
        cost, gained, done = 0.5 * float(misses @ misses), -1.0, False
        while gained <= 0.0 and left > 0 and not done:
            step, damping = model.step(radius, damping)
            ahead, length = misses_of(at + step), _norm(step)
            left -= 1
            if not np.isfinite(ahead).all():
                radius = POOR * length
                continue
            gained = cost - 0.5 * float(ahead @ ahead)
            share = _share(gained, model.gain(step))
            done = (gained < TOLERANCE * cost and share > POOR) or length < TOLERANCE * (TOLERANCE + _norm(at))
            if not done:
                fresh = _radius(radius, share, length)
                damping *= radius / fresh
                radius = fresh
        if gained > 0.0:
            at, misses = at + step, ahead
        if done:
            break
    return at


def jacobian_of(misses_of: Misses, at: Floats, misses: Floats) -> Floats:
    """Return the derivatives of the misses by forward differences; shape (points, parameters).

    Parameters
    ----------
    misses_of
        From parameters to misses, one a point.
    at
        Parameters where the derivatives are wanted.
    misses
        What `misses_of` returns there.
    """
    columns = []
    for place, value in enumerate(at.tolist()):
        moved = at.copy()
        moved[place] = value + math.copysign(DIFFERENCE, value) * max(1.0, abs(value))
        columns.append((misses_of(moved) - misses) / (moved[place] - value))
    return np.stack(columns, axis=1)


def _radius(radius: float, share: float, length: float) -> float:
    if share < POOR:
        return POOR * length
    return 2.0 * radius if share > GOOD and length > AT_THE_EDGE * radius else radius


def _share(gained: float, predicted: float) -> float:
    if predicted > 0.0:
        return gained / predicted
    return 1.0 if predicted == gained == 0.0 else 0.0


def _between(lower: float, upper: float) -> float:
    return max(0.001 * upper, math.sqrt(lower * upper))


def _norm(vector: Floats) -> float:
    return math.sqrt(float(vector @ vector))
