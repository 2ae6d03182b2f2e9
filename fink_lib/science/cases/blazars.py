"""Standardised flux and state of the blazars that the CTAO wants to follow.

The flux of each is divided by its median over the archive, and the result compared with two thresholds of the
object's own. Objects are found by their ZTF name.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.science.framework.base import NO_MATCH, Cost, Module, Output, Role, Values
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.photometry import MAG_PER_RELATIVE_FLUX, SOURCE_BEHIND_PX, apparent_magnitude
from fink_lib.surveys.inputs import BANDS

Floats = npt.NDArray[np.float64]

FILES = "CTAO_blazars_ztf_dr*.parquet"
FILE_BANDS = {"1": "g", "2": "r"}  # ZTF's band numbers
JANSKY_ZERO_POINT_MAG = 8.9
LOW_DAYS, HIGH_DAYS = 30.0, 5.0  # a low state must last, a high one must be seen at once
MEAN_POINTS_MIN = 2
LOW, HIGH, NORMAL = "low", "high", "normal"


@dataclass(frozen=True)
class Blazars:
    """The list: medians in Jy by band, thresholds in units of the median.

    Attributes
    ----------
    place
        ZTF name → row.
    names
        Names of the sources.
    medians
        Shape (rows, bands in the order of `BANDS`); NaN where there is none.
    low, high
        Thresholds.
    version
        File and the start of its sha256.
    """

    place: Mapping[str, int]
    names: tuple[str, ...]
    medians: Floats
    low: Floats
    high: Floats
    version: str


def load(_cache: Path) -> Blazars:
    """Read the newest list of the catalogue folder.

    Raises
    ------
    ConfigError
        When there is none.
    """
    folder = Settings().catalogs
    files = sorted(folder.glob(FILES)) if folder is not None else []
    if not files:
        raise ConfigError(f"no {FILES} in {folder or 'any folder'}; set FINK_CATALOGS")
    table = pq.read_table(files[-1])
    medians = np.full((table.num_rows, len(BANDS)), np.nan)
    for number, band in FILE_BANDS.items():
        values = table["medians"].combine_chunks().field(number).to_numpy(zero_copy_only=False)
        medians[:, BANDS.index(band)] = values
    names = table["ZTF_name"].to_pylist()
    digest = hashlib.sha256(files[-1].read_bytes()).hexdigest()
    return Blazars(
        place={name: row for row, name in enumerate(names)},
        names=tuple(table["Source_name"].to_pylist()),
        medians=medians,
        low=table["low_threshold"].to_numpy(),
        high=table["high_threshold"].to_numpy(),
        version=f"file {files[-1].name} {digest[:12]}",
    )


def provenance(blazars: Blazars) -> dict[str, str]:
    """Name the version of the list."""
    return {"catalog.ctao_blazars": blazars.version}


def compute(batch: AlertBatch, blazars: Any) -> Mapping[str, Values]:
    """Return the state of each blazar; other objects get no value and the word for no match, null without a name.

    Parameters
    ----------
    batch
        Alerts with the name of the object and, of each point, time in days, magnitude and reference.
    blazars
        What `load` returns: the list of those to be followed.
    """
    found: dict[str, Any] = {name: np.full(len(batch), np.nan) for name in NUMBERS}
    names = batch.scalars["object_id"]
    match = np.array([NO_MATCH if name else None for name in names], dtype=object)
    found |= {"blazar": match, "blazar_state": match.copy()}
    for row, name in enumerate(names):
        place = blazars.place.get(name)
        if place is not None:
            found["blazar"][row] = blazars.names[place]
            for column, value in _state(batch, row, blazars, place).items():
                found[column][row] = value
    return found


def _state(batch: AlertBatch, row: int, blazars: Blazars, place: int) -> dict[str, Any]:
    time, flux, error = standardised(batch, row, blazars.medians[place])
    low, high = blazars.low[place], blazars.high[place]
    now = flux[-1]
    state = {
        "blazar_flux": now,
        "blazar_flux_err": error[-1],
        "blazar_instantness_low": now / low,
        "blazar_robustness_low": mean_flux(time, flux, LOW_DAYS) / low,
        "blazar_instantness_high": now / high,
        "blazar_robustness_high": mean_flux(time, flux, HIGH_DAYS) / high,
    }
    lower = [state[f"blazar_{what}_low"] < 1.0 for what in ("instantness", "robustness")]
    higher = [state[f"blazar_{what}_high"] > 1.0 for what in ("instantness", "robustness")]
    return {**state, "blazar_state": _word(lower, higher, seen=bool(np.isfinite(now)), known=_is_known(state))}


def _is_known(state: Mapping[str, float]) -> bool:
    return all(np.isfinite(state[f"blazar_robustness_{kind}"]) for kind in (LOW, HIGH))


def _word(lower: Sequence[bool], higher: Sequence[bool], *, seen: bool, known: bool) -> str | None:
    """Return the state; None without a flux, or where it points at a state and there is no mean to confirm it."""
    if not seen or (not known and (lower[0] or higher[0])):
        return None
    return LOW if all(lower) else HIGH if all(higher) else NORMAL


def standardised(batch: AlertBatch, row: int, medians: Floats) -> tuple[Floats, Floats, Floats]:
    """Return time, flux and error, in units of the median of the band, of each point of an alert.

    NaN for upper limits and where no reference source stands behind.

    Parameters
    ----------
    batch
        Alerts with their histories.
    row
        Place of the alert in the batch.
    medians
        Median flux of the object in Jy, one a band in the order of `BANDS`; NaN where there is none.
    """
    here = slice(batch.offsets[row], batch.offsets[row + 1])
    points = {name: values[here] for name, values in batch.histories.items()}
    mag, mag_err = apparent_magnitude(
        points["mag"], points["mag_err"], points["ref_mag"], points["ref_mag_err"], points["is_positive"]
    )
    band = points["band"].astype(np.int64)
    median = np.where(band >= 0, medians[band], np.nan)
    behind = (points["ref_separation"] >= 0.0) & (points["ref_separation"] <= SOURCE_BEHIND_PX)
    flux = 10.0 ** (-0.4 * (mag - JANSKY_ZERO_POINT_MAG)) / median
    flux = np.where(behind, flux, np.nan)
    return points["time"], flux, flux * mag_err / MAG_PER_RELATIVE_FLUX


def mean_flux(time: Floats, flux: Floats, days: float) -> float:
    """Return the time average of the last days, by trapezoids; NaN for fewer than two points.

    Parameters
    ----------
    time
        Of each point, days, ascending; not empty: the last one ends the average.
    flux
        Of each point, in any unit; a point that is NaN is left out.
    days
        Length of the average.
    """
    used = np.isfinite(flux) & (time >= time[-1] - days)
    times, fluxes = time[used], flux[used]
    if len(times) < MEAN_POINTS_MIN or times[-1] == times[0]:
        return float("nan")
    return float(np.trapezoid(fluxes, times) / (times[-1] - times[0]))


NUMBERS = (
    "blazar_flux", "blazar_flux_err", "blazar_instantness_low", "blazar_robustness_low",
    "blazar_instantness_high", "blazar_robustness_high",
)  # fmt: skip
MEANINGS = (
    "Apparent flux divided by the object's median in the band.",
    "Its error.",
    "That flux over the low threshold.",
    "Mean of the last 30 days over the low threshold; null for fewer than two points.",
    "That flux over the high threshold.",
    "Mean of the last 5 days over the high threshold; null for fewer than two points.",
)

MODULES = (
    Module(
        name="blazars",
        version="1.1",
        meaning="Standardised flux of the blazars watched for the CTAO, and whether they are low or high.",
        reference="Fink's standardised flux and extreme states of blazars for CTAO; thresholds come with the list",
        surveys=("ztf",),
        cost=Cost.CHEAP,
        scalars=("object_id",),
        histories=("band", "is_positive", "mag", "mag_err", "ref_mag", "ref_mag_err", "ref_separation", "time"),
        outputs=(
            Output("blazar", pa.string(), "", f"Name of the blazar, or '{NO_MATCH}'.", Role.NAME),
            Output(
                "blazar_state",
                pa.string(),
                "",
                f"{LOW} or {HIGH} where the alert and the mean agree, else {NORMAL}; '{NO_MATCH}' for other objects; "
                "null without a flux, or without the mean that it must agree with.",
            ),
            *(
                Output(name, pa.float64(), "", meaning)
                for name, meaning in zip(NUMBERS, MEANINGS, strict=True)
            ),
        ),
        compute=compute,
        load=load,
        provenance=provenance,
    ),
)  # fmt: skip
