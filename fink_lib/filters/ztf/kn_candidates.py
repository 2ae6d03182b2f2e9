"""Kilonova candidates by their light curve."""

from fink_lib.filters.base import Filter
from fink_lib.filters.blocks.detection import POINT_LIKE, REAL, younger_than
from fink_lib.filters.blocks.moving import NOT_KNOWN_SSO
from fink_lib.filters.blocks.surroundings import MAY_BE_EXTRAGALACTIC
from fink_lib.filters.conditions import above, below

MIN_SCORE = 0.5
MAX_AGE_DAYS = 5.0
MAX_DETECTIONS = 20

FILTER = Filter(
    name="kn_candidates",
    version="1.0",
    survey="ztf",
    clauses=(
        above("rf_kn_vs_nonkn", MIN_SCORE),
        REAL,
        POINT_LIKE,
        younger_than(MAX_AGE_DAYS),
        below("candidate.ndethist", MAX_DETECTIONS),
        NOT_KNOWN_SSO,
        MAY_BE_EXTRAGALACTIC,
    ),
    description="Alerts of the last five days whose light curve a forest trained on simulations calls a kilonova.",
    example="Compare them with the sky map of a gravitational-wave event.",
    owner="kilonovae",
    reference="Biswas et al. 2023, A&A 677, A77 (arXiv:2210.17433)",
)
