"""ZTF: counterparts as Fink sends them, under the names that fink-client knows.

Bronze is what may be of another galaxy, gold what also is surely real and changes fast. That an alert is real, of no
known star and not in the Solar System is asked of every new source (`fink_lib.surveys.ztf.new_sources`).
"""

from typing import Any

import numpy as np

from fink_lib.filters.base import Batch, Clause
from fink_lib.filters.blocks.surroundings import MAY_BE_EXTRAGALACTIC
from fink_lib.filters.conditions import at_least
from fink_lib.filters.counterparts import Counterparts

SURELY_REAL = 0.9
FAST_MAG_PER_DAY = 0.3


def _fast(batch: Batch) -> Any:
    return np.abs(batch["mag_rate"]) > FAST_MAG_PER_DAY


COUNTERPARTS = Counterparts(
    survey="ztf",
    bronze=(at_least("candidate.rb", 0.7), MAY_BE_EXTRAGALACTIC),
    gold=(
        at_least("candidate.rb", SURELY_REAL),
        Clause(f"changes by > {FAST_MAG_PER_DAY:g} mag/day", ("mag_rate",), _fast),
    ),
    fields={
        "objectId": "object_id",
        "candid": "alert_id",
        "ztf_ra": "ra",
        "ztf_dec": "dec",
        "fid": "candidate.fid",
        "jd": "candidate.jd",
        "jdstarthist": "candidate.jdstarthist",
        "rb": "candidate.rb",
        "fink_class": "class_default",
        "rate": "mag_rate",
        "from_upper": "from_upper",
        # what fink-client prints of an alert
        "cdsxmatch": "",
        "candidate.jd": "candidate.jd",
        "candidate.magpsf": "candidate.magpsf",
    },
    suffix="",
)
