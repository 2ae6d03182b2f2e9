"""Young transients out of any packets of ZTF: alerts that pass the gate of every science module.

The stamps are the packet's own. The light curve is made: ten visits of the last nights in g and r, rising, with a
scatter below the errors. No star, galaxy or moving object is near, and the place is close enough to the Galactic
plane for microlensing. Results are for load alone, never for accuracy or rates.
"""

import math
import random
from collections.abc import Mapping
from typing import Any

import numpy as np

from fink_lib.sky import POLE_DEC_DEG, POLE_RA_DEG

AGE_DAYS = 10.0
VISITS = 10  # in each band
DETECTIONS = 9  # since the survey began, as the packet says
BAND_STEP_DAYS = 0.02  # from g to r on one night
MIDDLE_DAYS, WIDTH_DAYS = 6.0, 1.8  # of the sigmoid
PEAK_MAG, MAG_ERR, SCATTER_MAG = 17.5, 0.08, 0.01
LATITUDE_DEG = 28.0
FILTERS = {"g": 1, "r": 2}
NOTHING_NEAR = (
    *("ssdistnr", "distpsnr1", "distpsnr2", "distpsnr3", "sgscore1", "sgscore2", "sgscore3"),
    *("neargaia", "neargaiabright"),
)
ABSENT = -999.0


def make_young(packet: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return a packet as that of a transient found ten days ago.

    Parameters
    ----------
    packet
        A decoded packet of ZTF.
    seed
        Of place and scatter.
    """
    draw = random.Random(seed)  # noqa: S311 - a load that can be repeated, nothing secret
    now = dict(packet["candidate"])
    ra, dec = _near_the_plane(draw)
    now |= {"ra": ra, "dec": dec, "jdstarthist": now["jd"] - AGE_DAYS, "ndethist": DETECTIONS, "fid": FILTERS["r"]}
    now |= {"isdiffpos": "t", "rb": _single(0.95), "drb": _single(0.99), "nbad": 0}
    now |= {"magpsf": _mag(AGE_DAYS, draw), "sigmapsf": _single(MAG_ERR)}
    now |= dict.fromkeys(NOTHING_NEAR, ABSENT)
    return {**packet, "candidate": now, "prv_candidates": _history(packet, now, draw)}


def _history(packet: Mapping[str, Any], now: Mapping[str, Any], draw: random.Random) -> list[dict[str, Any]]:
    """Return the earlier points; what a point has beyond time, place and brightness is as now."""
    names = [*(packet["prv_candidates"] or [now])[0]]
    points = []
    for visit in range(VISITS):
        for number, band in enumerate(FILTERS.values()):
            days = visit * (AGE_DAYS - 1.0) / (VISITS - 1) + number * BAND_STEP_DAYS
            point = {name: now.get(name) for name in names}
            point |= {"jd": now["jd"] - AGE_DAYS + days, "fid": band, "magpsf": _mag(days, draw)}
            points.append(point)
    return points


def _mag(days: float, draw: random.Random) -> float:
    """Return the magnitude some days after the first detection: a sigmoid in flux."""
    share = 1.0 / (1.0 + math.exp(-(days - MIDDLE_DAYS) / WIDTH_DAYS))
    return _single(PEAK_MAG - 2.5 * math.log10(share) + draw.uniform(-SCATTER_MAG, SCATTER_MAG))


def _single(value: float) -> float:
    """Return a number as packets hold it: in single precision."""
    return float(np.float32(value))


def _near_the_plane(draw: random.Random) -> tuple[float, float]:
    """Return right ascension and declination of a place close to the Galactic plane, in degrees."""
    latitude = math.radians(draw.uniform(-LATITUDE_DEG, LATITUDE_DEG))
    angle, pole = draw.uniform(0.0, 2.0 * math.pi), math.radians(POLE_DEC_DEG)
    sine = math.sin(latitude) * math.sin(pole) + math.cos(latitude) * math.cos(pole) * math.cos(angle)
    east = math.cos(latitude) * math.sin(angle)
    north = math.sin(latitude) * math.cos(pole) - math.cos(latitude) * math.sin(pole) * math.cos(angle)
    return (POLE_RA_DEG + math.degrees(math.atan2(east, north))) % 360.0, math.degrees(math.asin(sine))
