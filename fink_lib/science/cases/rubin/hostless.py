"""Rubin transients without a visible host: the centre of the stamps of the alerts that pass every cheap test.

Method: Pessi et al. 2024 (arXiv:2404.18165), made to fit Rubin's pixels. The central 30x30 pixels of both stamps are
smoothed by the seeing; the transient must stand out of the visit by 4 times the noise within 0.6 arcsec of the
centre, and nothing out of the template by 3.5 times its noise within 1.8 arcsec: a bright pixel there is a host.
For these candidates both statistics of the power spectrum are computed as for ZTF, on 15 pixels; the template's must
be that of noise.

Where it differs from Fink's module for Rubin, whose code and documentation differ themselves: any positive flux is
looked at, as in Fink's code (its configuration says 20 mag); two detections at one place suffice (its documentation
says three), since one cannot show that it stands still; the template may be as faint as it likes (the documentation
asks for 300 nJy and 5 times the error, which keeps out every place without light); Fink's second look crops 30 pixels
to 30 and so decides nothing, and it counts pixels that stand out singly, which a source fainter than 21 mag has none
of. The statistic of the science stamp is told, and decides nothing: the transient itself is in it.
SIMBAD, Gaia and the Legacy Surveys count where their answers are given from outside. A smaller stamp is none.
An artefact that the survey calls reliable is called hostless as well: ask for `reliability` besides.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.fits_image import NoImageError
from fink_lib.science.cases.hostless import OUTPUTS, examine
from fink_lib.science.framework.base import NO_MATCH, Cost, Module, ModuleResult
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.elephant import HostlessResult, Image
from fink_lib.science.methods.rubin import hosts
from fink_lib.sky import unit_vectors

Flags = npt.NDArray[np.bool_]

SIZE_PX = 30
DETECTIONS_MIN = 2
AGE_DAYS_MAX = 30.0
TEMPLATE_MAX_NJY = 2000.0  # 23.1 mag
TEMPLATE_STATISTIC_MAX = 0.85
MOVES_ARCSEC = 1.0  # two detections of one object lie closer
MATCHED = ("mangrove_sep_arcsec", "spicy_sep_arcsec")  # catalogues of this machine
FROM_OUTSIDE = ("simbad_otype", "gaiadr3_DR3Name", "legacydr8_zphot")
NO_ANSWER_PREFIX = "Fail"


def compute(batch: AlertBatch, _resource: Any) -> ModuleResult:
    """Compare the stamps of the alerts that pass the gates; the others are told which one they failed.

    Parameters
    ----------
    batch
        Alerts with their science and template stamps, and what the gates read.
    _resource
        Not used: nothing is loaded.
    """
    return examine(batch, list(gates(batch)), centre, hosts.compare, is_hostless)


def is_hostless(verdict: HostlessResult) -> bool:
    """Tell whether the template is like noise; the smaller of Fink's limits for the science stamp is not asked for."""
    return verdict.is_candidate and verdict.template <= TEMPLATE_STATISTIC_MAX


def gates(batch: AlertBatch) -> Iterator[tuple[Flags, str]]:
    """Yield who is not looked at, and why; the first reason that applies is the one that is told."""
    alert = batch.scalars
    with np.errstate(invalid="ignore"):
        yield np.asarray(batch.results["is_sso"].fill_null(False), dtype=bool), "a known solar-system object"
        yield ~(alert["n_detections"] >= DETECTIONS_MIN), f"fewer than {DETECTIONS_MIN} detections"
        yield np.isnan(alert["flux"]), "the flux is not known"
        yield ~(alert["flux"] > 0.0), "fainter than the template"
        yield ~(age_days(batch) < AGE_DAYS_MAX), f"first detected {AGE_DAYS_MAX:g} days ago or more"
        yield ~(alert["template_flux"] < TEMPLATE_MAX_NJY), f"the template is not below {TEMPLATE_MAX_NJY:g} nJy"
    yield moves(batch), "it moves"
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


def age_days(batch: AlertBatch) -> npt.NDArray[np.float64]:
    """Return the time since the first detection of the packet; NaN where no time is known."""
    time = batch.history("time")
    known = np.where(np.isfinite(time.values), time.values, np.inf)
    first = np.minimum.reduceat(known, time.offsets[:-1])
    return np.asarray(batch.scalars["time"] - np.where(np.isfinite(first), first, np.nan))


def moves(batch: AlertBatch) -> Flags:
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
        version="2.0",
        meaning="Does the transient shine where the template shows no host?",
        reference="ELEPHANT: Pessi et al. 2024 (arXiv:2404.18165); differences from Fink's module for Rubin below",
        surveys=("lsst",),
        cost=Cost.HEAVY,
        scalars=("dec", "flux", "n_detections", "ra", "template_flux", "time"),
        histories=("dec", "ra", "time"),
        stamps=("science", "template"),
        needs=("is_sso", *MATCHED),
        optional=FROM_OUTSIDE,
        outputs=OUTPUTS,
        compute=compute,
    ),
)
