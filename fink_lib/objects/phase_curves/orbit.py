"""Where an object is seen from the Earth, by its orbit alone: an ellipse about the Sun, undisturbed.

Over some years the planets move an asteroid by some thousandths of an au, which changes its magnitude by less than its
own light curve does. The Earth is that of astropy's analytic series: nothing is fetched.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from astropy.coordinates import get_body_barycentric
from astropy.time import Time

Floats: TypeAlias = npt.NDArray[np.float64]

GAUSS_RAD_PER_DAY = 0.01720209895
LIGHT_DAYS_PER_AU = 499.004784 / 86_400.0
OBLIQUITY_RAD = np.radians(84381.406 / 3600.0)
ITERATIONS = 30


@dataclass(frozen=True)
class Orbit:
    """Elements of an ellipse, ecliptic and equinox of J2000.

    Attributes
    ----------
    q_au, eccentricity
        Perihelion distance, and shape.
    inclination_deg, node_deg, argument_deg
        Of the plane, and of the perihelion in it.
    perihelion_mjd
        When it is there (TT).
    """

    q_au: float
    eccentricity: float
    inclination_deg: float
    node_deg: float
    argument_deg: float
    perihelion_mjd: float

    @property
    def is_ellipse(self) -> bool:
        """Whether all elements are there, and make an ellipse."""
        return bool(np.all(np.isfinite(list(vars(self).values())))) and self.q_au > 0.0 and 0.0 <= self.eccentricity < 1


@dataclass(frozen=True)
class Geometry:
    """How an object is seen, one value a time.

    Attributes
    ----------
    phase_deg
        Angle between Sun and observer, as seen from it.
    sun_au, observer_au
        Its distances.
    """

    phase_deg: Floats
    sun_au: Floats
    observer_au: Floats


def seen_from_earth(orbit: Orbit, mjd_tt: Floats) -> Geometry:
    """Return the geometry of an object at some times, light time included.

    Parameters
    ----------
    orbit
        Elements of the object.
    mjd_tt
        Times of the observer (MJD, TT).
    """
    earth = _earth(mjd_tt)
    there = _heliocentric(orbit, mjd_tt)
    for _ in range(2):
        delay = np.linalg.norm(there - earth, axis=1) * LIGHT_DAYS_PER_AU
        there = _heliocentric(orbit, mjd_tt - delay)
    towards = there - earth
    sun_au, observer_au = np.linalg.norm(there, axis=1), np.linalg.norm(towards, axis=1)
    cosine = np.sum(there * towards, axis=1) / (sun_au * observer_au)
    return Geometry(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))), sun_au, observer_au)


def _earth(mjd_tt: Floats) -> Floats:
    """Return heliocentric positions of the Earth in au, ICRS."""
    times = Time(mjd_tt, format="mjd", scale="tt")
    earth, sun = (get_body_barycentric(body, times, ephemeris="builtin") for body in ("earth", "sun"))
    return np.asarray((earth - sun).xyz.to_value("au").T)


def _heliocentric(orbit: Orbit, mjd: Floats) -> Floats:
    """Return positions in au, equatorial."""
    e, axis = orbit.eccentricity, orbit.q_au / (1.0 - orbit.eccentricity)
    mean = GAUSS_RAD_PER_DAY / axis**1.5 * (mjd - orbit.perihelion_mjd)
    anomaly = _eccentric(np.mod(mean + np.pi, 2.0 * np.pi) - np.pi, e)
    plane = axis * np.stack([np.cos(anomaly) - e, np.sqrt(1.0 - e**2) * np.sin(anomaly), np.zeros(len(anomaly))])
    node, tilt, argument = np.radians([orbit.node_deg, orbit.inclination_deg, orbit.argument_deg])
    return np.asarray((_about_x(OBLIQUITY_RAD) @ _about_z(node) @ _about_x(tilt) @ _about_z(argument) @ plane).T)


def _eccentric(mean: Floats, e: float) -> Floats:
    """Solve Kepler's equation by Newton's method, from where it converges for any ellipse."""
    anomaly = np.where(e < 0.8, mean, np.pi * np.sign(mean))  # noqa: PLR2004 - the usual one
    for _ in range(ITERATIONS):
        anomaly -= (anomaly - e * np.sin(anomaly) - mean) / (1.0 - e * np.cos(anomaly))
    return np.asarray(anomaly)


def _about_x(angle: float) -> Floats:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])


def _about_z(angle: float) -> Floats:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
