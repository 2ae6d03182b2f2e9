"""Twenty-six features of the light curve in each of Rubin's bands, on difference fluxes."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fink_lib.science.cases.light_curve_features import FEATURES_TYPE, features
from fink_lib.science.framework.base import Cost, Module, Output, Values
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.surveys.inputs import BANDS


def compute(batch: AlertBatch, _resource: Any) -> Mapping[str, Values]:
    """Return the features of each band, on the flux of each detection in nJy.

    Parameters
    ----------
    batch
        Alerts with time (days), flux (njy), its error and band of their points.
    _resource
        Not used: nothing is loaded.
    """
    time, flux, error = batch.history("time"), batch.histories["flux"], batch.histories["flux_err"]
    usable = np.isfinite(flux) & np.isfinite(error) & np.isfinite(time.values)
    found: dict[str, Values] = {}
    for place, name in enumerate(BANDS):
        chosen = usable & (batch.histories["band"] == place)
        count = time.count(chosen)
        found[f"lc_features_{name}"] = features(time.values[chosen], flux[chosen], error[chosen], count)
    return found


MODULES = (
    Module(
        name="light_curve_features_rubin",
        version="1.1",
        meaning="Statistics, trends and shape of the light curve in each band, on difference fluxes.",
        reference="Malanchev et al. 2021, MNRAS 502, 5147 (arXiv:2012.01419), appendix A; package light-curve",
        surveys=("lsst",),
        cost=Cost.MODERATE,
        histories=("band", "flux", "flux_err", "time"),
        outputs=tuple(
            Output(
                f"lc_features_{name}",
                FEATURES_TYPE,
                "nJy, days",
                f"Features of the {name} band; each null where the band has too few points, or times, for it.",
            )
            for name in BANDS
        ),
        compute=compute,
    ),
)
