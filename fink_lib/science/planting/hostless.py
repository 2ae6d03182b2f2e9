"""What the hostless module for Rubin makes of planted stamps: completeness and false alarms, by kind and brightness."""

import numpy as np
import pyarrow as pa

from fink_lib.files import JsonObject
from fink_lib.science.cases.rubin import hostless
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.planting.shares import share
from fink_lib.science.planting.stamps import HOSTS, TEMPLATE_NOISE_NJY, PlantedStamps, plant_stamps

COUNT = 300
MAGS = ((19.0, 24.0), (19.0, 20.0), (20.0, 21.0), (21.0, 22.0), (22.0, 23.0), (23.0, 24.0))
TIMES = 61000.0 + np.array([-4.0, -2.0, 0.0])
RESULTS = ("mangrove_sep_arcsec", "spicy_sep_arcsec")


def table(seed: int, count: int = COUNT) -> list[JsonObject]:
    """Return one row a kind and brightness: pairs, those looked at, and the share called hostless.

    Parameters
    ----------
    seed
        Of the planted stamps.
    count
        Pairs of each kind.
    """
    planted = plant_stamps(count, seed)
    found = hostless.compute(batch_of(planted), None)
    verdict = np.asarray(found.columns["is_hostless"], dtype=object)
    rows = list[JsonObject]()
    for kind in HOSTS:
        for low, high in MAGS:
            mine = (planted.kind == kind) & (planted.mag >= low) & (planted.mag < high)
            looked = np.array([value is not None for value in verdict[mine]])
            called = np.array([value is True for value in verdict[mine]])
            rows.append(
                {
                    "planted": kind,
                    "transient_mag": f"{low:g}-{high:g}",
                    "pairs": int(mine.sum()),
                    "looked_at": int(looked.sum()),
                    "hostless": share(int(called.sum()), int(mine.sum())),
                }
            )
    return rows


def batch_of(planted: PlantedStamps) -> AlertBatch:
    """Return the stamps as alerts of their third detection, in no catalogue."""
    count = len(planted.mag)
    place = {"ra": 150.0, "dec": -20.0}
    fluxes = {"flux": planted.flux_njy, "template_flux": planted.template_flux_njy}
    # What a point source of the template's noise measures: its pixels under the seeing, together.
    fluxes["template_flux_err"] = np.full(count, 6.7 * TEMPLATE_NOISE_NJY)
    scalars = {name: np.full(count, value) for name, value in place.items()} | fluxes
    scalars |= {"n_detections": np.full(count, 3.0), "time": np.full(count, TIMES[-1])}
    results = {name: pa.nulls(count, pa.float64()) for name in RESULTS}
    return AlertBatch(
        alert_id=np.arange(count, dtype=np.int64),
        offsets=np.arange(0, 3 * count + 1, 3, dtype=np.int64),
        scalars=scalars,
        histories={"time": np.tile(TIMES, count)} | {name: np.full(3 * count, value) for name, value in place.items()},
        stamps={"science": planted.science, "template": planted.template},
        results=results | {"is_sso": pa.array([False] * count)},
    )
