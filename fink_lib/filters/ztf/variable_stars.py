"""Known variable stars: a counterpart in VSX or GCVS within the crossmatch's radius."""

from typing import Any

import numpy as np

from fink_lib.filters.base import Batch, Clause, Filter
from fink_lib.science.methods.classify.variables import is_constant, is_of_other_galaxies

CATALOGUES = ("gcvs", "vsx")


def _varies(batch: Batch) -> Any:
    """Return where a catalogue has a source; the type of a star that did match can still be unknown."""
    found = np.zeros(len(batch[CATALOGUES[0]]), dtype=bool)
    for name in CATALOGUES:
        other = np.array([is_of_other_galaxies(kind) or is_constant(kind) for kind in batch[name]], dtype=bool)
        found |= ~np.isnan(batch[f"{name}_sep_arcsec"]) & ~other
    return found


CATALOGUED = Clause(
    "a variable star of GCVS or VSX is there",
    ("gcvs", "gcvs_sep_arcsec", "vsx", "vsx_sep_arcsec"),
    _varies,
)

FILTER = Filter(
    name="variable_stars",
    version="1.1",
    survey="ztf",
    clauses=(CATALOGUED,),
    description="Alerts of known variable stars, in the General Catalogue of Variable Stars or the VSX.",
    example="Follow the outbursts of the cataclysmic variables on an observer's list.",
    owner="variable-stars",
    reference="Samus' et al. 2017, Astron. Rep. 61, 80 (GCVS); Watson et al. 2006, SASS 25, 47 (VSX)",
)
