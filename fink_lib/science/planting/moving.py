"""Glints and moving objects planted among real alerts: what the finders return of them, by density and rate.

The strangers are the places and brightnesses of real alerts, folded onto one field: what lies close together on the
sky stays so. Paths are straight, over one night: no orbits, and no links between nights.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from fink_lib.files import JsonObject
from fink_lib.science.methods.glints import find_glints
from fink_lib.science.methods.links import find_links
from fink_lib.science.methods.night_alerts import NightAlerts
from fink_lib.science.planting.shares import share

Floats = npt.NDArray[np.float64]
Names = npt.NDArray[np.object_]

FIELD_DEG, CENTRE_DEG = 7.0, (150.0, 20.0)
JD = 2460000.8
DENSITIES = (50, 150, 300)  # alerts of an exposure that may move
TRIALS = 8
GLINTS = (5, 7, 10)
GLINT_LENGTH_DEG = (0.3, 3.0)
RATES_DEG_PER_DAY = (0.05, 0.25, 0.6, 1.5)
OBJECTS = 10
LOOKS_DAYS = (0.0, 0.021, 0.042, 0.065)
SEEN_SHARE = 0.9
SCATTER_ARCSEC, SCATTER_MAG = 0.3, 0.1
ARCSEC_PER_DEG = 3600.0


def table(real: NightAlerts, seed: int) -> list[JsonObject]:
    """Return one row for glints of each number and density, and for moving objects of each rate and density.

    Parameters
    ----------
    real
        Real alerts, of any nights.
    seed
        Of the draws.
    """
    draw = np.random.default_rng(seed)
    return [*_glints(real, draw), *_links(real, draw)]


def _glints(real: NightAlerts, draw: np.random.Generator) -> Iterator[JsonObject]:
    for density in DENSITIES:
        for members in GLINTS:
            found, named, right = 0, 0, 0
            for _ in range(TRIALS):
                x, y, mag = folded(real, density, draw)
                bearing, length = draw.uniform(0.0, np.pi), draw.uniform(*GLINT_LENGTH_DEG)
                along = np.sort(draw.uniform(-0.5, 0.5, members)) * length
                middle = draw.uniform(2.0, FIELD_DEG - 2.0, 2)
                noise = draw.normal(0.0, SCATTER_ARCSEC / ARCSEC_PER_DEG, (2, members))
                x = np.r_[x, middle[0] + along * np.sin(bearing) + noise[0]]
                y = np.r_[y, middle[1] + along * np.cos(bearing) + noise[1]]
                names = find_glints(night_of(x, y, np.r_[mag, np.full(members, 18.0)], np.full(len(x), JD)))
                found += _is_found(names[density:], members)
                named, right = named + int((names != "").sum()), right + int((names[density:] != "").sum())
            yield _row("glints", f"{members} alerts", density, (found, TRIALS), (right, named))


def _links(real: NightAlerts, draw: np.random.Generator) -> Iterator[JsonObject]:
    for density in DENSITIES:
        for rate in RATES_DEG_PER_DAY:
            found, whole, named, right = 0, 0, 0, 0
            for _ in range(TRIALS // 4):
                night, truth = _moving(real, density, rate, draw)
                names = find_links(night)
                for one in range(OBJECTS):
                    mine = names[truth == one]
                    whole += len(mine) >= 3  # noqa: PLR2004 - what a link asks for
                    found += _is_found(mine, 3)
                named, right = named + int((names != "").sum()), right + int((names[truth >= 0] != "").sum())
            yield _row("moving objects", f"{rate:g} deg/day", density, (found, whole), (right, named))


def _moving(
    real: NightAlerts, density: int, rate: float, draw: np.random.Generator
) -> tuple[NightAlerts, npt.NDArray[np.int64]]:
    """Return a night of several looks at one field, and which object each alert is of; -1 for strangers."""
    start, bearing = draw.uniform(0.5, FIELD_DEG - 0.5, (2, OBJECTS)), draw.uniform(0.0, 2.0 * np.pi, OBJECTS)
    brightness = draw.uniform(17.0, 20.0, OBJECTS)
    parts, truth = [], []
    for days in LOOKS_DAYS:
        x, y, mag = folded(real, density, draw)
        seen = np.flatnonzero(draw.random(OBJECTS) < SEEN_SHARE)
        noise = draw.normal(0.0, SCATTER_ARCSEC / ARCSEC_PER_DEG, (2, len(seen)))
        x = np.r_[x, start[0, seen] + rate * days * np.sin(bearing[seen]) + noise[0]]
        y = np.r_[y, start[1, seen] + rate * days * np.cos(bearing[seen]) + noise[1]]
        mag = np.r_[mag, brightness[seen] + draw.normal(0.0, SCATTER_MAG, len(seen))]
        parts.append((x, y, mag, np.full(len(x), JD + days)))
        truth.append(np.r_[np.full(density, -1), seen])
    return night_of(*(np.concatenate(column) for column in zip(*parts, strict=True))), np.concatenate(truth)


def folded(real: NightAlerts, count: int, draw: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Return places on a field, in degrees, and magnitudes of some real alerts.

    Parameters
    ----------
    real
        Alerts of a real night; not empty.
    count
        How many to take; one may be taken twice only where there are fewer.
    draw
        Source of the choice, and of where the field begins.
    """
    rows = draw.choice(len(real.time), count, replace=count > len(real.time))
    shift = draw.uniform(0.0, FIELD_DEG, 2)
    x = (real.ra[rows] * np.cos(np.radians(real.dec[rows])) + shift[0]) % FIELD_DEG
    return x, (real.dec[rows] + shift[1]) % FIELD_DEG, real.mag[rows]


def night_of(x: Floats, y: Floats, mag: Floats, time: Floats) -> NightAlerts:
    """Return places of a tangent plane as alerts on the sky.

    Parameters
    ----------
    x, y
        Degrees on the plane, 0 to `FIELD_DEG`.
    mag
        Magnitudes.
    time
        JD (UTC), days.
    """
    flat = np.radians([x - FIELD_DEG / 2.0, y - FIELD_DEG / 2.0])
    rho = np.hypot(*flat)
    turn, at = np.arctan(rho), np.radians(CENTRE_DEG[1])
    safe = np.where(rho > 0.0, rho, 1.0)
    dec = np.degrees(np.arcsin(np.cos(turn) * np.sin(at) + flat[1] * np.sin(turn) * np.cos(at) / safe))
    depth = safe * np.cos(at) * np.cos(turn) - flat[1] * np.sin(at) * np.sin(turn)
    ra = CENTRE_DEG[0] + np.degrees(np.arctan2(flat[0] * np.sin(turn), depth))
    return NightAlerts(np.arange(len(x)), time, ra, dec, mag, np.ones(len(x), dtype=np.int64))


def _is_found(names: Names, least: int) -> bool:
    """Tell whether at least so many of an object's alerts bear one name."""
    values, counts = np.unique(names[names != ""].astype(str), return_counts=True)
    return bool(len(values) and counts.max() >= least)


def _row(kind: str, which: str, strangers: int, found: tuple[int, int], pure: tuple[int, int]) -> JsonObject:
    """Return a row of the table; of pairs the first is how many of the second."""
    return {
        "planted": kind,
        "which": which,
        "strangers": strangers,
        "objects": found[1],
        "found": share(*found),
        "pure": share(*pure),
    }
