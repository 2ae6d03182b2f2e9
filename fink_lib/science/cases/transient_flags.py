"""Seven facts that tell a transient from a star, an artefact or something that moves, and the verdict.

The rules are those of the ZTF Bright Transient Survey, as tables: a source near enough and bright enough spoils
the alert. A neighbour of which the packet says that none is there (-999) counts as infinitely far and infinitely
faint. A flag is null where what is missing could decide it: a measurement of the alert itself, or a neighbour that
the packet does not speak of (null).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.science.framework.base import Cost, Module, Output, Values
from fink_lib.science.framework.batch import AlertBatch

Floats = npt.NDArray[Any]
Flags = npt.NDArray[np.bool_]

FAINT_MAG, RECENT_FAINT_MAG, RECENT_DAYS = 19.8, 19.0, 0.75
PAST_DAYS = 30.0
STATIONARY_DAYS = 0.02
KNOWN_TO_MOVE = 3  # value of `roid`

# Real-bogus below, nearest Gaia source closer than (arcsec) and brighter than (mag): a residual of a star.
BOGUS_ON_GAIA = ((0.35, 1.0, 17.0), (0.45, 1.5, 15.5))
# Real-bogus below, Pan-STARRS source closer than (arcsec), brighter than in r, i, z (mag).
BOGUS_ON_PS1 = ((0.35, 1.0, 17.0, 17.0, 16.5), (0.45, 1.5, 15.5, 15.5, 15.0))
# Deep score below, Pan-STARRS source closer than (arcsec) and brighter than (mag), for sources older than `OLD_DAYS`.
BOGUS_WHEN_OLD = ((0.9, 3.0, 16.0), (0.9, 1.1, 18.0), (0.95, 1.5, 15.5), (0.95, 0.8, 17.5))
RB_MIN, DRB_MIN, OLD_DAYS = 0.2, 0.8, 90.0
NOT_A_GALAXY = 0.49  # star score
# Star score above, closer than (arcsec), redder than (mag) in r-z or r-i; the first row asks for no colour.
POINT_SCORE, POINT_ARCSEC = 0.76, 2.5
RED_POINT_SCORE, RED_POINT_ARCSEC, RED_MAG = 0.2, 1.0, 3.0
BRIGHT_GAIA_ARCSEC, BRIGHT_GAIA_MAG = 20.0, 12.0
BRIGHT_SCORE, BRIGHT_MAG = 0.9, 14.0
# Pan-STARRS magnitude, its separation and star score, and the radius (arcsec) that a bright star spoils.
BRIGHT_PS1 = (("r", "", 20.0), ("r", "_2", 20.0), ("r", "_3", 20.0), ("i", "", 20.0), ("z", "", 10.0))
# Reference source closer than (pixels) and brighter than (mag): the source itself, seen to vary for long.
VARIABLE_ON_REFERENCE = ((0.4, 19.5), (0.8, 17.5), (1.2, 15.5))
# Gaia source closer than (arcsec), brighter than (mag), source older than (days), alert fainter than (mag).
VARIABLE_ON_GAIA = ((0.35, 17.0, 30.0, 0.0), (0.35, 19.0, 300.0, 18.5), (0.2, 18.0, 90.0, 0.0))
# For old sources: a bright Pan-STARRS source that is no clear galaxy, or one without any score (0.5) closer by.
PS1_SCORE, PS1_ARCSEC, PS1_MAG = 0.25, 3.0, 16.0
PS1_NO_SCORE, PS1_CLOSE_ARCSEC, PS1_FAINTER_MAG = 0.5, 0.5, 17.0
MANY_DETECTIONS, TOO_MANY_DETECTIONS = 30, 200
VARIABLE_MAG_RISE = 18.5

NAMES = ("faint", "positivesubtraction", "real", "pointunderneath", "brightstar", "variablesource", "stationary")
GOOD = ("positivesubtraction", "real", "stationary")
SPOILING = ("faint", "pointunderneath", "brightstar", "variablesource")
# What the alert itself must tell before "no" is an answer.
MEASURED: Mapping[str, tuple[str, ...]] = {
    "faint": ("mag", "time"),
    "positivesubtraction": ("is_positive",),
    "real": ("real_bogus", "deep_real_bogus"),
    "pointunderneath": (),
    "brightstar": (),
    "variablesource": ("mag", "time", "first_time", "n_detections"),
    "stationary": ("time",),
}


class World(NamedTuple):
    """What a neighbour can be that the packet does not speak of."""

    arcsec: float
    mag: float
    r_mag: float
    star_score: float
    unsigned_is_positive: bool  # and what an earlier detection without a sign was


# Between them they give each flag every answer that any neighbour would: far and faint; on top of the alert, bright,
# and a star; the same, red, and without a verdict of its shape.
WORLDS = (
    World(np.inf, np.inf, np.inf, 0.0, unsigned_is_positive=False),
    World(0.0, 0.001, 0.001, 1.0, unsigned_is_positive=True),
    World(0.0, 0.001, 29.9, 0.5, unsigned_is_positive=True),
)
NEIGHBOURS = (
    *("gaia_bright_mag", "gaia_bright_separation", "gaia_mag", "gaia_separation", "ps1_g_mag", "ps1_i_mag"),
    *("ps1_r_mag", "ps1_r_mag_2", "ps1_r_mag_3", "ps1_separation", "ps1_separation_2", "ps1_separation_3"),
    *("ps1_star_score", "ps1_star_score_2", "ps1_star_score_3", "ps1_z_mag", "ref_mag", "ref_separation"),
)


def compute(batch: AlertBatch, _resource: Any) -> Mapping[str, Values]:
    """Return the seven flags and whether all of them, and the solar-system flag, allow a transient.

    Parameters
    ----------
    batch
        Alerts with their neighbours, their light curve, and `roid`.
    _resource
        Not used: nothing is loaded.
    """
    alert = {name: np.asarray(values) for name, values in batch.scalars.items()}
    flags: dict[str, Flags] = {
        "positivesubtraction": alert["is_positive"] == 1.0,
    }
    worlds = WORLDS if _unsigned(batch).any() or any(np.isnan(alert[name]).any() for name in NEIGHBOURS) else WORLDS[:1]
    first, *others = (_in_world(batch, alert, world) for world in worlds)
    flags |= first
    open_ = {name: _undecided(name, flag, alert) for name, flag in flags.items()}
    for other in others:
        open_ |= {name: open_[name] | (other[name] != first[name]) for name in first}
    given = {name: pa.array(flags[name], mask=open_[name]) for name in NAMES}
    return {**given, "is_transient": _verdict(given, batch.results["roid"])}


def _in_world(batch: AlertBatch, told: Mapping[str, Floats], world: World) -> dict[str, Flags]:
    """Return the flags that depend on what stands near and was there before, in a world."""
    alert = {**told, **_filled(told, world)}
    positive = _positive(batch)
    if world.unsigned_is_positive:
        positive |= _unsigned(batch)
    return {
        "faint": _faint(batch, positive),
        "stationary": _past(batch, positive & (np.abs(_age(batch)) > STATIONARY_DAYS)) > 0,
        "real": ~_bogus(alert),
        "pointunderneath": _point_underneath(alert),
        "brightstar": _bright_star(alert),
        "variablesource": _variable(batch, alert, positive),
    }


def _filled(alert: Mapping[str, Floats], world: World) -> dict[str, Floats]:
    """Return what is told of neighbours, with the values of a world in the places of those that are missing."""
    found = {}
    for name in NEIGHBOURS:
        kind = next((kind for kind in ("separation", "star_score", "r_mag") if kind in name), "mag")
        value = getattr(world, "arcsec" if kind == "separation" else kind)
        found[name] = np.where(np.isnan(alert[name]), value, alert[name])
        if kind == "star_score":  # a source that is not there is no star
            found[name] = np.where(np.isinf(alert[name.replace(kind, "separation")]), 0.0, found[name])
    return found


def _undecided(name: str, flag: Flags, alert: Mapping[str, Floats]) -> Flags:
    """Return where a flag is not proven, and a measurement that could prove it is missing."""
    missing = np.zeros(len(flag), dtype=bool)
    for needed in MEASURED[name]:
        missing |= np.isnan(alert[needed])
    return missing & (flag if name == "real" else ~flag)


def _verdict(flags: Mapping[str, pa.Array], roid: pa.Array) -> pa.Array:
    """Return whether every fact allows a transient: false where one forbids it, null where one is not known."""
    allowed = [flags[name] for name in GOOD] + [pc.invert(flags[name]) for name in SPOILING]
    verdict = pc.not_equal(roid, KNOWN_TO_MOVE)
    for fact in allowed:
        verdict = pc.and_kleene(verdict, fact)
    return verdict


def _days(alert: Mapping[str, Floats]) -> Floats:
    return np.asarray(alert["time"] - alert["first_time"])


def _bogus(alert: Mapping[str, Floats]) -> Flags:
    score, deep = alert["real_bogus"], alert["deep_real_bogus"]
    gaia, gaia_mag = alert["gaia_separation"], alert["gaia_mag"]
    ps1, star = alert["ps1_separation"], alert["ps1_star_score"] > NOT_A_GALAXY
    mags = [alert[f"ps1_{band}_mag"] for band in "riz"]
    brightest = _first_magnitude(alert)
    bogus = (score <= RB_MIN) | (deep < DRB_MIN)
    for limit, radius, mag in BOGUS_ON_GAIA:
        bogus |= (score < limit) & (gaia < radius) & (gaia_mag < mag)
    for limit, radius, *limits in BOGUS_ON_PS1:
        bright = np.logical_or.reduce([mag < top for mag, top in zip(mags, limits, strict=True)])
        bogus |= (score < limit) & (ps1 < radius) & star & bright
    for limit, radius, mag in BOGUS_WHEN_OLD:
        bogus |= (deep < limit) & (ps1 < radius) & (brightest < mag) & (_days(alert) > OLD_DAYS)
    return np.asarray(bogus)


def _first_magnitude(alert: Mapping[str, Floats]) -> Floats:
    """Return the Pan-STARRS magnitude in r, else in i, else in g; infinity where there is none."""
    found = np.full(len(alert["time"]), np.inf)
    for band in "gir":
        mag = alert[f"ps1_{band}_mag"]
        found = np.where((mag > 0.0) & (mag < 30.0), mag, found)  # noqa: PLR2004 - beyond it are fillers
    return found


def _point_underneath(alert: Mapping[str, Floats]) -> Flags:
    score, ps1 = alert["ps1_star_score"], alert["ps1_separation"]
    red = np.zeros(len(score), dtype=bool)
    for band in "zi":
        r, other = alert["ps1_r_mag"], alert[f"ps1_{band}_mag"]
        measured = (r > 0.0) & (other > 0.0) & np.isfinite(r) & np.isfinite(other)
        red |= measured & (np.where(measured, r, 0.0) - np.where(measured, other, 0.0) > RED_MAG)
    return np.asarray(
        ((score > POINT_SCORE) & (ps1 < POINT_ARCSEC))
        | ((score > RED_POINT_SCORE) & (ps1 < RED_POINT_ARCSEC) & red)
    )  # fmt: skip


def _bright_star(alert: Mapping[str, Floats]) -> Flags:
    spoilt = (alert["gaia_bright_separation"] < BRIGHT_GAIA_ARCSEC) & (alert["gaia_bright_mag"] < BRIGHT_GAIA_MAG)
    for band, place, radius in BRIGHT_PS1:
        near = alert[f"ps1_separation{place}"] < radius
        bright = alert[f"ps1_{band}_mag{place}"] < BRIGHT_MAG
        spoilt |= near & bright & (alert[f"ps1_star_score{place}"] > BRIGHT_SCORE)
    return np.asarray(spoilt)


def _variable(batch: AlertBatch, alert: Mapping[str, Floats], positive: Flags) -> Flags:
    age = _days(alert)
    mag, ref_mag, ref = alert["mag"], alert["ref_mag"], alert["ref_separation"]
    gaia, gaia_mag = alert["gaia_separation"], alert["gaia_mag"]
    ps1, score = alert["ps1_separation"], alert["ps1_star_score"]
    brightest = np.min([np.where(alert[f"ps1_{b}_mag"] > 0.0, alert[f"ps1_{b}_mag"], np.inf) for b in "griz"], axis=0)
    peak, passes = _peak(batch), _earlier_passes(batch, positive)
    needed = np.where(age > 360.0, 1, np.where(age > OLD_DAYS, 2, 3))  # noqa: PLR2004 - a year seen asks for less
    on_reference = np.logical_or.reduce([(ref < radius) & (ref_mag < limit) for radius, limit in VARIABLE_ON_REFERENCE])
    rising = (mag <= peak) & (mag < VARIABLE_MAG_RISE)
    flag = (age > OLD_DAYS) & (alert["n_detections"] > MANY_DETECTIONS) & (passes >= needed)
    flag &= (ref_mag > 0.0) & ~rising & on_reference
    for radius, limit, days, fainter in VARIABLE_ON_GAIA:
        flag |= (gaia < radius) & (gaia_mag < limit) & (age > days) & (mag > fainter)
    on_ps1 = (score > PS1_SCORE) & (ps1 < PS1_ARCSEC) & (brightest < PS1_MAG)
    on_ps1 |= (score == PS1_NO_SCORE) & (ps1 < PS1_CLOSE_ARCSEC) & (brightest < PS1_FAINTER_MAG)
    flag |= on_ps1 & (age > OLD_DAYS)
    flag |= (ref_mag > 0.0) & (ref_mag < mag - 1.0) & (age > OLD_DAYS) & (ref < 0.5) & (mag > peak)  # noqa: PLR2004
    return np.asarray(flag | (alert["n_detections"] > TOO_MANY_DETECTIONS))


def _faint(batch: AlertBatch, positive: Flags) -> Flags:
    """Return alerts fainter than 19.8, or with a detection of the last hours fainter than 19."""
    recent = positive & (np.abs(_age(batch)) < RECENT_DAYS) & (batch.histories["mag"] >= RECENT_FAINT_MAG)
    return np.asarray((batch.scalars["mag"] >= FAINT_MAG) | (_past(batch, recent) > 0))


def _age(batch: AlertBatch) -> Floats:
    """Return how long each point lies before the alert, in days."""
    time = batch.history("time")
    return np.asarray(batch.scalars["time"][time.owners] - time.values)


def _positive(batch: AlertBatch) -> Flags:
    return np.asarray((batch.histories["is_positive"] == 1.0) & np.isfinite(batch.histories["mag"]))


def _unsigned(batch: AlertBatch) -> Flags:
    """Return the earlier detections of which the packet does not say whether they were positive."""
    unsigned = np.isnan(batch.histories["is_positive"]) & np.isfinite(batch.histories["mag"])
    unsigned[batch.offsets[1:] - 1] = False
    return np.asarray(unsigned)


def _past(batch: AlertBatch, flags: Flags) -> npt.NDArray[np.int64]:
    """Count the flagged points of each alert without its current one, which is the last of its history."""
    time = batch.history("time")
    earlier = flags.copy()
    earlier[time.offsets[1:] - 1] = False
    return time.count(earlier)


def _peak(batch: AlertBatch) -> Floats:
    """Return the brightest magnitude in the band of the alert, the alert included."""
    mag = batch.history("mag")
    band = batch.scalars["band"].astype(np.int64)[mag.owners]
    counted = np.where((batch.histories["band"] == band) & np.isfinite(mag.values), mag.values, np.inf)
    return np.fmin(batch.scalars["mag"], np.minimum.reduceat(counted, mag.offsets[:-1]))


def _earlier_passes(batch: AlertBatch, positive: Flags) -> npt.NDArray[np.int64]:
    age, mag = _age(batch), batch.histories["mag"]
    passed = positive & (age > RECENT_DAYS) & (age < PAST_DAYS) & (mag > 0.0) & (mag < FAINT_MAG)
    return _past(batch, passed)


MEANINGS = (
    "Fainter than 19.8 mag, or seen fainter than 19 mag in the last 18 hours.",
    "Brighter than the reference image.",
    "Likely genuine, not an artefact.",
    "On top of, or blended with, a star of Pan-STARRS.",
    "Next to a bright star.",
    "Likely a variable star.",
    "Seen at this place before, so that it does not move.",
)

MODULES = (
    Module(
        name="transient_flags",
        version="1.2",
        meaning="What speaks for and against a transient, by the rules of the Bright Transient Survey.",
        reference="Fremling et al. 2020, ApJ 895, 32; Perley et al. 2020, ApJ 904, 35; names of the flags from Fink",
        surveys=("ztf",),
        cost=Cost.CHEAP,
        scalars=(
            "band", "deep_real_bogus", "first_time", "gaia_bright_mag", "gaia_bright_separation", "gaia_mag",
            "gaia_separation", "is_positive", "mag", "n_detections", "ps1_g_mag", "ps1_i_mag", "ps1_r_mag",
            "ps1_r_mag_2", "ps1_r_mag_3", "ps1_separation", "ps1_separation_2", "ps1_separation_3", "ps1_star_score",
            "ps1_star_score_2", "ps1_star_score_3", "ps1_z_mag", "real_bogus", "ref_mag", "ref_separation", "time",
        ),
        histories=("band", "is_positive", "mag", "time"),
        needs=("roid",),
        outputs=(
            *(
                Output(name, pa.bool_(), "", f"{meaning[:-1]}; null where what is missing could decide it.")
                for name, meaning in zip(NAMES, MEANINGS, strict=True)
            ),
            Output(
                "is_transient",
                pa.bool_(),
                "",
                "Positive, real, stationary, no known solar-system object, and neither faint nor a star nor near one.",
            ),
        ),
        compute=compute,
    ),
)  # fmt: skip
