"""Places on the sky."""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[Any]

# North Galactic pole, ICRS: Hipparcos and Tycho catalogues, ESA SP-1200, vol. 1, 1.5.3
POLE_RA_DEG, POLE_DEC_DEG = 192.85948, 27.12825


def galactic_latitude(ra_deg: Floats, dec_deg: Floats) -> Floats:
    """Return the Galactic latitude, in degrees, of positions in degrees (ICRS)."""
    dec, pole = np.radians(dec_deg), np.radians(POLE_DEC_DEG)
    sine = np.sin(dec) * np.sin(pole) + np.cos(dec) * np.cos(pole) * np.cos(np.radians(ra_deg - POLE_RA_DEG))
    return np.asarray(np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0))))
