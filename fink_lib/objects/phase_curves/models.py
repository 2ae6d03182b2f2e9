"""The phase functions, and what a spin axis adds to them.

HG: Bowell et al. 1989 (in Asteroids II). H, G1, G2: Muinonen et al. 2010, Icarus 209, 542, whose base functions are
cubic splines through the nodes of its table 4, linear below 7.5 degrees. sHG1G2: Carry et al. 2024, A&A 687, A38.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline

Floats: TypeAlias = npt.NDArray[np.float64]

LINEAR_DEG = 7.5
_WIDE = np.radians([7.5, 30.0, 60.0, 90.0, 120.0, 150.0])
_NARROW = np.radians([0.0, 0.3, 1.0, 2.0, 4.0, 8.0, 12.0, 20.0, 30.0])
_PHI_1 = CubicSpline(
    _WIDE,
    [0.75, 0.33486016, 0.134105601, 0.0511047561, 0.0214656870, 0.0036396989],
    bc_type=((1, -6.0 / np.pi), (1, -9.1328612e-2)),
)
_PHI_2 = CubicSpline(
    _WIDE,
    [0.925, 0.62884169, 0.31755495, 0.12716367, 0.0223739030, 0.000165056890],
    bc_type=((1, -9.0 / (5.0 * np.pi)), (1, -8.6573138e-8)),
)
_PHI_3 = CubicSpline(
    _NARROW,
    [1.0, 0.83381185, 0.57735424, 0.42144772, 0.23174230, 0.103481780, 0.0617334730, 0.0161070060, 0.0],
    bc_type=((1, -1.0630097), (1, 0.0)),  # as sbpy has it, so that figures agree; the paper prints a tenth of it
)
_BOWELL = ((3.332, 0.631, 0.986), (1.862, 1.218, 0.238))  # A, B, C of both functions
_BOWELL_WIDTH = 90.56
_SMALL = (0.119, 1.341, -0.754)


def bases_hg(phase_deg: Floats) -> Floats:
    """Return both base functions of HG, one row each."""
    angle = np.radians(phase_deg)
    sine, half = np.sin(angle), np.tan(angle / 2.0)
    share = np.exp(-_BOWELL_WIDTH * half**2)
    small, (one, two, three) = sine, _SMALL
    smooth = small / (one + two * sine + three * sine**2)
    rows = [share * (1.0 - c * smooth) + (1.0 - share) * np.exp(-a * half**b) for a, b, c in _BOWELL]
    return np.stack(rows)


def bases_hg1g2(phase_deg: Floats) -> Floats:
    """Return the three base functions of H, G1, G2, one row each; up to 150 degrees."""
    angle = np.radians(phase_deg)
    near = phase_deg < LINEAR_DEG
    first = np.where(near, 1.0 - 6.0 * angle / np.pi, _PHI_1(angle))
    second = np.where(near, 1.0 - 9.0 * angle / (5.0 * np.pi), _PHI_2(angle))
    third = np.where(angle > _NARROW[-1], 0.0, _PHI_3(np.minimum(angle, _NARROW[-1])))
    return np.stack([first, second, third])


def magnitude_hg(bases: Floats, h: float, g: float) -> Floats:
    """Return reduced magnitudes of HG.

    Parameters
    ----------
    bases
        The two functions of HG at the phase of each point, shape (2, n).
    h
        Magnitude at phase 0.
    g
        Slope.
    """
    return np.asarray(h - 2.5 * np.log10((1.0 - g) * bases[0] + g * bases[1]))


def magnitude_hg1g2(bases: Floats, h: float, g1: float, g2: float) -> Floats:
    """Return reduced magnitudes of H, G1, G2.

    Parameters
    ----------
    bases
        The three functions of H, G1, G2 at the phase of each point, shape (3, n).
    h
        Magnitude at phase 0.
    g1, g2
        Slopes.
    """
    return np.asarray(h - 2.5 * np.log10(g1 * bases[0] + g2 * bases[1] + (1.0 - g1 - g2) * bases[2]))


def of_spin(place: Floats, oblateness: float, pole: Floats) -> Floats:
    """Return what the aspect of a spheroid adds to its magnitude: nothing at its equator; it is brighter at its pole.

    Parameters
    ----------
    place
        Unit vectors towards the object, one row each.
    oblateness
        R, polar over equatorial axis as projected: 1 is a sphere.
    pole
        Unit vector of the spin axis.
    """
    return np.asarray(2.5 * np.log10(1.0 - (1.0 - oblateness) * np.abs(place @ pole)))
