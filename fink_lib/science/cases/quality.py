"""Is the subtraction good? The survey's own advice on what to trust, with every criterion that fails."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.science.framework.base import Cost, Module, Output, Values
from fink_lib.science.framework.batch import AlertBatch

Scalars = Mapping[str, npt.NDArray[Any]]
Flags = npt.NDArray[np.bool_]

RB_MIN, DRB_MIN = 0.65, 0.5
FWHM_MAX_PX, ELONGATION_MAX, MAGDIFF_MAX = 5.0, 1.2, 0.1
SCORR_MIN = 5.0  # peak of the matched-filter image, in sigma

# What a good alert fulfils; a missing value fulfils nothing, except the two fields that old packets lack.
CRITERIA: Mapping[str, Callable[[Scalars], Flags]] = {
    "nbad": lambda alert: alert["n_bad_pixels"] == 0.0,
    "rb": lambda alert: alert["real_bogus"] >= RB_MIN,
    "drb": lambda alert: ~(alert["deep_real_bogus"] < DRB_MIN),
    "fwhm": lambda alert: alert["fwhm_px"] <= FWHM_MAX_PX,
    "elong": lambda alert: alert["elongation"] <= ELONGATION_MAX,
    "scorr": lambda alert: ~(alert["peak_snr"] < SCORR_MIN),
    "magdiff": lambda alert: np.abs(alert["aperture_minus_psf"]) <= MAGDIFF_MAX,
}


def compute(batch: AlertBatch, _resource: Any) -> Mapping[str, Values]:
    """Return the verdict and the names of the criteria that fail, in the order of the table.

    Parameters
    ----------
    batch
        Alerts with the quantities that `CRITERIA` reads.
    _resource
        Not used: nothing is loaded.
    """
    failed = np.stack([~test(batch.scalars) for test in CRITERIA.values()], axis=1)
    names = np.array(list(CRITERIA), dtype=object)
    flaws = np.empty(len(batch), dtype=object)
    flaws[:] = [",".join(names[row]) for row in failed]
    return {"is_good": ~failed.any(axis=1), "quality_flaws": flaws}


MODULES = (
    Module(
        name="quality",
        version="1.1",
        meaning="Does the subtraction fulfil the survey's own advice for a clean sample?",
        reference="Advice for clean samples: Masci et al. 2019, PASP 131, 018003; Duev et al. 2019, MNRAS 489",
        surveys=("ztf",),
        cost=Cost.CHEAP,
        scalars=(
            "aperture_minus_psf",
            "deep_real_bogus",
            "elongation",
            "fwhm_px",
            "n_bad_pixels",
            "peak_snr",
            "real_bogus",
        ),
        outputs=(
            Output("is_good", pa.bool_(), "", "True where no criterion fails."),
            Output(
                "quality_flaws",
                pa.string(),
                "",
                f"Criteria that fail, with commas between them, out of {', '.join(CRITERIA)}; empty for none.",
            ),
        ),
        compute=compute,
    ),
)
