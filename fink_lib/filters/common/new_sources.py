"""New sources where no catalogued one is: first seen a few days ago, away from stars, galaxies and minor planets."""

from typing import Any

import numpy as np

from fink_lib.filters.base import ANY_SURVEY, Batch, Clause, Filter

AGE_DAYS = 3.0
COUNTERPART_ARCSEC, MOVING_ARCSEC = 1.5, 5.0


def _nothing_near(batch: Batch, name: str, radius_arcsec: float) -> Any:
    """Return where a neighbour is farther away than a radius, or the survey says that there is none."""
    return batch[name] > radius_arcsec


FILTER = Filter(
    name="new_sources",
    version="1.1",
    survey=ANY_SURVEY,
    clauses=(
        Clause(
            f"first seen at most {AGE_DAYS:g} days ago",
            ("{time}", "{first_time}"),
            lambda batch: batch["time"] - batch["first_time"] <= AGE_DAYS,
        ),
        Clause("brighter than the reference image", ("{is_positive}",), lambda batch: batch["is_positive"] == 1.0),
        Clause(
            f"no Pan-STARRS source within {COUNTERPART_ARCSEC:g} arcsec",
            ("{ps1_separation}",),
            # Where the packet names no source at all, Pan-STARRS has a hole.
            lambda batch: (
                _nothing_near(batch, "ps1_separation", COUNTERPART_ARCSEC) & np.isfinite(batch["ps1_separation"])
            ),
        ),
        Clause(
            f"no known minor planet within {MOVING_ARCSEC:g} arcsec",
            ("{sso_separation}",),
            lambda batch: _nothing_near(batch, "sso_separation", MOVING_ARCSEC),
        ),
    ),
    description="Sources first seen in the last three days, where no catalogued star, galaxy or minor planet is.",
    example="Point a spectrograph at what appeared since the last alert of a gravitational wave.",
    owner="transients",
    reference="Steps of the search for fast transients of Andreoni et al. 2021, ApJ 918, 63, without its light curves",
)
