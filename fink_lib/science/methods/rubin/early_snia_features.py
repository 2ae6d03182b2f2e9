"""Features of a supernova's light curve, and of its host where the packet names one.

All are made from what the packet carries at the time of the alert: the fluxes of its detections and of its forced
photometry, and the catalogued magnitudes, photometric redshift, size and separation of its host. Left out on
purpose: identifiers, sky position, the simulation's number of observations (it counts the whole light curve, also
what comes after the alert), spectroscopic and "final" redshifts (the latter is the truth where there is no host),
and every truth column.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.rubin.points import LightCurves, light_curves
from fink_lib.surveys.inputs import BANDS, HOST

Array = npt.NDArray[Any]
Columns = dict[str, Array]

AB_ZERO_NJY = 31.4
DETECTED_SNR = 5.0
SEEN_SNR = 3.0
COLOUR_SNR = 2.0
# Windows around the maximum, in days (negative is before it), in which fluxes are averaged.
MAXIMUM_EDGES_DAYS = (-20.0, -5.0, 5.0, 15.0, 30.0, 60.0, 120.0)
PAIRS = ((0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (1, 3), (2, 4))
WINDOW_BANDS = (1, 2, 3, 4, 5)
WINDOW_PAIRS = ((1, 2), (2, 3), (3, 4), (1, 3))
H0_KM_S_MPC, OMEGA_M = 70.0, 0.3
LIGHT_KM_S = 299792.458
MAX_REDSHIFT = 4.0


def light_curve_features(batch: AlertBatch) -> Columns:
    """Return the features of the light curve, one array each; NaN where a feature is undefined."""
    curves = light_curves(batch)
    found = _counts(curves)
    per_band = _per_band(curves)
    found |= per_band
    peak_age = _age_of_maximum(curves)
    found["peak_age_days"] = peak_age
    brightest = np.fmax.reduce([10.0 ** (-0.4 * (per_band[f"peak_mag_{b}"] - AB_ZERO_NJY)) for b in BANDS[1:]])
    return found | _windows(curves, peak_age[curves.owner] - curves.age_days, brightest)


def host_features(batch: AlertBatch, light: Columns) -> Columns:
    """Return the features of the host, and what its photometric redshift makes of the light curve.

    Parameters
    ----------
    batch
        Alerts with magnitudes, photometric redshift, separation and size of the host; NaN where there is none.
    light
        What `light_curve_features` returns for the same alerts.
    """
    host = {name: batch.scalars[name] for name in HOST}
    redshift = host["host_photoz"]
    modulus = distance_modulus(redshift)
    found: Columns = {**host}
    found |= {
        f"host_{a}{b}": host[f"host_mag_{a}"] - host[f"host_mag_{b}"] for a, b in zip("ugriz", "grizy", strict=True)
    }
    found |= {f"host_absolute_{band}": host[f"host_mag_{band}"] - modulus for band in "griz"}
    found["host_separation_in_radii"] = host["host_separation"] / np.sqrt(np.maximum(host["host_radius_sq"], 1e-3))
    found["photoz_relative_err"] = host["host_photoz_err"] / (1.0 + redshift)
    found |= {f"peak_absolute_{band}": light[f"peak_mag_{band}"] - modulus for band in BANDS}
    found["rest_age_days"] = light["age_days"] / (1.0 + redshift)
    found["rest_peak_age_days"] = light["peak_age_days"] / (1.0 + redshift)
    found["peak_above_host_i"] = light["peak_mag_i"] - host["host_mag_i"]
    return found


def distance_modulus(redshift: Array) -> Array:
    """Return the distance modulus (mag) in a flat universe, H0 = 70 km/s/Mpc, Omega_m = 0.3; NaN outside 0 < z <= 4."""
    grid = np.linspace(0.0, MAX_REDSHIFT, 4001)
    inverse = 1.0 / np.sqrt(OMEGA_M * (1.0 + grid) ** 3 + 1.0 - OMEGA_M)
    comoving = np.r_[0.0, np.cumsum(0.5 * (inverse[1:] + inverse[:-1]) * np.diff(grid))] * LIGHT_KM_S / H0_KM_S_MPC
    with np.errstate(all="ignore"):
        usable = np.where((redshift > 0.0) & (redshift <= MAX_REDSHIFT), redshift, np.nan)
        return np.asarray(5.0 * np.log10(np.interp(usable, grid, comoving) * (1.0 + usable)) + 25.0)


def _counts(curves: LightCurves) -> Columns:
    count, detected = len(curves), curves.is_detection
    age = np.full(count, -np.inf)
    np.maximum.at(age, curves.owner[detected], curves.age_days[detected])
    n_detections = np.bincount(curves.owner[detected], minlength=count).astype(float)
    n_points = np.bincount(curves.owner, minlength=count).astype(float)
    last = _last(np.flatnonzero(detected), curves.owner)
    return {
        "age_days": np.where(np.isfinite(age), age, np.nan),
        "n_detections": n_detections,
        "n_points": n_points,
        "detected_share": n_detections / np.where(n_points > 0, n_points, np.nan),
        "last_snr": _spread(curves.snr, last, curves.owner, count),
    }


def _per_band(curves: LightCurves) -> Columns:
    found: Columns = {}
    count, owner, flux, snr = len(curves), curves.owner, curves.flux_njy, curves.snr
    peak_age: dict[str, Array] = {}
    for place, band in enumerate(BANDS):
        inside = curves.band == place
        found[f"n_{band}"] = np.bincount(owner[inside & (snr > DETECTED_SNR)], minlength=count).astype(float)
        seen = np.flatnonzero(inside & (snr > SEEN_SNR))
        brightest = _last(seen[np.lexsort((flux[seen], owner[seen]))], owner)
        latest = _last(np.flatnonzero(inside & curves.is_detection), owner)
        peak = _spread(flux, brightest, owner, count)
        found[f"peak_mag_{band}"] = AB_ZERO_NJY - 2.5 * np.log10(peak)
        peak_age[band] = _spread(curves.age_days, brightest, owner, count)
        found[f"peak_age_{band}_days"] = peak_age[band]
        found[f"last_age_{band}_days"] = _spread(curves.age_days, latest, owner, count)
        found[f"last_over_peak_{band}"] = _spread(flux, latest, owner, count) / peak
    for first, second in PAIRS:
        a, b = BANDS[first], BANDS[second]
        found[f"peak_colour_{a}{b}"] = found[f"peak_mag_{a}"] - found[f"peak_mag_{b}"]
        found[f"peak_lag_{a}{b}_days"] = peak_age[a] - peak_age[b]
    return found


def _age_of_maximum(curves: LightCurves) -> Array:
    """Return the age of the detection of highest signal to noise in griz."""
    rows = np.flatnonzero(curves.is_detection & (curves.band >= 1) & (curves.band <= 4))  # noqa: PLR2004 - g to z
    snr = curves.snr
    best = _last(rows[np.lexsort((snr[rows], curves.owner[rows]))], curves.owner)
    return _spread(curves.age_days, best, curves.owner, len(curves))


def _windows(curves: LightCurves, days: Array, unit_njy: Array) -> Columns:
    """Return, for each window around the maximum, the mean flux of a band over the peak's, and colours."""
    found: Columns = {}
    count, bands = len(curves), len(BANDS)
    weight = 1.0 / curves.flux_err_njy**2
    key = curves.owner * bands + curves.band
    for place, (low, high) in enumerate(pairwise(MAXIMUM_EDGES_DAYS)):
        inside = (days >= low) & (days < high)
        total = np.bincount(key[inside], weights=weight[inside], minlength=count * bands)
        light = np.bincount(key[inside], weights=(weight * curves.flux_njy)[inside], minlength=count * bands)
        total, light = total.reshape(count, bands), light.reshape(count, bands)
        flux = light / np.where(total > 0, total, np.nan)
        snr = light / np.sqrt(np.where(total > 0, total, np.nan))
        mag = AB_ZERO_NJY - 2.5 * np.log10(np.where(snr > COLOUR_SNR, flux, np.nan))
        for code in WINDOW_BANDS:
            found[f"window{place}_flux_{BANDS[code]}"] = flux[:, code] / unit_njy
        for first, second in WINDOW_PAIRS:
            found[f"window{place}_colour_{BANDS[first]}{BANDS[second]}"] = mag[:, first] - mag[:, second]
    return found


def _last(rows: Array, owner: Array) -> Array:
    """Return the last of the rows of each alert; rows of one alert stand together."""
    if not len(rows):
        return rows
    return np.asarray(rows[np.r_[np.diff(owner[rows]) != 0, True]])


def _spread(values: Array, rows: Array, owner: Array, count: int) -> Array:
    """Return the values of some rows at the place of their alerts, NaN elsewhere."""
    spread = np.full(count, np.nan)
    spread[owner[rows]] = values[rows]
    return spread
