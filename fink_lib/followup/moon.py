"""The Moon: where it stands and how much of it is lit, without ephemeris files."""

from typing import Any

import numpy as np
import numpy.typing as npt

from fink_lib.sky import Site, days_since_j2000, separation_deg, sidereal_deg, sun_position, unit_vectors

Floats = npt.NDArray[Any]


def moon_position_deg(unix_s: Floats) -> tuple[Floats, Floats]:
    """Return right ascension and declination of the Moon, of date, seen from the centre of the Earth.

    Low-precision formulas of the Astronomical Almanac (section D), good to 0.3 degrees in longitude and 0.2 in
    latitude from 1950 to 2050. `moon_from` adds the parallax.
    """
    centuries = _centuries(unix_s)
    longitude = 218.32 + 481_267.881 * centuries
    for size, phase, rate in (
        *((6.29, 135.0, 477_198.87), (-1.27, 259.3, -413_335.36), (0.66, 235.7, 890_534.22)),
        *((0.21, 269.9, 954_397.74), (-0.19, 357.5, 35_999.05), (-0.11, 186.5, 966_404.03)),
    ):
        longitude = longitude + size * np.sin(np.radians(phase + rate * centuries))
    latitude = np.zeros_like(centuries)
    for size, phase, rate in (
        *((5.13, 93.3, 483_202.02), (0.28, 228.2, 960_400.89)),
        *((-0.28, 318.3, 6_003.15), (-0.17, 217.6, -407_332.21)),
    ):
        latitude = latitude + size * np.sin(np.radians(phase + rate * centuries))
    return _equatorial(np.radians(longitude), np.radians(latitude))


def moon_from(site: Site, unix_s: Floats) -> tuple[Floats, Floats]:
    """Return right ascension and declination of the Moon, seen from a site, at Unix times.

    The site moves it by its parallax, up to a degree; the Earth is taken for a sphere.

    Parameters
    ----------
    site
        Where it is seen from.
    unix_s
        Seconds; any shape.

    Returns
    -------
    tuple of arrays
        Degrees, of the shape of the times.
    """
    centuries = _centuries(unix_s)
    parallax = np.full_like(centuries, 0.9508)
    for size, phase, rate in (
        *((0.0518, 135.0, 477_198.87), (0.0095, 259.3, -413_335.36)),
        *((0.0078, 235.7, 890_534.22), (0.0028, 269.9, 954_397.74)),
    ):
        parallax = parallax + size * np.cos(np.radians(phase + rate * centuries))
    centre = unit_vectors(*moon_position_deg(unix_s)) / np.sin(np.radians(parallax))[..., None]
    zenith = unit_vectors(sidereal_deg(unix_s, site), np.full_like(centuries, site.latitude_deg))
    x, y, z = np.moveaxis(centre - zenith, -1, 0)  # in radii of the Earth
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))


def illuminated_share(unix_s: Floats) -> Floats:
    """Return the share of the Moon's disk that is lit: (1 - cos of its elongation) / 2."""
    elongation = separation_deg(*moon_position_deg(unix_s), *np.degrees(sun_position(np.asarray(unix_s))))
    return np.asarray((1.0 - np.cos(np.radians(elongation))) / 2.0)


def _centuries(unix_s: Floats) -> Floats:
    return np.asarray(days_since_j2000(np.asarray(unix_s)) / 36_525.0)


def _equatorial(longitude: Floats, latitude: Floats) -> tuple[Floats, Floats]:
    """Turn ecliptic longitude and latitude, in radians, into right ascension and declination, in degrees."""
    tilt = np.radians(23.4393)
    east = np.cos(latitude) * np.sin(longitude) * np.cos(tilt) - np.sin(latitude) * np.sin(tilt)
    north = np.cos(latitude) * np.sin(longitude) * np.sin(tilt) + np.sin(latitude) * np.cos(tilt)
    ra = np.degrees(np.arctan2(east, np.cos(latitude) * np.cos(longitude))) % 360.0
    return np.asarray(ra), np.asarray(np.degrees(np.arcsin(np.clip(north, -1.0, 1.0))))
