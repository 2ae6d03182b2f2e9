"""Photometry that several modules share: apparent magnitudes of variable sources."""

from typing import Any

import numpy as np
import numpy.typing as npt

from fink_lib.science.framework.batch import AlertBatch

Floats = npt.NDArray[Any]

# Magnitude error for a unit relative flux error, 2.5 / ln(10), rounded as in the published method.
MAG_PER_RELATIVE_FLUX = 1.0857
# A reference source within this distance, in pixels, is the variable itself.
SOURCE_BEHIND_PX = 1.5


def apparent_magnitude(
    mag: Floats, mag_err: Floats, ref_mag: Floats, ref_mag_err: Floats, is_positive: Floats
) -> tuple[Floats, Floats]:
    """Return the apparent ("DC") magnitude and its error from a difference magnitude.

    The flux of the reference source is added to the difference flux, or the latter subtracted from it when the
    subtraction is negative: ZTF Science Data System Explanatory Supplement, p. 107. Errors are taken as
    independent. NaN where the sum is not positive, or the reference magnitude (negative or NaN) or the sign is missing.

    Parameters
    ----------
    mag, mag_err
        Difference magnitude and its error.
    ref_mag, ref_mag_err
        Those of the reference source.
    is_positive
        1 where the difference is positive, 0 where it is negative, NaN where its sign is not known.
    """
    with np.errstate(all="ignore"):
        reference = np.where(ref_mag < 0.0, np.nan, ref_mag)
        flux_ref = 10.0 ** (-0.4 * reference)
        flux_diff = 10.0 ** (-0.4 * mag)
        flux = flux_ref + np.where(is_positive == 1.0, 1.0, np.where(is_positive == 0.0, -1.0, np.nan)) * flux_diff
        noise_diff = mag_err / MAG_PER_RELATIVE_FLUX * flux_diff
        noise_ref = ref_mag_err / MAG_PER_RELATIVE_FLUX * flux_ref
        noise = np.sqrt(noise_diff**2 + noise_ref**2)
        return -2.5 * np.log10(flux), noise / flux * MAG_PER_RELATIVE_FLUX


def total_magnitude(batch: AlertBatch) -> tuple[Floats, Floats]:
    """Return the magnitude and error of each point of a batch's histories, NaN for upper limits.

    It is the apparent magnitude for an alert that has a detection with a reference source within 1.5 pixels,
    and the difference magnitude otherwise. NaN where no detection tells how far the reference source is.
    """
    points = batch.histories
    mag, mag_err = points["mag"], points["mag_err"]
    detected = ~(np.isnan(mag) | np.isnan(mag_err))
    separation = points["ref_separation"]
    with np.errstate(invalid="ignore"):
        behind = detected & (separation >= 0.0) & (separation <= SOURCE_BEHIND_PX)
    history = batch.history("mag")
    on_source = (history.count(behind) > 0)[history.owners]
    unknown = (history.count(detected & np.isfinite(separation)) == 0)[history.owners]
    dc_mag, dc_err = apparent_magnitude(mag, mag_err, points["ref_mag"], points["ref_mag_err"], points["is_positive"])
    return (
        np.where(detected & ~unknown, np.where(on_source, dc_mag, mag), np.nan),
        np.where(detected & ~unknown, np.where(on_source, dc_err, mag_err), np.nan),
    )
