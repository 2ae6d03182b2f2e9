"""Where on the sky: far from the plane of the Galaxy, far from the ecliptic."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from fink_lib.filters.base import Batch, Clause
from fink_lib.sky import ecliptic_latitude, galactic_latitude


def off_galactic_plane(degrees: float, ra: str, dec: str) -> Clause:
    """Return the clause that the Galactic latitude is beyond so many degrees, on either side.

    Parameters
    ----------
    degrees
        Smallest latitude, deg; it is itself not beyond.
    ra, dec
        Columns of the position, deg.
    """
    return _beyond(f"Galactic latitude beyond {degrees:g} deg", degrees, galactic_latitude, ra, dec)


def off_ecliptic(degrees: float, ra: str, dec: str) -> Clause:
    """Return the clause that the ecliptic latitude is beyond so many degrees, on either side.

    Parameters
    ----------
    degrees
        Smallest latitude, deg; it is itself not beyond.
    ra, dec
        Columns of the position, deg.
    """
    return _beyond(f"ecliptic latitude beyond {degrees:g} deg", degrees, ecliptic_latitude, ra, dec)


def _beyond(name: str, degrees: float, latitude: Callable[[Any, Any], Any], ra: str, dec: str) -> Clause:
    return Clause(name, (ra, dec), partial(_is_beyond, degrees=degrees, latitude=latitude, ra=ra, dec=dec))


def _is_beyond(batch: Batch, degrees: float, latitude: Callable[[Any, Any], Any], ra: str, dec: str) -> Any:
    return np.abs(latitude(batch[ra], batch[dec])) > degrees
