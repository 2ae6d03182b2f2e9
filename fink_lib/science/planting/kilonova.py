"""What the kilonova module makes of planted fades: recall and false positives, by number of detections."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from fink_lib.files import JsonObject
from fink_lib.science.cases import kilonova
from fink_lib.science.cases.host import Host
from fink_lib.science.planting.fades import KINDS, plant_fades
from fink_lib.science.planting.shares import share

COUNT = 400
THRESHOLDS = (0.1, 0.5)
SIZES = ((2, 9), (10, 19), (20, 20))  # detections: the gate keeps out more


def table(cache: Path, seed: int, count: int = COUNT) -> list[JsonObject]:
    """Return one row a class and number of detections: objects, those with a score, and shares above thresholds.

    Parameters
    ----------
    cache
        Folder of the models.
    seed
        Of the planted objects.
    count
        Objects of each class.
    """
    planted = plant_fades(count, seed)
    hosts = pa.array([str(Host.EMPTY)] * len(planted.batch), type=pa.string())
    planted.batch.results["host_kind"] = hosts  # type: ignore[index]
    found = kilonova.compute(planted.batch, kilonova.load(cache))
    score = np.asarray(found.columns["rf_kn_vs_nonkn"])
    size = planted.batch.scalars["n_detections"]
    rows = []
    for kind in KINDS:
        for low, high in ((2, 1000), *SIZES):
            mine = (planted.kind == kind) & (size >= low) & (size <= high)
            every = high > SIZES[-1][1]
            row: JsonObject = {
                "class": kind,
                "detections": "all" if every else f"{low}-{high}",
                "objects": int(mine.sum()),
            }
            row["scored"] = int(np.isfinite(score[mine]).sum())
            row |= {
                f"above_{limit:g}": share(int((score[mine] > limit).sum()), int(mine.sum())) for limit in THRESHOLDS
            }
            rows.append(row)
    return rows
