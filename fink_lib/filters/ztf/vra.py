"""Faint unknown sources for a virtual research assistant that ranks them."""

from fink_lib.filters.base import Filter
from fink_lib.filters.blocks.detection import REAL
from fink_lib.filters.blocks.moving import NOT_KNOWN_SSO
from fink_lib.filters.blocks.surroundings import UNCATALOGUED
from fink_lib.filters.conditions import above

MIN_MAG = 19.5

FILTER = Filter(
    name="vra",
    version="1.0",
    survey="ztf",
    clauses=(UNCATALOGUED, NOT_KNOWN_SSO, above("candidate.magpsf", MIN_MAG), REAL),
    description="Real alerts fainter than 19.5 mag where nothing is catalogued and nothing known passes by.",
    example="Let a virtual research assistant rank them for a survey of the southern sky.",
    owner="transients",
    reference="Fink's topic of the same name, made for the Virtual Research Assistant of ATLAS",
)
