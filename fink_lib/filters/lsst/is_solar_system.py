"""Known solar-system objects: Rubin itself matched the alert to an orbit."""

from fink_lib.filters.base import Filter
from fink_lib.filters.conditions import is_true

FILTER = Filter(
    name="is_solar_system",
    version="1.0",
    survey="lsst",
    clauses=(is_true("is_sso", "the packet names a solar-system object"),),
    description="Alerts of solar-system objects with an orbit in the Minor Planet Center's catalogue.",
    example="Fit phase curves and spins to the photometry of each asteroid.",
    owner="solar-system",
    reference="Fink's topic of the same name; Carry et al. 2024, A&A 687, A38",
)
