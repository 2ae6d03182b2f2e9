"""Flares of M dwarfs, low above the horizon: differential refraction then tells their temperature."""

from typing import Any

import numpy as np

from fink_lib.filters.base import Batch, Clause, Filter
from fink_lib.filters.blocks.rubin_history import BEFORE, NOW, age_days
from fink_lib.filters.blocks.rubin_quality import FLUX, GOOD_QUALITY, magnitude
from fink_lib.filters.blocks.rubin_surroundings import GAIA, is_gaia_star
from fink_lib.filters.conditions import among
from fink_lib.sky import airmass
from fink_lib.surveys.lsst.survey import CERRO_PACHON

MIN_R_MINUS_I, MIN_I_MINUS_Z = 0.53, 0.3  # redder than M0
MIN_AIRMASS = 1.3
MIN_EXCESS = 0.1
QUIET_HOURS = (4.0, 48.0)
TEMPLATE = "diaSource.templateFlux"
PAST_BAND, PAST_TEMPLATE = "prvDiaSources.band", "prvDiaSources.templateFlux"
RA, DEC = "diaSource.ra", "diaSource.dec"


def quiescent_mag(bands: Any, fluxes: Any, band: str) -> float:
    """Return the magnitude of the median template flux in one band; NaN where it was never measured.

    Parameters
    ----------
    bands
        Name of the band of each earlier point; None for no history.
    fluxes
        Template flux of each earlier point, nJy, NaN for null; None for no history.
    band
        The band that is asked for.

    Returns
    -------
    AB magnitude.
    """
    if bands is None or fluxes is None:
        return float("nan")
    found = [flux for flux, name in zip(fluxes, bands, strict=True) if name == band and not np.isnan(flux)]
    return float(magnitude(np.float64(np.median(found)))) if found else float("nan")


def _is_red(batch: Batch) -> Any:
    """Return where the quiet star is red, or its colours are not known."""
    pairs = list(zip(batch[PAST_BAND], batch[PAST_TEMPLATE], strict=True))
    r, i, z = (np.array([quiescent_mag(*pair, band) for pair in pairs], dtype=np.float64) for band in "riz")
    unknown = np.isnan(r + i + z)
    return unknown | ((r - i > MIN_R_MINUS_I) & (i - z > MIN_I_MINUS_Z))


def _is_isolated(batch: Batch) -> Any:
    shortest, longest = QUIET_HOURS
    answers = []
    for now, past in zip(batch[NOW], batch[BEFORE], strict=True):
        hours = (now - np.asarray([] if past is None else past, dtype=np.float64)) * 24.0
        answers.append(not ((hours >= shortest) & (hours <= longest)).any())
    return np.array(answers, dtype=bool)


FILTER = Filter(
    name="mdwarf_flare",
    version="1.0",
    survey="lsst",
    clauses=(
        Clause(
            "seen before, or a Gaia star with a parallax",
            (NOW, BEFORE),
            lambda batch: (age_days(batch) > 0.0) | is_gaia_star(batch),
            optional=GAIA,
            per_alert=True,
        ),
        *GOOD_QUALITY,
        Clause("in u or g", ("diaSource.band",), lambda batch: among(batch["diaSource.band"], ("u", "g"))),
        Clause("red when quiet, or of unknown colour", (PAST_BAND, PAST_TEMPLATE), _is_red, per_alert=True),
        Clause(
            f"airmass > {MIN_AIRMASS:g}",
            (RA, DEC, NOW),
            lambda batch: airmass(batch[RA], batch[DEC], batch[NOW], CERRO_PACHON) > MIN_AIRMASS,
        ),
        Clause(
            f"at least {100 * MIN_EXCESS:g} % above the template",
            (FLUX, TEMPLATE),
            lambda batch: (batch[TEMPLATE] > 0.0) & (batch[FLUX] / batch[TEMPLATE] >= MIN_EXCESS),
        ),
        Clause("not seen 4 to 48 h before", (NOW, BEFORE), _is_isolated, per_alert=True),
    ),
    description="Alerts in u or g of red stars that brightened by a tenth or more, seen at high airmass.",
    example="Measure the temperature of a flare from the shift that the atmosphere gives its image.",
    owner="variable-stars",
    reference="Fink's topic of the same name",
)
