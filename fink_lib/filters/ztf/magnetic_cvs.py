"""Magnetic cataclysmic variables that brighten."""

from fink_lib.filters.base import Filter
from fink_lib.filters.blocks.catalogued import has_counterpart
from fink_lib.filters.blocks.detection import BRIGHTER

FILTER = Filter(
    name="magnetic_cvs",
    version="1.0",
    survey="ztf",
    clauses=(BRIGHTER, has_counterpart("magnetic_cv", "a magnetic cataclysmic variable is there")),
    description="Alerts of known magnetic cataclysmic variables brighter than in the reference image.",
    example="Take X-ray and optical data while a polar is in its high state.",
    owner="variable-stars",
    reference="Fink's topic of the same name, with its list of sources and of their radii",
)
