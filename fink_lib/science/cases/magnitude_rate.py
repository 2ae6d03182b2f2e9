"""How fast does the source brighten or fade? Magnitudes per day since the last look in the same band.

A look is an exposure of its own: what the exposure of the alert shows besides the alert is none.

Two positive subtractions of one band are compared by their difference magnitudes, as Fink does. Where one of them is
negative its magnitude says by how much the source is fainter than the reference image: then apparent magnitudes are
compared, and without a reference source at the place there is no rate. Nor is there one where a sign is not known.

Where the last look saw nothing, its flux is taken to be anything between zero and the upper limit, evenly; the
magnitude is then the limit plus an exponential variable, and all its moments are known in closed form. Nothing is
drawn at random: the same alert has the same rate whenever and wherever it is computed.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.science.framework.base import Cost, Module, Output, Values
from fink_lib.science.framework.batch import AlertBatch, Ints
from fink_lib.science.methods.exposures import EXPOSURE_DAYS
from fink_lib.science.methods.photometry import MAG_PER_RELATIVE_FLUX, SOURCE_BEHIND_PX, apparent_magnitude

Floats = npt.NDArray[Any]

LOWER, UPPER = 0.05, 0.95
GAUSSIAN_WIDTH = 1.6448536269514722  # standard deviations between the median and either
EXPONENTIAL_MAG = MAG_PER_RELATIVE_FLUX  # mean and standard deviation of the magnitude below an upper limit
BISECTIONS = 60
MEASURED = ("mag", "mag_err", "is_positive", "ref_mag", "ref_mag_err", "ref_separation")
REACH_SIGMA, REACH_EXPONENTIAL = 8.0, 12.0  # the quantile lies within so many widths


def compute(batch: AlertBatch, _resource: Any) -> Mapping[str, Values]:
    """Return the rate, its error and how it was found; null where the band was not looked at before.

    Parameters
    ----------
    batch
        Alerts with magnitude, sign, reference, band and time (days), now and at each point, and upper limits.
    _resource
        Not used: nothing is loaded.
    """
    first, last = _first_detection(batch), _last_look(batch)
    seen = last >= 0
    points = {name: np.where(seen, values[np.maximum(last, 0)], np.nan) for name, values in batch.histories.items()}
    detected = np.isfinite(points["mag"])
    from_upper = seen & ~detected & np.isfinite(points["mag_limit"])
    days = batch.scalars["time"] - points["time"]
    now = {name: np.asarray(batch.scalars[name]) for name in MEASURED}
    mag, mag_err = now["mag"], now["mag_err"]
    step, error = difference(now, points)
    limit = np.where(now["is_positive"] == 1.0, mag - points["mag_limit"] - EXPONENTIAL_MAG, np.nan)
    step = np.where(from_upper, limit, step)
    error = np.where(from_upper, np.where(np.isnan(limit), np.nan, np.hypot(mag_err, EXPONENTIAL_MAG)), error)
    low, high = -GAUSSIAN_WIDTH * error, GAUSSIAN_WIDTH * error
    if from_upper.any():
        low = np.where(from_upper, -below_limit_quantile(mag_err, UPPER) + EXPONENTIAL_MAG, low)
        high = np.where(from_upper, -below_limit_quantile(mag_err, LOWER) + EXPONENTIAL_MAG, high)
    started = np.where(first >= 0, batch.histories["time"][np.maximum(first, 0)], np.nan)
    return {
        "jd_first_real_det": started,
        "jdstarthist_dt": started - batch.scalars["first_time"],
        "mag_rate": step / days,
        "sigma_rate": error / days,
        "lower_rate": (step + low) / days,
        "upper_rate": (step + high) / days,
        "delta_time": days,
        "from_upper": pa.array(from_upper, mask=(batch.scalars["band"] < 0) | np.isnan(batch.scalars["time"])),
    }


def difference(now: Mapping[str, Floats], before: Mapping[str, Floats]) -> tuple[Floats, Floats]:
    """Return by how much magnitudes have grown between two detections, and the error; NaN where that is not known.

    Parameters
    ----------
    now, before
        The quantities of `MEASURED`.
    """
    rising = (now["is_positive"] == 1.0) & (before["is_positive"] == 1.0)
    (total, total_err), (earlier, earlier_err) = (_apparent(each) for each in (now, before))
    step = np.where(rising, now["mag"] - before["mag"], total - earlier)
    error = np.where(rising, np.hypot(now["mag_err"], before["mag_err"]), np.hypot(total_err, earlier_err))
    return step, np.where(np.isnan(step), np.nan, error)


def _apparent(point: Mapping[str, Floats]) -> tuple[Floats, Floats]:
    mag, error = apparent_magnitude(
        *(point[name] for name in ("mag", "mag_err", "ref_mag", "ref_mag_err", "is_positive"))
    )
    separation = point["ref_separation"]
    behind = (separation >= 0.0) & (separation <= SOURCE_BEHIND_PX)
    return np.where(behind, mag, np.nan), np.where(behind, error, np.nan)


def below_limit_quantile(mag_err: Floats, share: float) -> Floats:
    """Return a quantile of ``X = 1.0857 E + N``: E exponential of mean 1, N normal of zero mean and this error.

    It is found by bisection of the distribution function, a fixed number of steps.

    Parameters
    ----------
    mag_err
        Standard deviation of N, mag, one an alert; less than 1e-9 counts as 1e-9.
    share
        Of the distribution that lies below the quantile, 0 to 1.
    """
    error = np.maximum(mag_err, 1e-9)
    low, high = -REACH_SIGMA * error, REACH_SIGMA * error + REACH_EXPONENTIAL * EXPONENTIAL_MAG
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        under = _distribution(middle, error) < share
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return np.asarray(0.5 * (low + high))


def _distribution(value: Floats, error: Floats) -> Floats:
    """Return the distribution function of a normal plus an exponential variable, without overflow."""
    from scipy.special import erfcx, ndtr  # noqa: PLC0415 - see `fink_lib.science.framework.packages`

    ratio, scaled = error / EXPONENTIAL_MAG, value / error
    tail = (ratio - scaled) / np.sqrt(2.0)
    # Phi(scaled - ratio) exp(ratio^2 / 2 - value / mean), written with erfcx where the exponential would overflow
    far = 0.5 * erfcx(np.maximum(tail, 0.0)) * np.exp(-0.5 * scaled**2)
    near = np.exp(np.minimum(0.5 * ratio**2 - value / EXPONENTIAL_MAG, 0.5 * ratio**2 + 1.0)) * ndtr(scaled - ratio)
    return np.asarray(ndtr(scaled) - np.where(tail > 0.0, far, near))


def _first_detection(batch: AlertBatch) -> Ints:
    """Return the place of each alert's first detection in the flat history; -1 for none."""
    mag = batch.history("mag")
    return _first_of(np.flatnonzero(np.isfinite(mag.values)), mag.offsets)


def _last_look(batch: AlertBatch) -> Ints:
    """Return the place of the last point in the band of the alert, detection or upper limit, of an earlier exposure.

    -1 for none.
    """
    time = batch.history("time")
    earlier = time.values <= (batch.scalars["time"] - EXPOSURE_DAYS)[time.owners]
    same = batch.histories["band"] == batch.scalars["band"].astype(np.int64)[time.owners]
    known = batch.scalars["band"][time.owners] >= 0
    places = np.flatnonzero(same & known & earlier)
    at = np.searchsorted(places, time.offsets[1:]) - 1
    if not len(places):
        return np.full(len(batch), -1)
    found = places[np.maximum(at, 0)]
    return np.where((at >= 0) & (found >= time.offsets[:-1]), found, -1)


def _first_of(places: Ints, offsets: Ints) -> Ints:
    at = np.searchsorted(places, offsets[:-1])
    if not len(places):
        return np.full(len(offsets) - 1, -1)
    found = places[np.minimum(at, len(places) - 1)]
    return np.where((at < len(places)) & (found < offsets[1:]), found, -1)


MODULES = (
    Module(
        name="magnitude_rate",
        version="1.2",
        meaning="Change of magnitude per day since the last look in the same band, with its error.",
        reference="Fink's fast-transient rate; criteria of Andreoni et al. 2021, ApJ 918, 63 (arXiv:2104.06352)",
        surveys=("ztf",),
        cost=Cost.CHEAP,
        scalars=("band", "first_time", "time", *MEASURED),
        histories=("band", "mag_limit", "time", *MEASURED),
        outputs=(
            Output("jd_first_real_det", pa.float64(), "JD (UTC)", "Time of the first detection in the packet."),
            Output("jdstarthist_dt", pa.float64(), "days", "That time after the first detection at 3 sigma."),
            Output(
                "mag_rate",
                pa.float64(),
                "mag/day",
                "Rate; negative for a source that brightens. Null where the sign of a subtraction is not known, and "
                "for a negative one without a reference source.",
            ),
            Output("sigma_rate", pa.float64(), "mag/day", "Its standard deviation."),
            Output("lower_rate", pa.float64(), "mag/day", "Its 5 % quantile."),
            Output("upper_rate", pa.float64(), "mag/day", "Its 95 % quantile."),
            Output("delta_time", pa.float64(), "days", "Time since the last look in the band; null if there is none."),
            Output("from_upper", pa.bool_(), "", "True where the last look gave an upper limit."),
        ),
        compute=compute,
    ),
)
