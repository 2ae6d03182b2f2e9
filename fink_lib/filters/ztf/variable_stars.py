"""Known variable stars: a counterpart in VSX or GCVS within the crossmatch's radius."""

from typing import Any

import pandas as pd

from fink_lib.filters.base import Batch, Filter


def select(batch: Batch) -> Any:
    """Return True for alerts with a counterpart in either catalogue (null means none)."""
    return pd.notna(batch["gcvs"]) | pd.notna(batch["vsx"])


FILTER = Filter(
    name="variable_stars",
    version="1.0",
    survey="ztf",
    inputs=("gcvs", "vsx"),
    description="Alerts of known variable stars, in the General Catalogue of Variable Stars or the VSX.",
    owner="variable-stars",
    reference="Samus' et al. 2017, Astron. Rep. 61, 80 (GCVS); Watson et al. 2006, SASS 25, 47 (VSX)",
    select=select,
)
