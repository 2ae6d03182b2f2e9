"""Known solar-system objects: ZTF itself matched the alert to the Minor Planet Center's catalogue."""

from fink_lib.filters.base import Filter
from fink_lib.filters.blocks.moving import KNOWN_SSO

FILTER = Filter(
    name="sso_ztf_candidates",
    version="1.0",
    survey="ztf",
    clauses=(KNOWN_SSO,),
    description="Alerts of known solar-system objects, as matched by ZTF to the Minor Planet Center's catalogue.",
    example="Fit phase curves and spins to the photometry of each asteroid.",
    owner="solar-system",
    reference="Fink's topic of the same name; Carry et al. 2024, A&A 687, A38",
)
