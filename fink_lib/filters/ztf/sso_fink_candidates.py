"""Possible new solar-system objects: a new, point-like source that matches nothing known."""

from typing import Any

from fink_lib.filters.base import Batch, Filter

ROID_CANDIDATE = 2  # value of `roid` for an unknown object that behaves like a moving one


def select(batch: Batch) -> Any:
    """Return True for alerts that may be solar-system objects not known yet."""
    return batch["roid"] == ROID_CANDIDATE


FILTER = Filter(
    name="sso_fink_candidates",
    version="1.0",
    survey="ztf",
    inputs=("roid",),
    description="Alerts that may be solar-system objects which no catalogue holds yet.",
    owner="solar-system",
    reference="Fink's topic of the same name; Le Montagner et al. 2023, A&A 680, A17",
    select=select,
)
