"""Transients without a visible host."""

from fink_lib.filters.base import Filter
from fink_lib.filters.blocks.rubin_quality import GOOD_QUALITY, brighter_than
from fink_lib.filters.blocks.rubin_surroundings import OFF_PLANE
from fink_lib.filters.conditions import below

FILTER = Filter(
    name="hostless_candidate",
    version="1.0",
    survey="lsst",
    clauses=(*GOOD_QUALITY, below("hostless_ks_template", 0.95), OFF_PLANE, brighter_than(21.5)),
    description="Good detections brighter than 21.5 mag, off the plane, whose template stamp looks like noise.",
    example="Look for superluminous supernovae and orphan afterglows.",
    owner="hostless",
    reference="ELEPHANT: Pessi et al. 2024 (arXiv:2404.18165)",
)
