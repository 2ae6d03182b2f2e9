"""Fast transients of Rubin: how fast the source fades, by the rule of `fast_transients` on its positive fluxes."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fink_lib.science.cases.fast_transients import fade_columns, outputs
from fink_lib.science.framework.base import Cost, Module, Values
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.photometry import MAG_PER_RELATIVE_FLUX

ZERO_NJY_MAG = 31.4


def compute(batch: AlertBatch, _resource: Any) -> Mapping[str, Values]:
    """Return slope and verdict of each alert.

    Parameters
    ----------
    batch
        Alerts with time (days), flux (njy), its error and band of their points.
    _resource
        Not used: nothing is loaded.
    """
    flux, error = batch.histories["flux"], batch.histories["flux_err"]
    detected = (flux > 0.0) & (error > 0.0) & np.isfinite(flux) & np.isfinite(error)
    safe = np.where(detected, flux, 1.0)
    mag = ZERO_NJY_MAG - 2.5 * np.log10(safe)
    return fade_columns(batch, mag, MAG_PER_RELATIVE_FLUX * np.where(detected, error, 1.0) / safe, detected)


MODULES = (
    Module(
        name="fast_transients_rubin",
        version="1.1",
        meaning="How fast the source fades over all bands.",
        reference="criterion of Andreoni et al. 2021, ApJ 918, 63 (arXiv:2104.06352)",
        surveys=("lsst",),
        cost=Cost.CHEAP,
        scalars=("time",),
        histories=("band", "flux", "flux_err", "time"),
        outputs=outputs(),
        compute=compute,
    ),
)
