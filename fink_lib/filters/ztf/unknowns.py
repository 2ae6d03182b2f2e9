"""Alerts for which no rule has a name."""

from fink_lib.filters.base import Filter
from fink_lib.filters.conditions import one_of
from fink_lib.science.methods.classify.labels import UNKNOWN

FILTER = Filter(
    name="unknowns",
    version="1.0",
    survey="ztf",
    clauses=(one_of("no rule of the classification applies", "class_default", (UNKNOWN,)),),
    description="Alerts that the classification leaves without a class.",
    example="Search for what nobody thought of.",
    owner="classification",
    reference="Moller et al. 2021, MNRAS 501, 3272, with its rules corrected",
)
