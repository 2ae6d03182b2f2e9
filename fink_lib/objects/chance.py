r"""The probability that a pair is chance: that an object which has nothing to do with the other lies as near.

Unrelated objects are taken to lie at random with a density ``rho`` that is even over some arcminutes: their number
within a distance ``s`` of a place is Poisson's, with the mean ``pi s^2 rho`` (the sky is flat over arcseconds). So

    P(at least one within s) = 1 - exp(-pi s^2 rho).

Of unrelated positions, this probability at their own separation is even between 0 and its value at the radius: one
in a thousand of them has less than 0.001. `tests/unit/objects/test_chance.py` counts this on scrambled positions.

The density is counted in a ring around the place, from the radius of the match, so that partners are not counted, to
`DENSITY_ARCSEC`. Of n objects in an area A it is (n + 1) / A, the mean of what densities are likely where n were
counted and none was preferred before: no place has the density 0 because nobody was seen there.

It is not the probability that the pair is false: that depends on how many objects of one survey the other one sees.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
ARCMIN2 = 3600.0  # arcsec2


def ring_density(counted: Ints, inner_arcsec: float, outer_arcsec: float) -> Floats:
    """Return the density of objects, in arcsec-2, of which so many were counted in a ring.

    Parameters
    ----------
    counted
        Objects in each ring; 1 is added, so that an empty ring has a density too.
    inner_arcsec, outer_arcsec
        Radii of the rings.
    """
    return np.asarray((counted + 1.0) / (np.pi * (outer_arcsec**2 - inner_arcsec**2)))


def chance_within(separation_arcsec: Floats, density_arcsec2: Floats) -> Floats:
    """Return the probability that an unrelated object lies within a distance.

    Parameters
    ----------
    separation_arcsec
        The distances.
    density_arcsec2
        Density of objects around each, in arcsec-2.
    """
    return np.asarray(-np.expm1(-np.pi * separation_arcsec**2 * density_arcsec2))
