"""Kilonova candidates by their surroundings: hours old, and as bright as one in the nearest galaxy of Mangrove."""

from typing import Any

import numpy as np

from fink_lib.filters.base import Batch, Clause, Filter
from fink_lib.filters.blocks.detection import POINT_LIKE, REAL, younger_than
from fink_lib.filters.blocks.moving import NOT_KNOWN_SSO
from fink_lib.filters.blocks.sky import off_ecliptic, off_galactic_plane
from fink_lib.filters.blocks.surroundings import MAY_BE_EXTRAGALACTIC, NO_STAR_NEAR

MAX_AGE_DAYS = 0.25
MAX_OFFSET_KPC = 10.0
BRIGHTEST, FAINTEST = -17.0, -15.0  # absolute magnitude of a kilonova near its peak
LATITUDE_DEG = 10.0
KPC_PER_MPC = 1000.0


def offset_kpc(batch: Batch) -> Any:
    """Return the projected distance from the nearest Mangrove galaxy; NaN where there is none."""
    return np.radians(batch["mangrove_sep_arcsec"] / 3600.0) * batch["mangrove_ang_dist_mpc"] * KPC_PER_MPC


def _like_a_kilonova(batch: Batch) -> Any:
    absolute_mag = batch["candidate.magpsf"] - 25.0 - 5.0 * np.log10(batch["mangrove_lum_dist_mpc"])
    return (absolute_mag > BRIGHTEST) & (absolute_mag < FAINTEST)


FILTER = Filter(
    name="early_kn_candidates",
    version="1.1",
    survey="ztf",
    clauses=(
        REAL,
        POINT_LIKE,
        younger_than(MAX_AGE_DAYS),
        MAY_BE_EXTRAGALACTIC,
        NOT_KNOWN_SSO,
        Clause(
            f"within {MAX_OFFSET_KPC:g} kpc of a Mangrove galaxy",
            ("mangrove_sep_arcsec", "mangrove_ang_dist_mpc"),
            lambda batch: offset_kpc(batch) < MAX_OFFSET_KPC,
        ),
        Clause(
            f"absolute magnitude between {BRIGHTEST:g} and {FAINTEST:g} at its distance",
            ("candidate.magpsf", "mangrove_lum_dist_mpc"),
            _like_a_kilonova,
        ),
        NO_STAR_NEAR,
        off_galactic_plane(LATITUDE_DEG, "candidate.ra", "candidate.dec"),
        off_ecliptic(LATITUDE_DEG, "candidate.ra", "candidate.dec"),
    ),
    description="Alerts a few hours old within 10 kpc of a galaxy, as luminous as a kilonova would be there. "
    "Galaxies are looked for within 60 arcsec, which is 10 kpc at 34 Mpc.",
    example="Take a second image within the hour to see whether it fades like the counterpart of GW170817.",
    owner="kilonovae",
    reference="Fink's topic of the same name; Ducoin et al. 2020, MNRAS 492, 4768 (Mangrove)",
)
