"""The stream without what is unlikely to be a transient."""

from fink_lib.filters.base import Filter
from fink_lib.filters.blocks.rubin_history import SEEN_TWICE
from fink_lib.filters.blocks.rubin_quality import GOOD_QUALITY, POSITIVE, SURELY_DETECTED
from fink_lib.filters.blocks.rubin_surroundings import NOT_SSO

FILTER = Filter(
    name="remove_unlikely_transients",
    version="1.0",
    survey="lsst",
    clauses=(SURELY_DETECTED, SEEN_TWICE, NOT_SSO, *GOOD_QUALITY, POSITIVE),
    description="Good, positive detections above ten sigma of objects that do not move and were seen before.",
    example="Feed a broad classifier of transients without drowning it.",
    owner="transients",
    reference="Fink's topic of the same name, with its cut on quality the right way round",
)
