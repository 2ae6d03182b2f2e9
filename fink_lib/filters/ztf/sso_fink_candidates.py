"""Possible new solar-system objects: a new, point-like source that matches nothing known."""

from fink_lib.filters.base import Filter
from fink_lib.filters.blocks.moving import CANDIDATE_SSO

FILTER = Filter(
    name="sso_fink_candidates",
    version="1.0",
    survey="ztf",
    clauses=(CANDIDATE_SSO,),
    description="Alerts that may be solar-system objects which no catalogue holds yet.",
    example="Link them to tracklets over several nights and report a new asteroid.",
    owner="solar-system",
    reference="Fink's topic of the same name; Le Montagner et al. 2023, A&A 680, A17",
)
