"""What Rubin's pipeline would write of a made source: the rows of detections, of forced photometry, of objects."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fink_lib.surveys.lsst.copies import exposure_at
from fink_lib.surveys.lsst.ids import DETECTORS, source_id, visit_of
from fink_lib.surveys.lsst.made.sources import HISTORY_DAYS, Kind, Source, flux_err_njy

Row = dict[str, Any]
DETECTED_SIGMA = 5.0
POSITION_ERR_DEG = 0.1 / 3600.0
PIXEL_MOMENT_ARCSEC2 = 0.1154  # of a star of 0.8 arcsec full width
PROCESSED_DAYS = 90.0 / 86_400.0
EXPOSURE_S = 30.0
PAST_VISITS = 60
YOUNG_DAYS = 60.0
BANDS = "ugrizy"


@dataclass(frozen=True)
class Seen:
    """A source in one exposure.

    Attributes
    ----------
    mjd_tai, band, detector, counter
        When, through which filter, where in the camera, and which source there.
    ra_deg, dec_deg
        Where on the sky.
    flux_njy, err_njy
        Measured difference flux, and its error.
    """

    mjd_tai: float
    band: str
    detector: int
    counter: int
    ra_deg: float
    dec_deg: float
    flux_njy: float
    err_njy: float

    @property
    def detected(self) -> bool:
        """Whether the difference is a detection."""
        return abs(self.flux_njy) > DETECTED_SIGMA * self.err_njy

    @property
    def identity(self) -> int:
        """Number of the source."""
        return source_id(*exposure_at(self.mjd_tai), self.detector, self.counter)


def past(source: Source, now: Seen, rng: np.random.Generator) -> list[Seen]:
    """Return the exposures that looked at the place before, oldest first.

    Parameters
    ----------
    source
        Its light curve; one that was never seen before has none.
    now
        The current exposure.
    rng
        Source of what is drawn.

    Returns
    -------
    `PAST_VISITS` of them, detections or not, or none.
    """
    if not source.has_history:
        return []
    since = YOUNG_DAYS if source.kind is Kind.SUPERNOVA else HISTORY_DAYS
    times = np.sort(now.mjd_tai - rng.uniform(1.0, since, PAST_VISITS))
    seen = []
    for mjd, number in zip(times, rng.integers(1, len(BANDS), PAST_VISITS), strict=True):
        flux, band = source.flux(float(mjd)), BANDS[int(number)]
        err = flux_err_njy(band, flux)
        place = rng.normal(0.0, POSITION_ERR_DEG, 2)
        ra, dec = (now.ra_deg + place[0]) % 360.0, now.dec_deg + place[1]
        detector, measured = int(rng.integers(0, DETECTORS)), float(rng.normal(flux, err))
        seen.append(Seen(float(mjd), band, detector, now.counter, ra, dec, measured, err))
    return seen


def detection(blank: Row, seen: Seen, source: Source, owner: Row) -> Row:
    """Return the row of a detection; `owner` names its object.

    Parameters
    ----------
    blank
        A row with every field of the schema.
    seen
        The source in its exposure.
    source
        What it is.
    owner
        Fields that name its object.
    """
    common = {
        "diaSourceId": seen.identity, "visit": visit_of(*exposure_at(seen.mjd_tai)), "detector": seen.detector,
        "midpointMjdTai": seen.mjd_tai, "timeProcessedMjdTai": seen.mjd_tai + PROCESSED_DAYS,
        "ra": seen.ra_deg, "dec": seen.dec_deg, "raErr": POSITION_ERR_DEG, "decErr": POSITION_ERR_DEG,
        "x": 2000.0, "y": 2000.0, "band": seen.band, "exposureTime": EXPOSURE_S,
    }  # fmt: skip
    fluxes = {
        "psfFlux": seen.flux_njy, "apFlux": seen.flux_njy, "trailFlux": seen.flux_njy,
        "scienceFlux": seen.flux_njy + source.template_njy, "templateFlux": source.template_njy,
        "psfFluxErr": seen.err_njy, "apFluxErr": 1.5 * seen.err_njy, "scienceFluxErr": seen.err_njy,
        "templateFluxErr": 0.2 * seen.err_njy, "snr": abs(seen.flux_njy) / seen.err_njy,
        "isNegative": seen.flux_njy < 0.0,
    }  # fmt: skip
    shape = {
        "ixx": PIXEL_MOMENT_ARCSEC2, "iyy": PIXEL_MOMENT_ARCSEC2, "ixy": 0.0, "psfNdata": 1681, "bboxSize": 11,
        "ixxPSF": PIXEL_MOMENT_ARCSEC2, "iyyPSF": PIXEL_MOMENT_ARCSEC2, "ixyPSF": 0.0, "trailLength": 0.1,
        "extendedness": 0.0, "reliability": 0.3 if source.kind is Kind.ARTEFACT else 0.95,
    }  # fmt: skip
    return {**blank, **dict.fromkeys(_flags(blank), False), **common, **fluxes, **shape, **owner}


def _flags(blank: Row) -> list[str]:
    words = ("flag", "pixelFlags", "glint_trail", "isDipole", "dipoleFitAttempted")
    return [name for name in blank if any(word in name for word in words)]


def forced(blank: Row, seen: Seen, source: Source, object_id: int) -> Row:
    """Return the row of forced photometry at the place of an object.

    Parameters
    ----------
    blank
        A row with every field of the schema.
    seen
        The source in its exposure.
    source
        What it is.
    object_id
        Id of the object.
    """
    row = {
        "diaForcedSourceId": seen.identity, "diaObjectId": object_id, "ra": seen.ra_deg, "dec": seen.dec_deg,
        "visit": visit_of(*exposure_at(seen.mjd_tai)), "detector": seen.detector, "psfFlux": seen.flux_njy,
        "psfFluxErr": seen.err_njy, "midpointMjdTai": seen.mjd_tai, "band": seen.band,
        "scienceFlux": seen.flux_njy + source.template_njy, "scienceFluxErr": seen.err_njy,
        "timeProcessedMjdTai": seen.mjd_tai + PROCESSED_DAYS,
    }  # fmt: skip
    return {**blank, **row}


def record_of_object(blank: Row, object_id: int, rows: Sequence[Row]) -> Row:
    """Return what the pipeline tells of an object, out of the rows of its detections, the current one last.

    Parameters
    ----------
    blank
        A row with every field of the schema.
    object_id
        Id of the object.
    rows
        What `detection` returned, at least one, oldest first.
    """
    times = [row["midpointMjdTai"] for row in rows]
    place = {name: float(np.mean([row[name] for row in rows])) for name in ("ra", "dec")}
    facts: Row = {
        "diaObjectId": object_id, **place, "raErr": POSITION_ERR_DEG, "decErr": POSITION_ERR_DEG,
        "nDiaSources": len(rows), "firstDiaSourceMjdTai": min(times), "lastDiaSourceMjdTai": max(times),
        "validityStartMjdTai": times[-1] + PROCESSED_DAYS,
    }  # fmt: skip
    for band in BANDS:
        own = [row for row in rows if row["band"] == band]
        facts[f"{band}_psfFluxNdata"] = len(own)
        if own:
            fluxes = np.array([row["psfFlux"] for row in own])
            errors = np.array([row["psfFluxErr"] for row in own])
            facts |= {
                f"{band}_psfFluxMean": float(fluxes.mean()), f"{band}_psfFluxMin": float(fluxes.min()),
                f"{band}_psfFluxMax": float(fluxes.max()), f"{band}_psfFluxErrMean": float(errors.mean()),
                f"{band}_psfFluxMeanErr": float(np.sqrt((errors**2).sum()) / len(own)),
                f"{band}_scienceFluxMean": float(np.mean([row["scienceFlux"] for row in own])),
            }  # fmt: skip
        if len(own) > 1:
            facts[f"{band}_psfFluxSigma"] = float(np.std(fluxes, ddof=1))
    return {**blank, **facts}
