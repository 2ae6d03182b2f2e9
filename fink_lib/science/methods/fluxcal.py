"""Fluxes on the scale that supernova classifiers are trained on (SNANA's FLUXCAL, zero point 27.5)."""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[Any]

FLUX_AT_ZERO_MAG = 1e11
# d(flux)/d(mag) at magnitude 0, and 0.4·ln(10); rounded as where the classifiers were trained.
ERROR_AT_ZERO_MAG = 9.21034e10
LN_FLUX_PER_MAG = 0.921034


def fluxcal(mag: Floats, mag_err: Floats) -> tuple[Floats, Floats]:
    """Return flux and flux error of magnitudes; the sign of the subtraction is not part of it.

    Parameters
    ----------
    mag, mag_err
        Magnitudes and errors, NaN for upper limits; any shape.
    """
    flux = 10.0 ** (-0.4 * mag) * FLUX_AT_ZERO_MAG
    return flux, ERROR_AT_ZERO_MAG * np.exp(-LN_FLUX_PER_MAG * mag) * mag_err
