"""Sources that ZTF sees for the first time."""

from fink_lib.filters.base import Filter
from fink_lib.filters.blocks.moving import FIRST_DETECTION

FILTER = Filter(
    name="first_pass_candidates",
    version="1.0",
    survey="ztf",
    clauses=(FIRST_DETECTION,),
    description="Alerts of sources that were never detected before.",
    example="Pair them within the night to find moving objects, or look for the first minutes of a transient.",
    owner="solar-system",
    reference="Fink's topic of the same name",
)
