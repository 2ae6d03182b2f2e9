"""Whether something can be observed in a night: darkness, airmass, Moon, by minutes."""

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fink_lib.followup.course import DAY_S, course, noon_before
from fink_lib.followup.moon import illuminated_share
from fink_lib.sky import Site

DARK_ALTITUDE_DEG = -12.0  # nautical twilight: fields are found and standards taken from then on
STEP_S = 60.0


@dataclass(frozen=True)
class Limits:
    """What an observation asks for.

    Attributes
    ----------
    max_airmass
        Highest airmass.
    min_moon_deg
        Least distance to the Moon.
    min_minutes
        Least time that both hold for, in the dark.
    """

    max_airmass: float = 2.0
    min_moon_deg: float = 30.0
    min_minutes: float = 10.0


@dataclass(frozen=True)
class Observability:
    """How a place can be observed in a night.

    Attributes
    ----------
    site, night
        Where, and the date on which the night begins there.
    dark_minutes, minutes
        How long it is dark, and how long all limits hold in the dark.
    best_airmass, best_at
        Least airmass in the dark, and when; None where it does not rise in the dark.
    moon_deg, moon_lit
        Distance to the Moon and lit share of it, at that time or in the middle of the night.
    begins, ends
        First and last minute that all limits hold.
    reasons
        Why it cannot be observed; empty where it can.
    """

    site: str
    night: str
    dark_minutes: float
    minutes: float
    best_airmass: float | None
    best_at: dt.datetime | None
    moon_deg: float
    moon_lit: float
    begins: dt.datetime | None
    ends: dt.datetime | None
    reasons: tuple[str, ...]

    @property
    def is_observable(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reasons

    def as_json(self) -> dict[str, Any]:
        """Return it for programs, times as ISO 8601."""
        told = {name: value.isoformat() if isinstance(value, dt.datetime) else value
                for name, value in asdict(self).items()}  # fmt: skip
        return {**told, "reasons": list(self.reasons), "observable": self.is_observable}


def observability(ra_deg: float, dec_deg: float, site: Site, night: dt.date, limits: Limits) -> Observability:
    """Return how a place can be observed in the night that begins on a date, from local noon to noon.

    Parameters
    ----------
    ra_deg, dec_deg
        The place.
    site
        Where it is observed from.
    night
        Date, by local mean time.
    limits
        What makes a moment of the dark a good one, and how many minutes of them are enough.
    """
    noon = noon_before(night, site)
    at = np.arange(noon, noon + DAY_S, STEP_S)
    stands = course(ra_deg, dec_deg, site, at)
    dark, mass, moon = stands.sun_deg < DARK_ALTITUDE_DEG, stands.airmass, stands.moon_distance_deg
    risen = dark & np.isfinite(mass)
    high, far = risen & (np.nan_to_num(mass, nan=np.inf) <= limits.max_airmass), moon >= limits.min_moon_deg
    good = high & far
    best = int(np.argmin(np.where(risen, mass, np.inf))) if risen.any() else int(len(at) // 2)
    minutes = float(good.sum()) * STEP_S / 60.0
    times = np.flatnonzero(good)
    return Observability(
        site.name,
        night.isoformat(),
        float(dark.sum()) * STEP_S / 60.0,
        minutes,
        float(mass[best]) if risen.any() else None,
        _time(at[best]) if risen.any() else None,
        float(moon[best]),
        float(illuminated_share(at[best : best + 1])[0]),
        _time(at[times[0]]) if len(times) else None,
        _time(at[times[-1]]) if len(times) else None,
        _reasons(dark, high, far, minutes, limits),
    )


def _time(unix_s: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(float(unix_s), dt.UTC)


def _reasons(dark: Any, high: Any, far: Any, minutes: float, limits: Limits) -> tuple[str, ...]:
    if minutes >= limits.min_minutes:
        return ()
    if not dark.any():
        return ("it does not get dark",)
    if not high.any():
        return (f"it stays above an airmass of {limits.max_airmass:g} while it is dark",)
    if not (high & far).any():
        return (f"the Moon is closer than {limits.min_moon_deg:g} degrees",)
    return (f"all limits hold for {minutes:.0f} minutes, of {limits.min_minutes:g} that are asked for",)
