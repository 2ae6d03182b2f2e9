"""The night: one definition, from an observation time to a date and back.

A night is named by a date. Which date a time falls in is a property of the survey:
ZTF counts UTC dates; Rubin counts ``day_obs``, the date at UTC-12 h.
"""

import datetime as dt
import math
from dataclasses import dataclass
from enum import StrEnum

from fink_lib.errors import ConfigError

JD_UNIX_EPOCH = 2440587.5
MJD_UNIX_EPOCH = 40587.0
TAI_MINUS_UTC_S = 37.0  # since 2017-01-01; every Rubin and every public ZTF alert is later than 2017
SECONDS_PER_DAY = 86400.0
UNIX_EPOCH_DATE = dt.date(1970, 1, 1)
FIRST_DAY, LAST_DAY = -25567, 84000  # days since 1970 of about 1900 and 2200: outside, a time is damaged


class TimeFormat(StrEnum):
    """How a survey writes an observation time."""

    JD_UTC = "jd_utc"
    MJD_TAI = "mjd_tai"


@dataclass(frozen=True)
class NightRule:
    """How a survey turns an observation time into the date of its night.

    Attributes
    ----------
    time_format
        Scale and origin of the observation time, in days.
    offset_h
        Hours added to UTC before the date is read: 0 for ZTF, -12 for Rubin's ``day_obs``.
    """

    time_format: TimeFormat
    offset_h: float

    @property
    def days_to_epoch(self) -> float:
        """Number of days to add to an observation time so that its floor is a day since 1970-01-01."""
        if self.time_format is TimeFormat.JD_UTC:
            origin = -JD_UNIX_EPOCH
        else:
            origin = -MJD_UNIX_EPOCH - TAI_MINUS_UTC_S / SECONDS_PER_DAY
        return origin + self.offset_h / 24.0

    def night_of(self, observed: float) -> dt.date:
        """Return the night that an observation time, in days, falls in.

        Raises
        ------
        ConfigError
            When the time is not finite or not within the years 1900 to 2200.
        """
        if not math.isfinite(observed):
            raise ConfigError(f"observation time {observed!r} is not a number: no night can be named")
        days = math.floor(observed + self.days_to_epoch)
        if not FIRST_DAY <= days <= LAST_DAY:
            raise ConfigError(f"observation time {observed!r} ({self.time_format}) lies outside the years 1900-2200")
        return UNIX_EPOCH_DATE + dt.timedelta(days=days)

    def unix_s(self, observed: float) -> float:
        """Return the observation time, in days, as seconds since 1970-01-01 UTC."""
        return (observed + self.days_to_epoch - self.offset_h / 24.0) * SECONDS_PER_DAY


def parse_night(text: str) -> dt.date:
    """Read a night written as ``YYYY-MM-DD`` or ``YYYYMMDD``.

    Raises
    ------
    ConfigError
        When the text is neither.
    """
    for form in ("%Y-%m-%d", "%Y%m%d"):
        try:
            return dt.datetime.strptime(text, form).replace(tzinfo=dt.UTC).date()
        except ValueError:
            continue
    raise ConfigError(f"'{text}' is not a night: write it as YYYY-MM-DD, for example 2021-11-22")
