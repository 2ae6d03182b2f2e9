"""The safest supernova candidates: two classifiers agree."""

from fink_lib.filters.base import Filter
from fink_lib.filters.blocks.rubin_history import SEEN_TWICE
from fink_lib.filters.blocks.rubin_quality import GOOD_QUALITY, POSITIVE, SURELY_DETECTED
from fink_lib.filters.blocks.rubin_surroundings import NOT_SSO
from fink_lib.filters.conditions import at_least, equals

SUPERNOVA_CODE = 11  # the class of CATS that holds supernovae

FILTER = Filter(
    name="most_likely_sn",
    version="1.0",
    survey="lsst",
    clauses=(
        at_least("snn_sn_vs_others", 0.7),
        equals("cats_class", SUPERNOVA_CODE),
        at_least("cats_score", 0.9),
        SURELY_DETECTED,
        SEEN_TWICE,
        NOT_SSO,
        *GOOD_QUALITY,
        POSITIVE,
    ),
    description="Good detections of objects that both SuperNNova and CATS call a supernova.",
    example="Trigger spectroscopy without a human in between.",
    owner="supernovae",
    reference="Fraga et al. 2024 (arXiv:2404.08798); Moller & de Boissiere 2020, MNRAS 491, 4277",
)
