"""Sources of SIMBAD."""

from typing import Any

from fink_lib.filters.base import Batch, Clause, Filter
from fink_lib.filters.blocks.catalogued import NOTHING
from fink_lib.filters.blocks.simbad import is_answered
from fink_lib.filters.conditions import among

SIMBAD = "simbad_otype"


def _is_known(batch: Batch) -> Any:
    return is_answered(batch[SIMBAD]) & ~among(batch[SIMBAD], NOTHING)


FILTER = Filter(
    name="in_simbad",
    version="1.0",
    survey="lsst",
    clauses=(Clause("SIMBAD knows a source there", (SIMBAD,), _is_known),),
    description="Alerts at the place of an object of SIMBAD.",
    example="Watch all known objects of one type.",
    owner="classification",
    reference="SIMBAD, Wenger et al. 2000, A&AS 143, 9; Fink's topic of the same name",
)
