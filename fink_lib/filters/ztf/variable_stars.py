"""Known variable stars: a counterpart in VSX or GCVS within the crossmatch's radius."""

import numpy as np

from fink_lib.filters.base import Clause, Filter

# A separation tells a match from none; the type of a star that did match can still be unknown.
CATALOGUED = Clause(
    "a star of GCVS or VSX is there",
    ("gcvs_sep_arcsec", "vsx_sep_arcsec"),
    lambda batch: ~np.isnan(batch["gcvs_sep_arcsec"]) | ~np.isnan(batch["vsx_sep_arcsec"]),
)

FILTER = Filter(
    name="variable_stars",
    version="1.0",
    survey="ztf",
    clauses=(CATALOGUED,),
    description="Alerts of known variable stars, in the General Catalogue of Variable Stars or the VSX.",
    example="Follow the outbursts of the cataclysmic variables on an observer's list.",
    owner="variable-stars",
    reference="Samus' et al. 2017, Astron. Rep. 61, 80 (GCVS); Watson et al. 2006, SASS 25, 47 (VSX)",
)
