"""What trained scores of Rubin say of planted objects: those of `transients`, three magnitudes fainter, in six bands.

A place is visited every one to four nights in a band drawn at random; what is in u and g varies as the shape does in
g, in the other bands as in r. A visit is a detection where the difference is five times its error.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fink_lib.files import JsonObject
from fink_lib.science.cases.rubin import cats, supernnova
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.planting.scores import parts
from fink_lib.science.planting.shares import share
from fink_lib.science.planting.transients import KINDS, Draw, Seen

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

COUNT = 200
FAINTER = 10.0 ** (-0.4 * 3.0)
NJY_PER_MICROJANSKY, ZERO_NJY_MAG = 1000.0, 31.4
LIMIT_MAG = np.array([23.4, 24.6, 24.3, 23.6, 22.9, 21.7])  # five sigma of a visit in ugrizy
DETECTED, FLOOR = 5.0, 0.01
FIRST_DAY, LAST_DAY = -60.0, 90.0
GAP_DAYS = (1.0, 4.0)
MJD = 61000.0
TRIES = 200
SN_LIKE, SURE, LIKELY = 11, 0.9, 0.7


@dataclass(frozen=True)
class Planted:
    """Alerts and what they are.

    Attributes
    ----------
    batch
        What the modules read.
    seen
        Truth, brightness and phase of each.
    """

    batch: AlertBatch
    seen: Sequence[Seen]


def _snn(batch: AlertBatch, cache: Path) -> tuple[str, Flags, Flags]:
    score = np.asarray(supernnova.compute(batch, supernnova.load(cache)).columns["snn_sn_vs_others"])
    return f"at least {LIKELY:g}, %", score >= LIKELY, np.isfinite(score)


def _cats(batch: AlertBatch, cache: Path) -> tuple[str, Flags, Flags]:
    found = cats.compute(batch, cats.load(cache)).columns
    score, label = np.asarray(found["cats_score"]), np.asarray(found["cats_class"])
    return f"SN-like, at least {SURE:g}, %", (score >= SURE) & (label == SN_LIKE), np.isfinite(score)


TOLD: Mapping[str, Callable[[AlertBatch, Path], tuple[str, Flags, Flags]]] = {"cats": _cats, "supernnova_rubin": _snn}


def table(module: str, cache: Path, seed: int, count: int = COUNT) -> list[JsonObject]:
    """Return one row a class and part of it: objects, those scored, and the share called a supernova.

    Parameters
    ----------
    module
        A key of `TOLD`.
    cache
        Folder of the models.
    seed
        Of the planted objects.
    count
        Objects of each class.
    """
    planted = plant(count, seed)
    with np.errstate(all="ignore"):
        limit, called, scored = TOLD[module](planted.batch, cache)
    return [
        {
            "class": kind,
            "part": part,
            "objects": int(mine.sum()),
            "scored": int((scored & mine).sum()),
            "called": share(int((called & mine).sum()), int(mine.sum())),
            "limit": limit,
        }
        for kind, part, mine in parts(planted.seen)
    ]


def plant(count: int, seed: int) -> Planted:
    """Return so many objects of each kind, each at a random one of its detections.

    Parameters
    ----------
    count
        Objects of each kind; fewer where too few of `TRIES` tries for each can be detected.
    seed
        Of the draws; each kind has its own.
    """
    seen, curves = list[Seen](), list[Floats]()
    for number, name in enumerate(KINDS):
        draw, mine = np.random.default_rng((seed, number)), 0
        for _ in range(TRIES * count):
            curve = _detections(name, draw)
            if curve is None:
                continue
            seen.append(_seen(name, curve))
            curves.append(curve)
            mine += 1
            if mine == count:
                break
    return Planted(_batch(curves), seen)


def _detections(name: str, draw: Draw) -> Floats | None:
    """Return rows of day, band, flux and error of all detections up to a random one; None where there is none."""
    kind = KINDS[name]
    source = kind.make(draw)
    day = FIRST_DAY + np.cumsum(draw.uniform(*GAP_DAYS, 80))
    day, band = day[day < LAST_DAY], draw.integers(0, 6, 80)
    band = band[: len(day)]
    shape = np.where(band < 2, source.flux(day, 0), source.flux(day, 1))  # noqa: PLR2004 - u and g
    behind = np.nan_to_num(source.behind)[np.where(band < 2, 0, 1)]  # noqa: PLR2004
    total = shape * FAINTER * NJY_PER_MICROJANSKY
    error = np.hypot(10.0 ** (-0.4 * (LIMIT_MAG[band] - ZERO_NJY_MAG)) / DETECTED, FLOOR * total)
    flux = (shape - behind) * FAINTER * NJY_PER_MICROJANSKY + draw.normal(0.0, 1.0, len(day)) * error
    places = np.flatnonzero(np.abs(flux) > DETECTED * error)
    if not len(places):
        return None
    at = int(draw.integers(len(places)))
    kept = places[at : at + 1] if kind.looks else places[: at + 1]
    return np.stack([day[kept], band[kept], flux[kept], error[kept]])


def _seen(name: str, curve: Floats) -> Seen:
    day, band, flux, error = curve
    size = np.abs(flux)
    mag = ZERO_NJY_MAG - 2.5 * np.log10(size)
    return Seen(
        kind=name,
        day=day,
        band=band.astype(np.int64),
        mag=mag,
        mag_err=1.0857 * error / size,
        positive=flux > 0.0,
        limit=LIMIT_MAG[band.astype(int)],
        behind_mag=np.full(2, np.nan),
        first_day=float(day[0]),
        detections=len(day),
    )


def _batch(curves: Sequence[Floats]) -> AlertBatch:
    offsets = np.r_[0, np.cumsum([curve.shape[1] for curve in curves])].astype(np.int64)
    day, band, flux, error = np.concatenate(curves, axis=1)
    histories = {"time": MJD + day, "band": band.astype(np.int8), "flux": flux, "flux_err": error}
    return AlertBatch(np.arange(len(curves), dtype=np.int64), offsets, {}, histories)
