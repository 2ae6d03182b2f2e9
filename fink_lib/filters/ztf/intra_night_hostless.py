"""Hostless transients seen a second time in the night."""

from fink_lib.filters.base import Filter
from fink_lib.filters.blocks.hostless import NO_HOST, SAME_NIGHT
from fink_lib.filters.conditions import equals

FILTER = Filter(
    name="intra_night_hostless",
    version="1.1",
    survey="ztf",
    clauses=(equals("candidate.ndethist", 2), SAME_NIGHT, *NO_HOST),
    description="Alerts of hostless sources detected twice, both times in the last twelve hours.",
    example="Drop the asteroids and artefacts that a single detection cannot exclude, in the same night.",
    owner="hostless",
    reference="ELEPHANT: Pessi et al. 2024 (arXiv:2404.18165)",
)
