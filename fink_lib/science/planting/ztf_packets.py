"""Planted objects as packets of ZTF: copies of a night's alerts whose light curve and surroundings are made.

All pass the cuts of the survey. Position (moved by some arcminutes, to where no catalogue knows the source), time,
quality of the subtraction and stamps are those of a real alert of the night; the stamps do not show what is planted.
"""

import copy
import string
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fink_lib.science.planting.transients import KINDS, Seen

Packet = dict[str, Any]

FIDS = (1, 2)
SHIFT_DEG = (0.02, 0.05)
ABSENT = -999.0
REAL_DRB_MIN, CUT_RB = 0.5, 0.55  # what fails the survey's own cuts never comes to a filter
HOST_ARCSEC, STAR_ARCSEC = (0.2, 2.5), (0.0, 0.4)
NAME_LETTERS = 7
CANDID_STEP = 1_000_000_000_000_000_000  # beyond every real one of the survey


def planted_packets(donors: Sequence[Packet], planted: Sequence[Seen], seed: int) -> list[Packet]:
    """Return one packet an object.

    Parameters
    ----------
    donors
        Real packets of the night.
    planted
        What is planted.
    seed
        Of the choice of donors and surroundings.
    """
    sound = [one for one in donors if _is_sound(one["candidate"])] or list(donors)
    fields = _history_fields(donors)
    return [
        _packet(sound[int(draw.integers(len(sound)))], seen, number, fields, draw)
        for number, seen in enumerate(planted)
        for draw in (np.random.default_rng((seed, number)),)
    ]


def _packet(donor: Packet, seen: Seen, number: int, fields: Sequence[str], draw: np.random.Generator) -> Packet:
    jd = donor["candidate"]["jd"]
    away, towards = draw.uniform(*SHIFT_DEG), draw.uniform(0.0, 2.0 * np.pi)
    dec = float(np.clip(donor["candidate"]["dec"] + away * np.sin(towards), -89.9, 89.9))
    ra = float((donor["candidate"]["ra"] + away * np.cos(towards) / np.cos(np.radians(dec))) % 360.0)
    points = [_point(seen, at, jd) | {"candid": CANDID_STEP + 1000 * number + at} for at in range(len(seen.day))]
    place = {"ra": ra, "dec": dec}
    now = {**donor["candidate"], **points[-1], **place, **_surroundings(seen, draw)}
    now |= {"candid": CANDID_STEP + 1000 * number + 999, "ndethist": seen.detections, "jdendhist": jd}
    now |= {"jdstarthist": jd - seen.age_days, "ssdistnr": ABSENT, "ssmagnr": ABSENT, "ssnamenr": "null", "nbad": 0}
    if seen.kind == "artefact":
        now |= {"drb": float(draw.uniform() ** 2), "rb": float(draw.uniform(CUT_RB, 0.9))}
    past = [{**dict.fromkeys(fields), **_kept(point, fields), **_place(point, place)} for point in points[:-1]]
    return {
        **copy.copy(donor),
        "objectId": _name(number),
        "candid": now["candid"],
        "candidate": now,
        "prv_candidates": past or None,
        "fp_hists": None,
    }


def _point(seen: Seen, at: int, jd: float) -> dict[str, Any]:
    """Return the fields of a look; an upper limit has no magnitude, no error and no sign."""
    band, mag = int(seen.band[at]), float(seen.mag[at])
    behind = float(seen.behind_mag[band])
    detected = bool(np.isfinite(mag))
    return {
        "jd": jd + float(seen.day[at] - seen.day[-1]),
        "fid": FIDS[band],
        "magpsf": mag if detected else None,
        "sigmapsf": float(seen.mag_err[at]) if detected else None,
        "isdiffpos": ("t" if seen.positive[at] else "f") if detected else None,
        "diffmaglim": float(seen.limit[at]),
        "distnr": 0.3 if np.isfinite(behind) else 20.0,
        "magnr": behind if np.isfinite(behind) else 21.0,
        "sigmagnr": 0.05,
    }


def _surroundings(seen: Seen, draw: np.random.Generator) -> dict[str, Any]:
    """Return what the survey finds near: a galaxy, the star itself, or nothing within 10 arcsec."""
    place = KINDS[seen.kind].place
    galaxy, star = (float(draw.uniform(*span)) for span in (HOST_ARCSEC, STAR_ARCSEC))
    mag = float(draw.uniform(16.0, 20.5)) if place == "galaxy" else float(np.nan_to_num(seen.behind_mag[1], nan=21.0))
    near = {"galaxy": (galaxy, 0.05), "star": (star, 0.95), "nothing": (ABSENT, ABSENT)}[place]
    found: dict[str, Any] = {"distpsnr1": near[0], "sgscore1": near[1]}
    for number in ("2", "3"):
        found |= {f"distpsnr{number}": 15.0 + 5.0 * float(draw.uniform()), f"sgscore{number}": 0.5}
    for number in ("1", "2", "3"):
        found |= {f"s{band}mag{number}": mag if number == "1" else 21.0 for band in "griz"}
    is_star = place == "star"
    found |= {"neargaia": star if is_star else 40.0, "maggaia": mag if is_star else 20.0}
    return found | {"neargaiabright": 80.0, "maggaiabright": 13.0, "classtar": float(draw.uniform(0.8, 1.0))}


def _is_sound(now: Mapping[str, Any]) -> bool:
    return (now.get("drb") or 0.0) >= REAL_DRB_MIN and (now["rb"] or 0.0) >= CUT_RB


def _history_fields(donors: Sequence[Packet]) -> tuple[str, ...]:
    return next((tuple(row) for one in donors for row in one["prv_candidates"] or ()), ("jd", "fid", "magpsf"))


def _kept(point: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in point.items() if name in fields}


def _place(point: Mapping[str, Any], place: Mapping[str, float]) -> dict[str, Any]:
    """Return where a detection is, and nothing for an upper limit, which has no source."""
    if point["magpsf"] is None:
        return {"candid": None, "distnr": None, "magnr": None, "sigmagnr": None}
    return dict(place)


def _name(number: int) -> str:
    letters = ""
    for _ in range(NAME_LETTERS):
        number, digit = divmod(number, 26)
        letters = string.ascii_lowercase[digit] + letters
    return f"ZTF00{letters}"
