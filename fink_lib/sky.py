"""Places on the sky."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[Any]

# North Galactic pole, ICRS: Hipparcos and Tycho catalogues, ESA SP-1200, vol. 1, 1.5.3
POLE_RA_DEG, POLE_DEC_DEG = 192.85948, 27.12825
POLE_LONGITUDE_DEG = 122.93192  # Galactic longitude of the celestial pole, ibid.
# Obliquity of the ecliptic at J2000: IAU 2006 resolution B1, 84381.406 arcsec
OBLIQUITY_DEG = 84381.406 / 3600.0
MJD_J2000 = 51544.5
TAI_MINUS_UTC_S = 37.0  # since 2017
UNIX_EPOCH_MJD = 40587.0
SUNRISE_ALTITUDE_DEG = -0.833
ARCSEC_PER_RAD = 180.0 * 3600.0 / np.pi
POLE_DEG = 90.0  # the declination of the celestial poles
RIGHT_CHORD = np.sqrt(2.0)  # between directions at a right angle


def unit_vectors(ra_deg: Floats, dec_deg: Floats) -> Floats:
    """Return positions in degrees as unit vectors: the shape of the positions, and three.

    Parameters
    ----------
    ra_deg, dec_deg
        Positions, deg, of one shape.
    """
    ra, dec = np.radians(ra_deg), np.radians(dec_deg)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def angle_between(a: Floats, b: Floats) -> Floats:
    """Return the angle between unit vectors, in radians.

    From the chord, which is exact where directions are close, as a cosine is not; beyond a right angle from the chord
    to the opposite direction.

    Parameters
    ----------
    a, b
        Unit vectors, shape (..., 3).
    """
    chord = _length(a - b)
    angle = 2.0 * np.arcsin(np.minimum(0.5 * chord, 1.0))
    wide = np.asarray(chord > RIGHT_CHORD)
    if wide.any():
        angle = np.where(wide, np.pi - 2.0 * np.arcsin(np.minimum(0.5 * _length(a + b), 1.0)), angle)
    return np.asarray(angle)


def separation_deg(ra_deg: Floats, dec_deg: Floats, other_ra_deg: Floats, other_dec_deg: Floats) -> Floats:
    """Return the great-circle separation, in degrees, of positions in degrees; one of a pair may be a single one.

    Parameters
    ----------
    ra_deg, dec_deg
        Positions, deg.
    other_ra_deg, other_dec_deg
        Other positions, deg, of the same shape, or a single one.
    """
    here, there = unit_vectors(ra_deg, dec_deg), unit_vectors(other_ra_deg, other_dec_deg)
    return np.asarray(np.degrees(angle_between(here, there)))


def _length(vectors: Floats) -> Floats:
    x, y, z = np.moveaxis(vectors, -1, 0)
    return np.asarray(np.sqrt(x * x + y * y + z * z))


def galactic_latitude(ra_deg: Floats, dec_deg: Floats) -> Floats:
    """Return the Galactic latitude, in degrees, of positions in degrees (ICRS).

    Parameters
    ----------
    ra_deg, dec_deg
        Positions, deg, of one shape.

    Returns
    -------
    From -90 to 90, in the shape of the positions.
    """
    dec, pole = np.radians(dec_deg), np.radians(POLE_DEC_DEG)
    sine = np.sin(dec) * np.sin(pole) + np.cos(dec) * np.cos(pole) * np.cos(np.radians(ra_deg - POLE_RA_DEG))
    return np.asarray(np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0))))


def galactic(ra_deg: Floats, dec_deg: Floats) -> tuple[Floats, Floats]:
    """Return Galactic longitude and latitude, in degrees, of positions in degrees (ICRS).

    Parameters
    ----------
    ra_deg, dec_deg
        Positions, deg, of one shape.

    Returns
    -------
    Longitude from 0 to 360 and latitude from -90 to 90, each in the shape of the positions.
    """
    dec, pole, turn = np.radians(dec_deg), np.radians(POLE_DEC_DEG), np.radians(ra_deg - POLE_RA_DEG)
    east = np.cos(dec) * np.sin(turn)
    north = np.sin(dec) * np.cos(pole) - np.cos(dec) * np.sin(pole) * np.cos(turn)
    longitude = (POLE_LONGITUDE_DEG - np.degrees(np.arctan2(east, north))) % 360.0
    return np.asarray(longitude), galactic_latitude(ra_deg, dec_deg)


def ecliptic_latitude(ra_deg: Floats, dec_deg: Floats) -> Floats:
    """Return the ecliptic latitude of J2000, in degrees, of positions in degrees (ICRS).

    Parameters
    ----------
    ra_deg, dec_deg
        Positions, deg, of one shape.

    Returns
    -------
    From -90 to 90, in the shape of the positions.
    """
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

    Parameters
    ----------
    ra_deg, dec_deg
        Positions, deg, of one shape.
    mjd_tai
        Times, MJD in TAI, of the same shape or a single one.
    site
        The observatory.
    """
    days = mjd_tai - TAI_MINUS_UTC_S / 86_400.0 - MJD_J2000
    hour_angle = np.radians(280.46061837 + 360.98564736629 * days + site.longitude_deg - ra_deg)
    dec, latitude = np.radians(dec_deg), np.radians(site.latitude_deg)
    sine = np.sin(dec) * np.sin(latitude) + np.cos(dec) * np.cos(latitude) * np.cos(hour_angle)
    return np.asarray(1.0 / np.where(sine > 0.0, sine, np.nan))


def sun_position(unix_s: Floats) -> tuple[Floats, Floats]:
    """Return right ascension (-pi to pi) and declination of the Sun, in radians, at Unix times.

    Low-precision formulas of the Astronomical Almanac (section C), good to 0.01 degrees from 1950 to 2050.
    """
    days = days_since_j2000(unix_s)
    anomaly = np.radians(357.528 + 0.9856003 * days)
    longitude = np.radians(280.460 + 0.9856474 * days + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2.0 * anomaly))
    tilt = np.radians(23.439 - 4.0e-7 * days)
    dec = np.arcsin(np.sin(tilt) * np.sin(longitude))
    return np.asarray(np.arctan2(np.cos(tilt) * np.sin(longitude), np.cos(longitude))), np.asarray(dec)


def days_since_j2000(unix_s: Floats) -> Floats:
    """Return days since J2000 of Unix times."""
    return np.asarray(unix_s / 86_400.0 + UNIX_EPOCH_MJD - MJD_J2000)


def sidereal_deg(unix_s: Floats, site: Site) -> Floats:
    """Return the mean sidereal time of a site (IAU 1982, with UTC for UT1), in degrees that are not wrapped.

    Parameters
    ----------
    unix_s
        Unix times, seconds.
    site
        The observatory; its longitude counts.
    """
    return np.asarray(280.46061837 + 360.98564736629 * days_since_j2000(unix_s) + site.longitude_deg)


def altitude_deg(ra_deg: Floats, dec_deg: Floats, unix_s: Floats, site: Site) -> Floats:
    """Return altitudes, in degrees and without refraction, of positions of the equinox of date.

    Parameters
    ----------
    ra_deg, dec_deg
        Positions of the equinox of date, deg; `of_date` makes them of ICRS.
    unix_s
        Unix times, seconds.
    site
        The observatory.
    """
    hour_angle, dec = np.radians(sidereal_deg(unix_s, site) - ra_deg), np.radians(dec_deg)
    latitude = np.radians(site.latitude_deg)
    sine = np.sin(dec) * np.sin(latitude) + np.cos(dec) * np.cos(latitude) * np.cos(hour_angle)
    return np.asarray(np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0))))


def sun_altitude_deg(unix_s: Floats, site: Site) -> Floats:
    """Return the altitude of the Sun's centre, in degrees, without refraction; good as `sun_position`.

    Parameters
    ----------
    unix_s
        Unix times, seconds.
    site
        The observatory.
    """
    right_ascension, dec = sun_position(unix_s)
    return altitude_deg(np.degrees(right_ascension), np.degrees(dec), unix_s, site)


def of_date(ra_deg: float, dec_deg: float, unix_s: float) -> tuple[float, float]:
    """Return where a position (ICRS) stands by the equinox of a Unix time: precession alone (IAU 1976).

    Parameters
    ----------
    ra_deg, dec_deg
        The position, deg.
    unix_s
        Unix time, seconds.

    Returns
    -------
    Right ascension from 0 to 360 and declination, deg.
    """
    t = float(days_since_j2000(np.asarray(unix_s))) / 36_525.0
    turns = ((2306.2181, 0.30188), (2306.2181, 1.09468), (2004.3109, -0.42665))  # arcsec a century, and its square
    zeta, z, theta = (np.radians((once + twice * t) * t / 3600.0) for once, twice in turns)
    ra, dec = np.radians(ra_deg) + zeta, np.radians(dec_deg)
    x = np.cos(theta) * np.cos(dec) * np.cos(ra) - np.sin(theta) * np.sin(dec)
    y = np.cos(dec) * np.sin(ra)
    up = np.sin(theta) * np.cos(dec) * np.cos(ra) + np.cos(theta) * np.sin(dec)
    return float(np.degrees(np.arctan2(y, x) + z) % 360.0), float(np.degrees(np.arctan2(up, np.hypot(x, y))))


def sunrise(site: Site, begin_s: float, end_s: float) -> float | None:
    """Return when the Sun last rises between two Unix times, to the minute; None where it does not.

    The Sun rises when its upper edge does, seen through the air at sea level: its centre is at -0.833 degrees.

    Parameters
    ----------
    site
        The observatory.
    begin_s, end_s
        Unix times, seconds.

    Returns
    -------
    Unix time in seconds, up to a minute after the Sun rose.
    """
    minutes = np.arange(begin_s, end_s, 60.0)
    above = sun_altitude_deg(minutes, site) > SUNRISE_ALTITUDE_DEG
    rises = np.flatnonzero(above[1:] & ~above[:-1])
    return float(minutes[rises[-1] + 1]) if len(rises) else None


def on_sphere(ra_deg: Floats, dec_deg: Floats) -> npt.NDArray[np.bool_]:
    """Return which pairs of numbers are positions: finite, with a declination within the poles.

    Parameters
    ----------
    ra_deg, dec_deg
        Numbers, in degrees; a right ascension may have any finite value.
    """
    with np.errstate(invalid="ignore"):
        return np.asarray(np.isfinite(ra_deg) & (np.abs(dec_deg) <= POLE_DEG))
