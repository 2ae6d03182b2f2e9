"""What the microlensing module makes of planted brightenings: recall and false alarms, by time scale and brightness."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from fink_lib.files import JsonObject
from fink_lib.science.cases import microlensing
from fink_lib.science.planting.brightenings import EVENT, KINDS
from fink_lib.science.planting.lensing import ALL_DAYS, PACKET_DAYS, Planted, plant_brightenings
from fink_lib.science.planting.shares import share

Flags = npt.NDArray[np.bool_]

COUNT = 400
HISTORIES = {"30 d": PACKET_DAYS, "all": ALL_DAYS}
EINSTEIN_DAYS = ((5.0, 10.0), (10.0, 20.0), (20.0, 40.0), (40.0, 80.0))
PEAK_MAGS = ((0.0, 16.0), (16.0, 18.0), (18.0, 22.0))  # of the brightest difference


def table(seed: int, count: int = COUNT) -> list[JsonObject]:
    """Return one row a length of history, class and part of it: objects, those judged, and those flagged.

    An event counts where half of its time scale, from a quarter before the peak to a quarter after it, lies within
    the points; `judged` are those that got a score, and `flagged` is the share of all that count.

    Parameters
    ----------
    seed
        Of the planted objects.
    count
        Objects of each class.
    """
    rows = list[JsonObject]()
    for name, days in HISTORIES.items():
        planted = plant_brightenings(count, seed, days)
        found = microlensing.compute(planted.batch, None)
        score = np.asarray(found.columns["mulens"])
        for kind in KINDS:
            for part, mine in _parts(planted, kind):
                if mine.any():
                    rows.append({"history": name, "class": kind, "part": part} | _row(mine, score))
    return rows


def _parts(planted: Planted, kind: str) -> Iterator[tuple[str, Flags]]:
    """Yield the objects of a class that count, and parts of them."""
    mine = planted.kind == kind
    brightest = np.minimum.reduceat(planted.batch.histories["mag"], planted.batch.offsets[:-1])
    if kind == EVENT:
        yield "time scale not observed", mine & (planted.covered < 1.0)
        mine &= planted.covered >= 1.0
    yield "all", mine
    if kind == EVENT:
        for low, high in EINSTEIN_DAYS:
            yield f"tE {low:g}-{high:g} d", mine & (planted.einstein_days >= low) & (planted.einstein_days < high)
    for low, high in PEAK_MAGS:
        yield f"{low:g}-{high:g} mag", mine & (brightest >= low) & (brightest < high)


def _row(mine: Flags, score: npt.NDArray[np.float64]) -> JsonObject:
    return {
        "objects": int(mine.sum()),
        "judged": int(np.isfinite(score[mine]).sum()),
        "flagged": share(int((score[mine] > 0.0).sum()), int(mine.sum())),
    }
