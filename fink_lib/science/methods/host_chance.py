"""How likely a galaxy as bright as this one stands so near by chance.

The density of galaxies brighter than r is 10 ** (0.33 (r - 24) - 2.44) / (0.33 ln 10) per square arcsec
(Hogg et al. 1997, as used by Bloom, Kulkarni & Djorgovski 2002, AJ 123, 1111).
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SLOPE, FAINT_MAG, LEVEL = 0.33, 24.0, 2.44


def chance_of_host(separation_arcsec: Floats, r_mag: Floats) -> Floats:
    """Return the probability that at least one unrelated galaxy is as near and as bright.

    Parameters
    ----------
    separation_arcsec
        From the transient to the galaxy; infinite where there is none.
    r_mag
        Its magnitude in r; infinite for one too faint to be measured.

    Returns
    -------
    numpy.ndarray
        Between 0 and 1; 1 where there is no galaxy, NaN where one of both is missing.
    """
    absent = np.isposinf(separation_arcsec) | np.isposinf(r_mag)
    near, mag = np.where(absent, 0.0, separation_arcsec), np.where(absent, 0.0, np.clip(r_mag, 0.0, 40.0))
    per_arcsec2 = 10.0 ** (SLOPE * (mag - FAINT_MAG) - LEVEL) / (SLOPE * np.log(10.0))
    return np.where(absent, 1.0, -np.expm1(-np.pi * near**2 * per_arcsec2))
