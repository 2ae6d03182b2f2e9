"""Brightenings as ZTF would see them: what the microlensing module reads, of planted objects; all from one seed.

A place is looked at every one to three nights in g and in r; a third of the nights is lost, in spells. A point is
a detection where the difference to the reference image is five times its error. Errors are those of the sky and a
share of the total flux; what the pipeline writes is up to a quarter smaller than the scatter.
An object is seen at one of the alerts at which the light curve has what the module asks for, drawn at random, with a
history of 30 days (a packet) or of all days (the lake). Every object stands where the gates of place let it pass.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.planting.brightenings import KINDS, ZERO_POINT_MAG, Source, flux_of
from fink_lib.surveys.inputs import BANDS

Floats = npt.NDArray[np.float64]

SEED_TUNING, SEED_HELD_OUT = 19860801, 20230518
PACKET_DAYS, ALL_DAYS = 30.0, 300.0
POINTS_MIN = 10  # detections in each band
LIMIT_MAG, DETECTED = 20.6, 5.0
FLOOR = 0.015  # of the total flux
FIRST_DAY, LAST_DAY = -120.0, 120.0
BAND_CODES = np.array([BANDS.index("g"), BANDS.index("r")])
TRIES = 200
JD = 2460000.5


@dataclass(frozen=True)
class Planted:
    """Made alerts and their truth.

    Attributes
    ----------
    batch
        One alert an object.
    kind
        Class of each object.
    einstein_days, impact
        Of events; NaN for others.
    covered
        For events, how much of the stretch from a quarter of the time scale before the peak to a quarter after it lies
        within the points' span, in units of that stretch, 0 to 1.
    """

    batch: AlertBatch
    kind: npt.NDArray[np.object_]
    einstein_days: Floats
    impact: Floats
    covered: Floats


def plant_brightenings(count: int, seed: int, history_days: float = PACKET_DAYS) -> Planted:
    """Return so many objects of each kind, each at one of its alerts with enough points.

    Parameters
    ----------
    count
        Objects of each kind; one that never has the points is drawn anew, at most `TRIES` times in a row.
    seed
        `SEED_TUNING` while a module is made, `SEED_HELD_OUT` to report.
    history_days
        How far back the alert's history reaches.
    """
    draw = np.random.default_rng(seed)
    curves, truth = list[Floats](), list[tuple[str, float, float]]()
    for kind, make in KINDS.items():
        found, misses = 0, 0
        while found < count and misses < TRIES:
            source = make(draw)
            curve = _at_an_alert(_observed(source, draw), history_days, draw)
            misses = misses + 1 if curve is None else 0
            if curve is not None:
                found += 1
                curves.append(curve)
                truth.append((kind, source.einstein_days, source.impact))
    einstein = np.array([one[1] for one in truth])
    ends = np.array([(curve[0, 0], curve[0, -1]) for curve in curves])
    quarter = einstein / 4.0
    covered = np.clip(np.minimum(ends[:, 1], quarter) - np.maximum(ends[:, 0], -quarter), 0.0, None) / (2.0 * quarter)
    kinds = np.array([one[0] for one in truth], dtype=object)
    return Planted(_batch(curves), kinds, einstein, np.array([one[2] for one in truth]), covered)


def _observed(source: Source, draw: np.random.Generator) -> Floats:
    """Return detections as rows: day, band, magnitude, error, sign, magnitude behind; in time order."""
    pace = float(draw.choice([1.0, 2.0, 3.0], p=[0.4, 0.4, 0.2]))
    nights = np.arange(FIRST_DAY, LAST_DAY, pace)
    nights = nights[~lost_nights(nights, draw)]
    hour = draw.uniform(0.1, 0.4)
    rows = []
    excess = draw.uniform(1.0, 1.25)
    depth = LIMIT_MAG + draw.normal(0.0, 0.3, len(nights))
    for band in range(2):
        days = nights + hour + 0.05 * band + draw.uniform(-0.03, 0.03, len(nights))
        total = source.flux(days, band)
        behind = np.nan_to_num(source.behind[band])
        sky = flux_of(depth) / DETECTED
        # Where the reference shows nothing, the source itself may be in it, fainter than it can show.
        error = np.hypot(sky, FLOOR * total)
        difference = total - behind + draw.normal(0.0, 1.0, len(days)) * error * excess
        seen = np.abs(difference) > DETECTED * error
        size = np.abs(difference[seen])
        mag = ZERO_POINT_MAG - 2.5 * np.log10(size)
        behind_mag = ZERO_POINT_MAG - 2.5 * np.log10(source.behind[band])
        columns = (days[seen], np.full(len(size), band), mag, 1.0857 * error[seen] / size, difference[seen] > 0.0)
        rows.append(np.vstack([*columns, np.full(len(size), behind_mag)]))
    whole = np.concatenate(rows, axis=1)
    return whole[:, np.argsort(whole[0], kind="stable")]


def lost_nights(nights: Floats, draw: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Return the nights lost: spells of one to eight days, a third of all.

    Parameters
    ----------
    nights
        Days of the nights, ascending.
    draw
        Source of begin and length of the spells.
    """
    lost = np.zeros(len(nights), dtype=bool)
    while lost.mean() < 1.0 / 3.0:
        start = draw.uniform(nights[0] - 4.0, nights[-1])
        lost |= (nights >= start) & (nights < start + draw.uniform(1.0, 8.0))
    return lost


def _at_an_alert(curve: Floats, history_days: float, draw: np.random.Generator) -> Floats | None:
    """Return what the history of a random alert with enough points shows; None where no alert has them."""
    days, band = curve[0], curve[1]
    first = np.searchsorted(days, days - history_days)
    enough = np.ones(len(days), dtype=bool)
    for code in (0, 1):
        total = np.r_[0, np.cumsum(band == code)]
        enough &= total[np.arange(1, len(days) + 1)] - total[first] >= POINTS_MIN
    places = np.flatnonzero(enough)
    if not len(places):
        return None
    last = int(draw.choice(places))
    return curve[:, first[last] : last + 1]


def _batch(curves: list[Floats]) -> AlertBatch:
    lengths = np.array([curve.shape[1] for curve in curves])
    offsets = np.r_[0, np.cumsum(lengths)].astype(np.int64)
    day, band, mag, error, positive, behind = np.concatenate(curves, axis=1)
    count = len(curves)
    scalars = {
        "time": JD + day[offsets[1:] - 1],
        "ra": np.full(count, 270.0),
        "dec": np.full(count, -20.0),
        "n_detections": np.minimum(lengths, 99).astype(float),
        "ps1_separation": np.full(count, 0.5),
        "ps1_star_score": np.full(count, 0.9),
    }
    histories = {
        "time": JD + day,
        "band": BAND_CODES[band.astype(int)].astype(np.int8),
        "mag": mag,
        "mag_err": error,
        "is_positive": positive,
        "ref_mag": behind,
        "ref_mag_err": np.full(len(day), 0.05),
        "ref_separation": np.where(np.isfinite(behind), 0.3, 20.0),
    }
    return AlertBatch(np.arange(count, dtype=np.int64), offsets, scalars, histories)
