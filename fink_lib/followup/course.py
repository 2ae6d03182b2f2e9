"""How high a place, the Sun and the Moon stand over a night at a site: what follow-up and the portal both go by."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fink_lib.followup.moon import moon_from
from fink_lib.sky import Site, altitude_deg, of_date, separation_deg, sun_altitude_deg

Floats = npt.NDArray[Any]
DAY_S = 86_400.0
NOON_H = 12.0


@dataclass(frozen=True)
class Course:
    """Altitudes over a night, an entry a time; without refraction.

    Attributes
    ----------
    at
        Unix times.
    target_deg, sun_deg, moon_deg
        Altitudes; those of Sun and Moon to 0.1 and 0.4 degrees.
    moon_distance_deg
        From the Moon to the place.
    """

    at: Floats
    target_deg: Floats
    sun_deg: Floats
    moon_deg: Floats
    moon_distance_deg: Floats

    @property
    def airmass(self) -> Floats:
        """The secant of the zenith distance; NaN below the horizon."""
        sine = np.sin(np.radians(self.target_deg))
        return np.asarray(1.0 / np.where(sine > 0.0, sine, np.nan))


def noon_before(night: dt.date, site: Site) -> float:
    """Return the Unix time of the noon, by local mean time, before the night that begins on a date.

    Parameters
    ----------
    night
        Date, by local mean time.
    site
        Where; its longitude alone counts, degrees east.
    """
    midnight = dt.datetime.combine(night, dt.time(), dt.UTC).timestamp()
    return midnight + (NOON_H - site.longitude_deg / 15.0) * 3600.0


def course(ra_deg: float, dec_deg: float, site: Site, at: Floats) -> Course:
    """Return how a place stands over a night.

    Parameters
    ----------
    ra_deg, dec_deg
        The place (ICRS).
    site
        From where.
    at
        Unix times, of one night: precession is that of the first.
    """
    ra, dec = (np.full(len(at), one) for one in of_date(ra_deg, dec_deg, float(at[0])))
    moon = moon_from(site, at)
    return Course(
        at,
        altitude_deg(ra, dec, at, site),
        sun_altitude_deg(at, site),
        altitude_deg(*moon, at, site),
        separation_deg(ra, dec, *moon),
    )
