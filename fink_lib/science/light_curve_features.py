"""Twenty-six features of the light curve in each band: statistics, trends and shape."""

import functools
from collections.abc import Mapping
from typing import Any

import light_curve as lc
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.science.base import Cost, Module, Output, Values
from fink_lib.science.batch import AlertBatch
from fink_lib.science.inputs import BANDS
from fink_lib.science.photometry import total_magnitude

Floats = npt.NDArray[Any]

ZTF_BANDS = ("g", "r")


@functools.cache
def extractor() -> Any:
    """Return the features of Malanchev et al. 2021 (arXiv:2012.01419, appendix A), in the order published."""
    return lc.Extractor(
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


FEATURES: tuple[str, ...] = tuple(extractor().names)
FEATURES_TYPE = pa.struct([pa.field(name, pa.float64()) for name in FEATURES])


def features(time: Floats, value: Floats, error: Floats, lengths: npt.NDArray[np.int64]) -> dict[str, Floats]:
    """Return the features of light curves given as flat arrays, ordered in time.

    Parameters
    ----------
    time, value, error
        Points of all light curves, one after the other; time in days.
    lengths
        Points of each; a feature that needs more points than there are is NaN.
    """
    table = np.full((len(lengths), len(FEATURES)), np.nan)
    seen = np.flatnonzero(lengths)
    if len(seen):
        ends = np.cumsum(lengths)[seen][:-1]
        curves = list(zip(np.split(time, ends), np.split(value, ends), np.split(error, ends), strict=True))
        # One thread: the process is one of several workers that share the cores.
        table[seen] = extractor().many(curves, fill_value=np.nan, sorted=True, check=False, n_jobs=1)
    return dict(zip(FEATURES, table.T, strict=True))


def compute(batch: AlertBatch, _resource: Any) -> Mapping[str, Values]:
    """Return the features of each band, on the total magnitude of each detection."""
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
        version="1.0",
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
                f"Features of the {name} band; each null where the band has too few points for it.",
            )
            for name in ZTF_BANDS
        ),
        compute=compute,
    ),
)
