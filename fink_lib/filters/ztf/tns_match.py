"""Transients that somebody has classified."""

from fink_lib.filters.base import Filter
from fink_lib.filters.blocks.catalogued import has_counterpart
from fink_lib.filters.blocks.detection import at_most_old

MAX_AGE_DAYS = 30.0

FILTER = Filter(
    name="tns_match",
    version="1.0",
    survey="ztf",
    clauses=(has_counterpart("tns", "classified in the Transient Name Server"), at_most_old(MAX_AGE_DAYS)),
    description="Alerts of the first thirty days of a transient that the Transient Name Server has a type for.",
    example="Collect light curves of supernovae with a spectrum, to train classifiers.",
    owner="transients",
    reference="Transient Name Server, www.wis-tns.org; Fink's topic of the same name",
)
