"""Blazars: by SIMBAD where it answered, by the lists that this machine has elsewhere."""

from typing import Any

from fink_lib.filters.base import Batch, Clause, Filter
from fink_lib.filters.blocks.simbad import is_answered
from fink_lib.filters.conditions import among
from fink_lib.science.framework.base import NO_MATCH

LABELS = ("Blazar", "Blazar_Candidate", "BLLac", "BLLac_Candidate", "Candidate_BLLac", "Candidate_Blazar")
VARIABLE_TYPES = ("BLLAC", "BLAZAR")
# Positions of 3HSP are those of the optical counterparts; its matches up to 60 arcsec serve other ends.
POSITION_ARCSEC = 3.0


def _is_blazar(batch: Batch) -> Any:
    answered = is_answered(batch["cdsxmatch"])
    listed = ~among(batch["blazar"], (NO_MATCH, None)) | (batch["x3hsp_sep_arcsec"] <= POSITION_ARCSEC)
    for name in ("gcvs", "vsx"):
        listed = listed | among(batch[name], VARIABLE_TYPES)
    return among(batch["cdsxmatch"], LABELS) | (~answered & listed)


BLAZAR = Clause(
    "a blazar of SIMBAD, or of 3HSP, CTAO's list, GCVS or VSX where SIMBAD did not answer",
    ("blazar", "gcvs", "vsx", "x3hsp_sep_arcsec"),
    _is_blazar,
    optional=("cdsxmatch",),
)

FILTER = Filter(
    name="blazar",
    version="1.0",
    survey="ztf",
    clauses=(BLAZAR,),
    description="Alerts of blazars and of candidates for one.",
    example="Trigger gamma-ray telescopes when a blazar leaves its usual brightness.",
    owner="active-galaxies",
    reference="Fink's topic of the same name; Chang et al. 2019, A&A 632, A77 (3HSP)",
)
