"""Light curves of kilonovae and of what is taken for them, as ZTF would see them; every number from one seed.

A kilonova fades as AT 2017gfo did, at a brightness drawn anew: magnitudes in g and r by day after the merger, from
the data compiled by Villar et al. 2017, ApJ 851, L21. The others are shapes of their kinds: type Ia supernovae on the
rise and after maximum, dwarf novae (a rise of a day, a plateau, a decline), and nuclei that vary at random.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fink_lib.science.framework.batch import AlertBatch
from fink_lib.surveys.inputs import BANDS

Floats = npt.NDArray[np.float64]
Shape = Callable[[Floats, str], Floats]

SEED_TUNING, SEED_HELD_OUT = 20170817, 20230518
KILONOVA = "kilonova"
DAYS = np.array([0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5])
MAGNITUDES = {
    "g": np.array([17.3, 18.6, 20.2, 21.2, 22.0, 22.8, 23.5, 24.2]),
    "r": np.array([17.2, 17.9, 18.8, 19.5, 20.2, 20.9, 21.5, 22.0]),
}
VISITS = (0.0, 0.03, 0.09)  # days after the first one of a night; g and r in turn
LIMIT_MAG, FLOOR_MAG_ERR = 20.8, 0.02


@dataclass(frozen=True)
class Planted:
    """Made alerts and their truth.

    Attributes
    ----------
    batch
        One alert an object, its last detection; what the kilonova module reads.
    kind
        Class of each object.
    """

    batch: AlertBatch
    kind: npt.NDArray[np.object_]


def kilonova(draw: np.random.Generator) -> Shape:
    """Return AT 2017gfo, brighter or fainter by up to a magnitude."""
    shift = draw.uniform(-1.0, 1.0)
    return lambda day, band: np.interp(day, DAYS, MAGNITUDES[band]) + shift


def supernova(draw: np.random.Generator) -> Shape:
    """Return a type Ia supernova: a parabola in flux to a maximum after 18 days, then 0.06 to 0.1 mag/day."""
    peak, start, decline = draw.uniform(16.5, 19.0), draw.uniform(4.0, 25.0), draw.uniform(0.06, 0.1)

    def shape(day: Floats, band: str) -> Floats:
        since = day + start
        rise = -2.5 * np.log10(np.clip(since / 18.0, 0.05, 1.0) ** 2)
        return peak + (0.1 if band == "r" else 0.0) + np.where(since < 18.0, rise, decline * (since - 18.0))  # noqa: PLR2004

    return shape


def dwarf_nova(draw: np.random.Generator) -> Shape:
    """Return an outburst: a rise of a day, a plateau of 1 to 6 days, a decline of 0.3 to 1 mag/day; blue."""
    peak, plateau, decline = draw.uniform(16.0, 18.5), draw.uniform(1.0, 6.0), draw.uniform(0.3, 1.0)
    return lambda day, band: (
        peak + (0.1 if band == "r" else 0.0)
        + np.where(day < 1.0, 2.0 * (1.0 - day), decline * np.maximum(day - 1.0 - plateau, 0.0))
    )  # fmt: skip


def nucleus(draw: np.random.Generator) -> Shape:
    """Return a damped random walk of 0.3 mag within some days."""
    level, step = draw.uniform(17.0, 19.5), draw.normal(0.0, 0.12, 60)
    walk = np.cumsum(step - 0.02 * np.cumsum(step))
    return lambda day, band: level + (0.2 if band == "g" else 0.0) + np.interp(day, np.arange(60) * 0.3, walk)


KINDS: Mapping[str, Callable[[np.random.Generator], Shape]] = {
    KILONOVA: kilonova,
    "SN Ia": supernova,
    "dwarf nova": dwarf_nova,
    "AGN": nucleus,
}


def plant_fades(count: int, seed: int) -> Planted:
    """Return so many objects of each kind, each seen for the last time 2 to 6 nights after its first detection.

    Parameters
    ----------
    count
        Objects of each kind; one that is not detected twice is drawn anew.
    seed
        `SEED_TUNING` while a module is made, `SEED_HELD_OUT` to report.
    """
    draw = np.random.default_rng(seed)
    curves, kinds = list[Floats](), list[str]()
    for kind, make in KINDS.items():
        while kinds.count(kind) < count:
            curve = _observed(make(draw), draw)
            if curve.shape[1] > 1:
                curves.append(curve)
                kinds.append(kind)
    lengths = np.array([curve.shape[1] for curve in curves])
    offsets = np.r_[0, np.cumsum(lengths)].astype(np.int64)
    time, mag, error, band = np.concatenate(curves, axis=1)
    last, first = offsets[1:] - 1, offsets[:-1]
    scalars = {"time": time[last], "first_time": time[first], "n_detections": lengths.astype(float)}
    histories = {"time": time, "mag": mag, "mag_err": error, "band": band.astype(np.int8)}
    batch = AlertBatch(np.arange(len(curves), dtype=np.int64), offsets, scalars, histories)
    return Planted(batch, np.array(kinds, dtype=object))


def _observed(shape: Shape, draw: np.random.Generator) -> Floats:
    """Return detections as rows of time, magnitude, error and band, in time order; a night in four is cloudy."""
    nights = int(draw.integers(2, 7))
    start = draw.uniform(0.4, 1.2)
    rows = []
    for night in range(nights):
        if draw.random() < 0.25:  # noqa: PLR2004 - clouds
            continue
        for visit in VISITS:
            for name in ("g", "r"):
                day = start + night + visit + 0.01 * (name == "r")
                mag = float(shape(np.array([day]), name)[0])
                error = FLOOR_MAG_ERR + 0.2 * 10.0 ** (0.4 * (mag - LIMIT_MAG + 0.3))
                seen = mag + draw.normal(0.0, error)
                if seen < LIMIT_MAG:
                    rows.append((2460000.5 + day, seen, error, BANDS.index(name)))
    return np.array(rows, dtype=np.float64).reshape(-1, 4).T
