"""Difference and apparent magnitudes of the alert, and the same as fluxes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.science.framework.base import Cost, Module, Output, Values
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.photometry import MAG_PER_RELATIVE_FLUX, SOURCE_BEHIND_PX, apparent_magnitude

Floats = npt.NDArray[Any]

AB_ZERO_POINT_NJY = 31.4  # AB magnitude of 1 nJy


def flux_njy(mag: Floats, mag_err: Floats) -> tuple[Floats, Floats]:
    """Return flux and error in nJy of AB magnitudes.

    Parameters
    ----------
    mag
        AB magnitudes.
    mag_err
        Their errors, taken as small.
    """
    flux = 10.0 ** (-0.4 * (mag - AB_ZERO_POINT_NJY))
    return flux, flux * mag_err / MAG_PER_RELATIVE_FLUX


def compute(batch: AlertBatch, _resource: Any) -> Mapping[str, Values]:
    """Return fluxes of the difference, signed, and the apparent magnitude where a source stands behind.

    Parameters
    ----------
    batch
        Alerts with difference magnitude, sign, and the reference source's magnitude and separation (pixels).
    _resource
        Not used: nothing is loaded.
    """
    alert = batch.scalars
    diff, diff_err = flux_njy(alert["mag"], alert["mag_err"])
    sign = np.where(alert["is_positive"] == 1.0, 1.0, np.where(alert["is_positive"] == 0.0, -1.0, np.nan))
    dc_mag, dc_err = apparent_magnitude(
        alert["mag"], alert["mag_err"], alert["ref_mag"], alert["ref_mag_err"], alert["is_positive"]
    )
    separation = alert["ref_separation"]
    behind = (separation >= 0.0) & (separation <= SOURCE_BEHIND_PX) & np.isfinite(sign)
    dc_mag, dc_err = np.where(behind, dc_mag, np.nan), np.where(behind, dc_err, np.nan)
    total, total_err = flux_njy(dc_mag, dc_err)
    return {
        "diff_flux": sign * diff,
        "diff_flux_err": diff_err,
        "dc_mag": dc_mag,
        "dc_mag_err": dc_err,
        "dc_flux": total,
        "dc_flux_err": total_err,
    }


MODULES = (
    Module(
        name="magnitudes",
        version="1.0",
        meaning="Flux of the difference, and magnitude and flux of the source with what stands behind it.",
        reference="ZTF Science Data System Explanatory Supplement, p. 107; AB: Oke & Gunn 1983, ApJ 266, 713",
        surveys=("ztf",),
        cost=Cost.CHEAP,
        scalars=("is_positive", "mag", "mag_err", "ref_mag", "ref_mag_err", "ref_separation"),
        outputs=(
            Output("diff_flux", pa.float64(), "nJy", "Difference flux; negative where the source was brighter before."),
            Output("diff_flux_err", pa.float64(), "nJy", "Its error."),
            Output(
                "dc_mag",
                pa.float64(),
                "mag (AB)",
                f"Apparent magnitude with the reference source; null where none is within {SOURCE_BEHIND_PX} pixels.",
            ),
            Output("dc_mag_err", pa.float64(), "mag", "Its error."),
            Output("dc_flux", pa.float64(), "nJy", "The same as flux."),
            Output("dc_flux_err", pa.float64(), "nJy", "Its error."),
        ),
        compute=compute,
    ),
)
