"""Hostless transients in their first detection."""

from fink_lib.filters.base import Filter
from fink_lib.filters.blocks.hostless import NO_HOST
from fink_lib.filters.conditions import equals

FILTER = Filter(
    name="new_hostless",
    version="1.1",
    survey="ztf",
    clauses=(equals("candidate.ndethist", 1), *NO_HOST),
    description="Alerts of sources seen for the first time, where neither catalogues nor stamps show a host.",
    example="Look for transients in galaxies too faint for the survey, such as superluminous supernovae.",
    owner="hostless",
    reference="ELEPHANT: Pessi et al. 2024 (arXiv:2404.18165)",
)
