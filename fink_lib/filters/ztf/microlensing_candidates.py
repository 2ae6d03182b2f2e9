"""Candidates for a gravitational microlensing event."""

from fink_lib.filters.base import Filter
from fink_lib.filters.conditions import above

FILTER = Filter(
    name="microlensing_candidates",
    version="1.0",
    survey="ztf",
    clauses=(above("mulens", 0.0),),
    description="Alerts whose light curve in both bands is that of a point lens in front of a star.",
    example="Follow an event through its peak to look for a planet around the lens.",
    owner="microlensing",
    reference="Paczynski 1986, ApJ 304, 1; Fink's topic of the same name",
)
