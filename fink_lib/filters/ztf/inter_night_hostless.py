"""Hostless transients that were seen twice in one night and again in another."""

from fink_lib.filters.base import Filter
from fink_lib.filters.blocks.hostless import NEXT_NIGHT, NO_HOST
from fink_lib.filters.conditions import equals

FILTER = Filter(
    name="inter_night_hostless",
    version="1.1",
    survey="ztf",
    clauses=(equals("candidate.ndethist", 3), NEXT_NIGHT, *NO_HOST),
    description="Alerts of hostless sources detected three times: twice in one night, then in another.",
    example="Ask for spectra of hostless transients that are certainly there and do not move.",
    owner="hostless",
    reference="ELEPHANT: Pessi et al. 2024 (arXiv:2404.18165)",
)
