"""New transients near galaxies, for the SVOM mission."""

from fink_lib.filters.base import Filter
from fink_lib.filters.blocks.rubin_history import younger_than
from fink_lib.filters.blocks.rubin_quality import brighter_than
from fink_lib.filters.blocks.rubin_surroundings import NEAR_GALAXY

FILTER = Filter(
    name="extragalactic_svom",
    version="1.1",
    survey="lsst",
    clauses=(*NEAR_GALAXY, younger_than(5.0), brighter_than(24.0)),
    description="Alerts brighter than 24 mag near a galaxy, of sources first seen less than five days ago.",
    example="Search for the optical counterpart of a burst that SVOM has localised.",
    owner="multi-messenger",
    reference="Fink's topic of the same name",
)
