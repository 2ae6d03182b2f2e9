"""Places on the sky."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[Any]

# North Galactic pole, ICRS: Hipparcos and Tycho catalogues, ESA SP-1200, vol. 1, 1.5.3
POLE_RA_DEG, POLE_DEC_DEG = 192.85948, 27.12825
# Obliquity of the ecliptic at J2000: IAU 2006 resolution B1, 84381.406 arcsec
OBLIQUITY_DEG = 84381.406 / 3600.0
MJD_J2000 = 51544.5
TAI_MINUS_UTC_S = 37.0  # since 2017
UNIX_EPOCH_MJD = 40587.0
SUNRISE_ALTITUDE_DEG = -0.833


def galactic_latitude(ra_deg: Floats, dec_deg: Floats) -> Floats:
    """Return the Galactic latitude, in degrees, of positions in degrees (ICRS)."""
    dec, pole = np.radians(dec_deg), np.radians(POLE_DEC_DEG)
    sine = np.sin(dec) * np.sin(pole) + np.cos(dec) * np.cos(pole) * np.cos(np.radians(ra_deg - POLE_RA_DEG))
    return np.asarray(np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0))))


def ecliptic_latitude(ra_deg: Floats, dec_deg: Floats) -> Floats:
    """Return the ecliptic latitude of J2000, in degrees, of positions in degrees (ICRS)."""
    dec, tilt = np.radians(dec_deg), np.radians(OBLIQUITY_DEG)
    sine = np.sin(dec) * np.cos(tilt) - np.cos(dec) * np.sin(tilt) * np.sin(np.radians(ra_deg))
    return np.asarray(np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0))))


@dataclass(frozen=True)
class Site:
    """An observatory.

    Attributes
    ----------
    name
        As astronomers call the place.
    longitude_deg, latitude_deg
        East longitude and geodetic latitude, in degrees.
    height_m
        Height above the ellipsoid, in metres.
    """

    name: str
    longitude_deg: float
    latitude_deg: float
    height_m: float


def airmass(ra_deg: Floats, dec_deg: Floats, mjd_tai: Floats, site: Site) -> Floats:
    """Return the airmass of positions (ICRS) at times (MJD, TAI): the secant of the zenith distance.

    Sidereal time is the mean one of Greenwich (IAU 1982) with UTC for UT1; precession and refraction are left out,
    which costs less than 0.02 below an airmass of 2. NaN below the horizon.
    """
    days = mjd_tai - TAI_MINUS_UTC_S / 86_400.0 - MJD_J2000
    hour_angle = np.radians(280.46061837 + 360.98564736629 * days + site.longitude_deg - ra_deg)
    dec, latitude = np.radians(dec_deg), np.radians(site.latitude_deg)
    sine = np.sin(dec) * np.sin(latitude) + np.cos(dec) * np.cos(latitude) * np.cos(hour_angle)
    return np.asarray(1.0 / np.where(sine > 0.0, sine, np.nan))


def sun_altitude_deg(unix_s: Floats, site: Site) -> Floats:
    """Return the altitude of the Sun's centre, in degrees, without refraction.

    Low-precision formulas of the Astronomical Almanac (section C), good to 0.01 degrees from 1950 to 2050.
    """
    days = unix_s / 86_400.0 + UNIX_EPOCH_MJD - MJD_J2000
    anomaly = np.radians(357.528 + 0.9856003 * days)
    longitude = np.radians(280.460 + 0.9856474 * days + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2.0 * anomaly))
    tilt = np.radians(23.439 - 4.0e-7 * days)
    dec = np.arcsin(np.sin(tilt) * np.sin(longitude))
    right_ascension = np.arctan2(np.cos(tilt) * np.sin(longitude), np.cos(longitude))
    hour_angle = np.radians(280.46061837 + 360.98564736629 * days + site.longitude_deg) - right_ascension
    latitude = np.radians(site.latitude_deg)
    sine = np.sin(dec) * np.sin(latitude) + np.cos(dec) * np.cos(latitude) * np.cos(hour_angle)
    return np.asarray(np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0))))


def sunrise(site: Site, begin_s: float, end_s: float) -> float | None:
    """Return when the Sun last rises between two Unix times, to the minute; None where it does not.

    The Sun rises when its upper edge does, seen through the air at sea level: its centre is at -0.833 degrees.
    """
    minutes = np.arange(begin_s, end_s, 60.0)
    above = sun_altitude_deg(minutes, site) > SUNRISE_ALTITUDE_DEG
    rises = np.flatnonzero(above[1:] & ~above[:-1])
    return float(minutes[rises[-1] + 1]) if len(rises) else None
