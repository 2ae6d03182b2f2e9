"""Transients as luminous as supernovae at the distance of the galaxy that they are near."""

from typing import Any

import numpy as np

from fink_lib.filters.base import Batch, Clause, Filter
from fink_lib.filters.blocks.rubin_history import seen_more_than
from fink_lib.filters.blocks.rubin_quality import magnitude
from fink_lib.filters.blocks.rubin_surroundings import NEAR_GALAXY, REDSHIFT, numbers
from fink_lib.science.methods.distance import luminosity_distance_mpc

BRIGHTEST, FAINTEST = -23.0, -13.0
PEAKS = tuple(f"diaObject.{band}_psfFluxMax" for band in "ugrizy")
MANGROVE = "mangrove_lum_dist_mpc"


def absolute_magnitude(batch: Batch) -> Any:
    """Return that of the peak, in its brightest band; by photometric redshift, else by Mangrove's distance."""
    distance = luminosity_distance_mpc(numbers(batch[REDSHIFT]))
    distance = np.where(np.isnan(distance), batch[MANGROVE], distance)
    peak = magnitude(np.fmax.reduce([batch[band] for band in PEAKS]))
    return peak - 25.0 - 5.0 * np.log10(np.where(distance > 0.0, distance, np.nan))


def _like_a_supernova(batch: Batch) -> Any:
    absolute = absolute_magnitude(batch)
    return (absolute > BRIGHTEST) & (absolute < FAINTEST)


FILTER = Filter(
    name="sn_near_galaxy_candidate",
    version="1.1",
    survey="lsst",
    clauses=(
        *NEAR_GALAXY,
        seen_more_than(5),
        Clause(
            f"peak between {BRIGHTEST:g} and {FAINTEST:g} mag at the galaxy's distance",
            (*PEAKS, MANGROVE),
            _like_a_supernova,
            optional=(REDSHIFT,),
        ),
    ),
    description="Alerts near a galaxy, of objects seen six times or more with the luminosity of a supernova.",
    example="Build a volume-limited sample of supernovae.",
    owner="supernovae",
    reference="Fink's topic of the same name; distances for H0 = 70 km/s/Mpc, Omega_m = 0.3",
)
