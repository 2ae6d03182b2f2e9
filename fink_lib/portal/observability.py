"""How high a place stands over a night at a site, with Sun and Moon, for a chart."""

import datetime as dt
from dataclasses import dataclass

import numpy as np

from fink_lib.followup.course import DAY_S, course, noon_before
from fink_lib.followup.moon import illuminated_share
from fink_lib.sky import Site

STEPS = 145  # every ten minutes of a day, both ends
TWILIGHT_DEG, DARK_DEG = 0.0, -18.0


@dataclass(frozen=True)
class Tonight:
    """A night at a site, from noon to noon of local mean time.

    Attributes
    ----------
    begin
        Its first noon (UTC).
    hours
        Hours since then.
    target, sun, moon
        Altitudes in degrees.
    moon_distance_deg, moon_lit
        Of the Moon from the place at midnight, and how much of it is lit.
    """

    begin: dt.datetime
    hours: tuple[float, ...]
    target: tuple[float, ...]
    sun: tuple[float, ...]
    moon: tuple[float, ...]
    moon_distance_deg: float
    moon_lit: float

    @property
    def dark_hours(self) -> float:
        """Hours in which the Sun is 18 degrees below the horizon and the place 30 above it."""
        good = [high >= 30.0 and sun <= DARK_DEG for high, sun in zip(self.target, self.sun, strict=True)]  # noqa: PLR2004
        return sum(good) * (self.hours[1] - self.hours[0])


def tonight(ra_deg: float, dec_deg: float, site: Site, date: dt.date) -> Tonight:
    """Return how a place stands over the night that begins on a date.

    Parameters
    ----------
    ra_deg, dec_deg
        The place (ICRS).
    site
        From where.
    date
        Local date of the evening.
    """
    noon = noon_before(date, site)
    hours = np.linspace(0.0, DAY_S / 3600.0, STEPS)
    stands = course(ra_deg, dec_deg, site, noon + hours * 3600.0)
    middle = slice(STEPS // 2, STEPS // 2 + 1)
    target, sun, moon = (
        tuple(np.round(one, 2).tolist()) for one in (stands.target_deg, stands.sun_deg, stands.moon_deg)
    )
    return Tonight(
        dt.datetime.fromtimestamp(noon, dt.UTC),
        tuple(hours.tolist()),
        target,
        sun,
        moon,
        float(stands.moon_distance_deg[middle][0]),
        float(illuminated_share(stands.at[middle])[0]),
    )
