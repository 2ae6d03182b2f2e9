"""Transients of the Transient Name Server."""

from fink_lib.filters.base import Filter
from fink_lib.filters.blocks.catalogued import has_counterpart

FILTER = Filter(
    name="in_tns",
    version="1.0",
    survey="lsst",
    clauses=(has_counterpart("tns_fullname", "a transient of the Transient Name Server is there"),),
    description="Alerts of transients that the Transient Name Server knows.",
    example="Add Rubin's photometry to the light curves of known supernovae.",
    owner="transients",
    reference="Transient Name Server, www.wis-tns.org; Fink's topic of the same name",
)
