"""Rubin: transients in other galaxies, near a galaxy that is known or at least on no star that is.

SIMBAD, Gaia and the photometric redshifts of the Legacy Survey are asked where silver has their columns. Their
'Unknown' says that nothing is there; a null, or no such column, that nobody asked; 'Fail' that nobody answered.
Nothing is selected as if one of them had said "nothing there": where Gaia was not asked, a galaxy must be known at
the place, by SIMBAD or by Mangrove; where Gaia failed, the alert is kept back.
"""

from typing import Any

import numpy as np

from fink_lib.filters.base import Batch, Clause
from fink_lib.filters.blocks.catalogued import NOTHING
from fink_lib.filters.blocks.rubin_quality import GOOD_QUALITY
from fink_lib.filters.blocks.simbad import is_answered
from fink_lib.filters.blocks.sky import off_galactic_plane
from fink_lib.filters.conditions import among, is_false
from fink_lib.science.framework.base import NO_MATCH
from fink_lib.science.methods.classify.labels import EXTRAGALACTIC, FAILED_PREFIX
from fink_lib.science.methods.classify.variables import is_of_other_galaxies

SIMBAD = "simbad_otype"
GAIA = ("gaiadr3_DR3Name", "gaiadr3_Plx", "gaiadr3_e_Plx")
REDSHIFT = "legacydr8_zphot"
MANGROVE = "mangrove_sep_arcsec"
MIN_PARALLAX_SNR = 5.0
LATITUDE_DEG = 20.0

# SIMBAD's short codes for what its long labels in EXTRAGALACTIC name; the crossmatch of Rubin alerts gives codes.
CODES = frozenset(
    {
        *("G", "G?", "EmG", "SyG", "Sy1", "Sy2", "Sy?", "LIN", "SBG", "bCG", "LSB", "H2G", "rG", "IG", "PaG"),
        *("GiP", "GiG", "GiC", "BiC", "GrG", "Gr?", "CGG", "ClG", "C?G", "PCG", "SCG", "SC?", "vid", "SN*", "SN?"),
    }
)


def numbers(values: Any) -> Any:
    """Return an optional column as floats: one that is not there is all NaN."""
    return np.array(list(values), dtype=np.float64)


def is_gaia_star(batch: Batch) -> Any:
    """Return where Gaia has a source with a parallax of five sigma."""
    name, parallax, error = (batch[column] for column in GAIA)
    found = ~among(name, (*NOTHING, "nan")) & ~_failed(name)
    return found & (numbers(parallax) / numbers(error) > MIN_PARALLAX_SNR)


def _failed(words: Any) -> Any:
    return np.array([str(word).startswith(FAILED_PREFIX) for word in words], dtype=bool)


def _no_gaia_star(batch: Batch) -> Any:
    answered = is_answered(batch[GAIA[0]])
    return (answered & ~is_gaia_star(batch)) | (~answered & ~_failed(batch[GAIA[0]]) & _known_galaxy(batch))


def _no_variable_star(batch: Batch) -> Any:
    return np.array(
        [_is_no_star(vsx) and _is_no_star(gcvs) for vsx, gcvs in zip(batch["vsx"], batch["gcvs"], strict=True)],
        dtype=bool,
    )


def _is_no_star(kind: str | None) -> bool:
    return kind is not None and (kind == NO_MATCH or is_of_other_galaxies(kind))


def _known_galaxy(batch: Batch) -> Any:
    return among(batch[SIMBAD], EXTRAGALACTIC | CODES) | (batch[MANGROVE] >= 0.0)


def _empty(batch: Batch) -> Any:
    """Return where SIMBAD was asked and has nothing."""
    return among(batch[SIMBAD], (NO_MATCH,))


def _near_galaxy(batch: Batch) -> Any:
    return _known_galaxy(batch) | ((numbers(batch[REDSHIFT]) > 0.0) & _empty(batch))


def _near_galaxy_or_nothing(batch: Batch) -> Any:
    return _near_galaxy(batch) | _empty(batch)


NOT_SSO = is_false("is_sso", "no solar-system object")
OFF_PLANE = off_galactic_plane(LATITUDE_DEG, "diaSource.ra", "diaSource.dec")
NO_GAIA_STAR = Clause(
    "no Gaia star with a parallax there, or a known galaxy where Gaia was not asked",
    (MANGROVE,),
    _no_gaia_star,
    optional=(*GAIA, SIMBAD),
)
_NO_STAR = (
    *GOOD_QUALITY,
    OFF_PLANE,
    NOT_SSO,
    NO_GAIA_STAR,
    Clause("no star of GCVS or VSX there", ("gcvs", "vsx"), _no_variable_star),
)
NEAR_GALAXY = (
    *_NO_STAR,
    Clause("a galaxy is near", (MANGROVE,), _near_galaxy, optional=(SIMBAD, REDSHIFT)),
)
EXTRAGALACTIC_OR_EMPTY = (
    *_NO_STAR,
    Clause(
        "a galaxy is near, or SIMBAD has nothing", (MANGROVE,), _near_galaxy_or_nothing, optional=(SIMBAD, REDSHIFT)
    ),
)
