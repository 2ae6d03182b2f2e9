"""Supernovae of any type."""

from fink_lib.filters.base import Filter
from fink_lib.filters.blocks.detection import POINT_LIKE, REAL, at_most_old
from fink_lib.filters.blocks.moving import NOT_KNOWN_SSO
from fink_lib.filters.blocks.supernova import SUPERNOVA
from fink_lib.filters.blocks.surroundings import MAY_BE_EXTRAGALACTIC
from fink_lib.filters.conditions import above

MAX_AGE_DAYS = 90.0

FILTER = Filter(
    name="sn_candidates",
    version="1.0",
    survey="ztf",
    clauses=(
        SUPERNOVA,
        MAY_BE_EXTRAGALACTIC,
        at_most_old(MAX_AGE_DAYS),
        REAL,
        POINT_LIKE,
        above("candidate.ndethist", 1),
        NOT_KNOWN_SSO,
    ),
    description="Alerts that SuperNNova calls a supernova, seen at least twice and for 90 days at most.",
    example="Keep the light curves of all supernovae of a season for a study of their rates.",
    owner="supernovae",
    reference="Moller & de Boissiere 2020, MNRAS 491, 4277 (SuperNNova); Moller et al. 2021, MNRAS 501, 3272",
)
