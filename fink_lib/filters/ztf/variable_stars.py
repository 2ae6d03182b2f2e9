"""Known variable stars: a counterpart in VSX or GCVS within the crossmatch's radius."""

from typing import Any

import numpy as np

from fink_lib.filters.base import Batch, Filter


def select(batch: Batch) -> Any:
    """Return True for alerts with a counterpart in either catalogue.

    A separation tells a match from none; the type of a star that did match can still be unknown.
    """
    return ~np.isnan(batch["gcvs_sep_arcsec"]) | ~np.isnan(batch["vsx_sep_arcsec"])


FILTER = Filter(
    name="variable_stars",
    version="1.0",
    survey="ztf",
    inputs=("gcvs_sep_arcsec", "vsx_sep_arcsec"),
    description="Alerts of known variable stars, in the General Catalogue of Variable Stars or the VSX.",
    owner="variable-stars",
    reference="Samus' et al. 2017, Astron. Rep. 61, 80 (GCVS); Watson et al. 2006, SASS 25, 47 (VSX)",
    select=select,
)
