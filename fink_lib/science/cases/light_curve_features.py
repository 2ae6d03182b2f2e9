"""Twenty-six features of the light curve in each band: statistics, trends and shape."""

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.science.framework.base import Cost, Module, Output, Values
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.exposures import exposure_times
from fink_lib.science.methods.photometry import total_magnitude
from fink_lib.surveys.inputs import BANDS

Floats = npt.NDArray[Any]

ZTF_BANDS = ("g", "r")


# What the extractor calls the features, in its order: kept here so that the package is not imported to know them
FEATURES: tuple[str, ...] = (
    "mean",
    "weighted_mean",
    "standard_deviation",
    "median",
    "amplitude",
    "beyond_1_std",
    "cusum",
    "inter_percentile_range_10",
    "kurtosis",
    "linear_trend",
    "linear_trend_sigma",
    "linear_trend_noise",
    "linear_fit_slope",
    "linear_fit_slope_sigma",
    "linear_fit_reduced_chi2",
    "magnitude_percentage_ratio_40_5",
    "magnitude_percentage_ratio_20_10",
    "maximum_slope",
    "median_absolute_deviation",
    "median_buffer_range_percentage_10",
    "percent_amplitude",
    "mean_variance",
    "anderson_darling_normal",
    "chi2",
    "skew",
    "stetson_K",
)
FEATURES_TYPE = pa.struct([pa.field(name, pa.float64()) for name in FEATURES])


def _features() -> tuple[Any, ...]:
    """Return the features of Malanchev et al. 2021 (arXiv:2012.01419, appendix A), in the order published."""
    import light_curve as lc  # noqa: PLC0415 - see `fink_lib.science.framework.packages`

    return (
        lc.Mean(),
        lc.WeightedMean(),
        lc.StandardDeviation(),
        lc.Median(),
        lc.Amplitude(),
        lc.BeyondNStd(nstd=1),
        lc.Cusum(),
        lc.InterPercentileRange(quantile=0.1),
        lc.Kurtosis(),
        lc.LinearTrend(),
        lc.LinearFit(),
        lc.MagnitudePercentageRatio(quantile_numerator=0.4, quantile_denominator=0.05),
        lc.MagnitudePercentageRatio(quantile_numerator=0.2, quantile_denominator=0.1),
        lc.MaximumSlope(),
        lc.MedianAbsoluteDeviation(),
        lc.MedianBufferRangePercentage(quantile=0.1),
        lc.PercentAmplitude(),
        lc.MeanVariance(),
        lc.AndersonDarlingNormal(),
        lc.ReducedChi2(),
        lc.Skew(),
        lc.StetsonK(),
    )


@functools.cache
def extractor(*, timed: bool = True) -> Any:
    """Return what computes the features: all of them, or those that do not ask for time."""
    import light_curve as lc  # noqa: PLC0415 - see `fink_lib.science.framework.packages`

    # Undefined, and MaximumSlope panics, where all points have the same time
    timed_ones = (lc.LinearTrend, lc.LinearFit, lc.MaximumSlope)
    return lc.Extractor(*(each for each in _features() if timed or not isinstance(each, timed_ones)))


def features(time: Floats, value: Floats, error: Floats, lengths: npt.NDArray[np.int64]) -> dict[str, Floats]:
    """Return the features of light curves given as flat arrays, ordered in time.

    Parameters
    ----------
    time, value, error
        Points of all light curves, one after the other; time in days.
    lengths
        Points of each; a feature that needs more points than there are is NaN, and one that asks for time is
        where all points have the same.
    """
    time = exposure_times(time, lengths)
    table = np.full((len(lengths), len(FEATURES)), np.nan)
    seen = np.flatnonzero(lengths)
    if len(seen):
        ends = np.cumsum(lengths)[seen]
        at_once = (lengths[seen] > 1) & (time[ends - lengths[seen]] == time[ends - 1])
        curves = list(zip(*(np.split(flat, ends[:-1]) for flat in (time, value, error)), strict=True))
        for timed, chosen in ((True, np.flatnonzero(~at_once)), (False, np.flatnonzero(at_once))):
            if len(chosen):
                found = _extract([curves[row] for row in chosen], timed=timed)
                table[np.ix_(seen[chosen], _places(timed=timed))] = found
    return dict(zip(FEATURES, table.T, strict=True))


@functools.cache
def _places(*, timed: bool) -> npt.NDArray[np.int64]:
    """Return which columns an extractor fills."""
    return np.array([FEATURES.index(name) for name in extractor(timed=timed).names])


def _extract(curves: list[Any], *, timed: bool) -> Floats:
    # One thread: the process is one of several workers that share the cores.
    found: Floats = extractor(timed=timed).many(curves, fill_value=np.nan, sorted=True, check=False, n_jobs=1)
    return found


def compute(batch: AlertBatch, _resource: Any) -> Mapping[str, Values]:
    """Return the features of each band, on the total magnitude of each detection.

    Parameters
    ----------
    batch
        Alerts with time (days), magnitude, sign, reference and band of their points.
    _resource
        Not used: nothing is loaded.
    """
    mag, mag_err = batch.shared("total_magnitude", total_magnitude)
    time, band = batch.history("time"), batch.histories["band"]
    usable = np.isfinite(mag) & np.isfinite(mag_err) & np.isfinite(time.values)
    found: dict[str, Values] = {}
    for name in ZTF_BANDS:
        chosen = usable & (band == BANDS.index(name))
        found[f"lc_features_{name}"] = features(time.values[chosen], mag[chosen], mag_err[chosen], time.count(chosen))
    return found


MODULES = (
    Module(
        name="light_curve_features",
        version="1.2",
        meaning="Statistics, trends and shape of the light curve in each band, on total magnitudes.",
        reference="Malanchev et al. 2021, MNRAS 502, 5147 (arXiv:2012.01419), appendix A; package light-curve",
        surveys=("ztf",),
        cost=Cost.MODERATE,
        histories=("band", "is_positive", "mag", "mag_err", "ref_mag", "ref_mag_err", "ref_separation", "time"),
        outputs=tuple(
            Output(
                f"lc_features_{name}",
                FEATURES_TYPE,
                "mag, days",
                f"Features of the {name} band; each null where the band has too few points, or times, for it.",
            )
            for name in ZTF_BANDS
        ),
        compute=compute,
    ),
)
