"""Candidates for young stars: by SIMBAD where it answered, by SPICY, GCVS and VSX elsewhere."""

from typing import Any

from fink_lib.filters.base import Batch, Clause, Filter
from fink_lib.filters.blocks.catalogued import NOTHING
from fink_lib.filters.blocks.simbad import is_answered
from fink_lib.filters.conditions import among

LABELS = ("Candidate_YSO", "Candidate_TTau*", "YSO_Candidate", "TTau*_Candidate")
# Types of young stars in the catalogues of variable stars, with and without the mark of doubt.
VARIABLE_TYPES = tuple(
    f"{kind}{doubt}" for kind in ("YSO", "TTS", "CTTS", "WTTS", "INT", "FUOR", "EXOR") for doubt in ("", ":")
)


def _is_young(batch: Batch) -> Any:
    listed = ~among(batch["spicy_class"], NOTHING)
    for name in ("gcvs", "vsx"):
        listed = listed | among(batch[name], VARIABLE_TYPES)
    return among(batch["cdsxmatch"], LABELS) | (~is_answered(batch["cdsxmatch"]) & listed)


YOUNG = Clause(
    "a candidate of SIMBAD, or a young star of SPICY, GCVS or VSX where SIMBAD did not answer",
    ("gcvs", "spicy_class", "vsx"),
    _is_young,
    optional=("cdsxmatch",),
)

FILTER = Filter(
    name="yso_candidates",
    version="1.0",
    survey="ztf",
    clauses=(YOUNG,),
    description="Alerts of candidates for young stellar objects and T Tauri stars.",
    example="Catch the start of an accretion burst.",
    owner="young-stars",
    reference="Fink's topic of the same name; Kuhn et al. 2021, ApJS 254, 33 (SPICY)",
)
