"""Supernovae of type Ia caught early."""

from fink_lib.filters.base import Filter
from fink_lib.filters.blocks.detection import POINT_LIKE, REAL
from fink_lib.filters.blocks.supernova import EARLY_TYPE_IA, SUPERNOVA
from fink_lib.filters.blocks.surroundings import MAY_BE_EXTRAGALACTIC
from fink_lib.filters.conditions import at_most

MAX_DETECTIONS = 20

FILTER = Filter(
    name="early_sn_candidates",
    version="1.0",
    survey="ztf",
    clauses=(
        SUPERNOVA,
        EARLY_TYPE_IA,
        at_most("candidate.ndethist", MAX_DETECTIONS),
        REAL,
        POINT_LIKE,
        MAY_BE_EXTRAGALACTIC,
    ),
    description="Alerts that both SuperNNova and a forest on the rising light curve call an early type Ia supernova.",
    example="Send them to the Transient Name Server the same night, and ask for a spectrum before maximum.",
    owner="supernovae",
    reference="Leoni et al. 2022, A&A 663, A13 (arXiv:2111.11438); Moller & de Boissiere 2020, MNRAS 491, 4277",
)
