"""Known solar-system objects: ZTF itself matched the alert to the Minor Planet Center's catalogue."""

from typing import Any

from fink_lib.filters.base import Batch, Filter

ROID_KNOWN = 3  # value of `roid` for an alert that ZTF matched to a known object


def select(batch: Batch) -> Any:
    """Return True for alerts of known solar-system objects."""
    return batch["roid"] == ROID_KNOWN


FILTER = Filter(
    name="sso_ztf_candidates",
    version="1.0",
    survey="ztf",
    inputs=("roid",),
    description="Alerts of known solar-system objects, as matched by ZTF to the Minor Planet Center's catalogue.",
    owner="solar-system",
    reference="Fink's topic of the same name; Carry et al. 2024, A&A 687, A38",
    select=select,
)
