"""Rubin transients without a visible host: the centre of the stamps of the few alerts that pass every cheap test.

The method is that of the module `hostless`. The tests before it are those of Fink's module for Rubin; answers of
SIMBAD, Gaia and the Legacy Surveys count where they are given from outside. Stamps of Rubin differ in size: their
central 30x30 pixels are compared, and a smaller stamp is none.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.catalogs.index import unit_vectors
from fink_lib.science.cases.hostless import OUTPUTS, examine
from fink_lib.science.framework.base import NO_MATCH, Cost, Findings, Module
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.elephant import Image
from fink_lib.science.methods.fits_image import NoImageError

Flags = npt.NDArray[np.bool_]

SIZE_PX = 30
CROP_RADIUS_PX = 15
DETECTIONS_MIN = 3
AGE_DAYS_MAX = 30.0
FLUX_MIN_NJY = 36307.8  # 20 mag
TEMPLATE_MIN_NJY, TEMPLATE_MAX_NJY, TEMPLATE_SNR_MIN = 300.0, 2000.0, 5.0
MOVES_ARCSEC = 1.0  # two detections of one object lie closer
MATCHED = ("mangrove_sep_arcsec", "spicy_sep_arcsec")  # catalogues of this machine
FROM_OUTSIDE = ("simbad_otype", "gaiadr3_DR3Name", "legacydr8_zphot")
NO_ANSWER_PREFIX = "Fail"


def compute(batch: AlertBatch, _resource: Any) -> Findings:
    """Compare the stamps of the alerts that pass the gates; the others are told which one they failed."""
    return examine(batch, list(gates(batch)), centre, CROP_RADIUS_PX)


def gates(batch: AlertBatch) -> Iterator[tuple[Flags, str]]:
    """Yield who is not looked at, and why; the first reason that applies is the one that is told."""
    alert = batch.scalars
    template, noise = alert["template_flux"], alert["template_flux_err"]
    with np.errstate(invalid="ignore", divide="ignore"):
        yield np.asarray(batch.results["is_sso"].fill_null(False), dtype=bool), "a known solar-system object"
        yield ~(alert["n_detections"] >= DETECTIONS_MIN), f"fewer than {DETECTIONS_MIN} detections"
        yield np.isnan(alert["flux"]), "the flux is not known"
        yield ~(alert["flux"] > FLUX_MIN_NJY), "fainter than 20 mag"
        yield ~(_age_days(batch) < AGE_DAYS_MAX), f"first detected {AGE_DAYS_MAX:g} days ago or more"
        faint = (template > TEMPLATE_MIN_NJY) & (template < TEMPLATE_MAX_NJY)
        yield ~faint, f"the template is not between {TEMPLATE_MIN_NJY:g} and {TEMPLATE_MAX_NJY:g} nJy"
        yield ~(template / noise > TEMPLATE_SNR_MIN), f"the template is not {TEMPLATE_SNR_MIN:g} times its error"
    yield _moves(batch), "it moves"
    for name in (*MATCHED, *FROM_OUTSIDE):
        if name in batch.results:
            yield _named(batch.results[name]), f"catalogued: {name}"


def centre(image: Image) -> Image:
    """Return the central pixels of a stamp.

    Raises
    ------
    NoImageError
        When the stamp is smaller.
    """
    rows, columns = ((size - SIZE_PX) // 2 for size in image.shape)
    if min(rows, columns) < 0:
        raise NoImageError(f"is {image.shape[0]}x{image.shape[1]} pixels, cut by an edge")
    return image[rows : rows + SIZE_PX, columns : columns + SIZE_PX]


def _age_days(batch: AlertBatch) -> npt.NDArray[np.float64]:
    """Return the time since the first detection of the packet; NaN where no time is known."""
    time = batch.history("time")
    known = np.where(np.isfinite(time.values), time.values, np.inf)
    first = np.minimum.reduceat(known, time.offsets[:-1])
    return np.asarray(batch.scalars["time"] - np.where(np.isfinite(first), first, np.nan))


def _moves(batch: AlertBatch) -> Flags:
    """Return where a detection of the packet lies elsewhere than the current one."""
    ra = batch.history("ra")
    there = unit_vectors(ra.values, batch.histories["dec"])
    here = unit_vectors(batch.scalars["ra"], batch.scalars["dec"])[ra.owners]
    chord = np.sqrt(((there - here) ** 2).sum(axis=1))
    return np.asarray(ra.count(np.degrees(chord) * 3600.0 > MOVES_ARCSEC) > 0)


def _named(values: pa.Array) -> Flags:
    """Return where a catalogue has a source; a service that failed has none, and neither has a null."""
    words = ["" if value is None or value != value else str(value) for value in values.to_pylist()]  # noqa: PLR0124 - NaN
    return np.array([word not in {NO_MATCH, ""} and not word.startswith(NO_ANSWER_PREFIX) for word in words])


MODULES = (
    Module(
        name="hostless_rubin",
        version="1.0",
        meaning="Does the transient shine where the template shows no host?",
        reference="ELEPHANT: Pessi et al. 2024 (arXiv:2404.18165); tests before it from Fink's module for Rubin",
        surveys=("lsst",),
        cost=Cost.HEAVY,
        scalars=("dec", "flux", "n_detections", "ra", "template_flux", "template_flux_err", "time"),
        histories=("dec", "ra", "time"),
        stamps=("science", "template"),
        needs=("is_sso", *MATCHED),
        optional=FROM_OUTSIDE,
        outputs=OUTPUTS,
        compute=compute,
    ),
)
