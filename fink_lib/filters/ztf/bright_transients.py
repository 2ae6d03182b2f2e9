"""Bright transients without a known counterpart: what a spectroscopic survey would look at tonight.

The practice is that of the ZTF Bright Transient Survey: bright, real, brighter than the reference,
not a star, not next to a bright star, not moving. Absent measurements are -999 in ZTF packets.
"""

from typing import Any

import numpy as np

from fink_lib.filters.base import Batch, Clause, Filter
from fink_lib.filters.blocks.detection import BRIGHTER
from fink_lib.filters.blocks.moving import NOT_MOVING
from fink_lib.filters.conditions import among, below
from fink_lib.science.framework.base import NO_MATCH

MAX_MAG = 18.5  # the Bright Transient Survey is spectroscopically complete down to 18.5 mag
MIN_DRB = 0.5  # deep-learning score: Fink's extragalactic filters ask the same
MIN_RB = 0.65  # packets before 2019 have no `drb`; a stricter random-forest score stands in for it
STAR_SGSCORE = 0.76  # PanSTARRS star-galaxy score above which a source is a star rather than a galaxy
STAR_RADIUS_ARCSEC = 2.0  # an alert this close to a star is that star varying
BRIGHT_STAR_MAG = 12.0  # Gaia G; brighter stars leave residuals in the subtraction ...
BRIGHT_STAR_RADIUS_ARCSEC = 20.0  # ... this far out
# -999 says that there is none within the survey's search radius, null that nobody looked.
NEAREST = ("candidate.sgscore1", "candidate.distpsnr1")
BRIGHT_NEIGHBOUR = ("candidate.neargaiabright", "candidate.maggaiabright")


def is_real(drb: Any, rb: Any) -> Any:
    """Return True where the best score that the packet carries calls the detection real.

    Parameters
    ----------
    drb
        Deep-learning score; NaN in packets that have none.
    rb
        Random-forest score.
    """
    return np.where(np.isnan(drb), rb >= MIN_RB, drb >= MIN_DRB)


def is_star(sgscore: Any, distance_arcsec: Any) -> Any:
    """Return True where the nearest PanSTARRS source is a star at the alert's place.

    Parameters
    ----------
    sgscore
        Star-galaxy score of the nearest source; 1 for a star.
    distance_arcsec
        Distance of that source in arcsec; negative where there is none.
    """
    return (sgscore > STAR_SGSCORE) & (distance_arcsec >= 0) & (distance_arcsec < STAR_RADIUS_ARCSEC)


def is_residual(distance_arcsec: Any, mag: Any) -> Any:
    """Return True where a bright star is close enough to spoil the subtraction.

    Parameters
    ----------
    distance_arcsec
        Distance of the nearest bright star in arcsec; negative where there is none.
    mag
        Its magnitude; zero or less where there is none.
    """
    near = (distance_arcsec >= 0) & (distance_arcsec < BRIGHT_STAR_RADIUS_ARCSEC)
    return near & (mag > 0) & (mag < BRIGHT_STAR_MAG)


REAL = Clause(
    f"drb >= {MIN_DRB:g}, or rb >= {MIN_RB:g} without drb",
    ("candidate.drb", "candidate.rb"),
    lambda batch: is_real(batch["candidate.drb"], batch["candidate.rb"]),
)


def _no_variable(batch: Batch) -> Any:
    """Return where both catalogues were looked at and have nothing; the type of a star that is there can be unknown."""
    nothing = [among(batch[name], (NO_MATCH,)) & np.isnan(batch[f"{name}_sep_arcsec"]) for name in ("gcvs", "vsx")]
    return np.logical_and.reduce(nothing)


def _no_star(batch: Batch) -> Any:
    score, distance = (batch[path] for path in NEAREST)
    return ~np.isnan(score + distance) & ~is_star(score, distance)


def _no_bright_star(batch: Batch) -> Any:
    distance, mag = (batch[path] for path in BRIGHT_NEIGHBOUR)
    return ~np.isnan(distance + mag) & ~is_residual(distance, mag)


NO_VARIABLE = Clause("no star of GCVS or VSX there", ("gcvs", "gcvs_sep_arcsec", "vsx", "vsx_sep_arcsec"), _no_variable)
NO_STAR = Clause(f"no Pan-STARRS star within {STAR_RADIUS_ARCSEC:g} arcsec", NEAREST, _no_star)
NO_BRIGHT_STAR = Clause(
    f"no Gaia star above {BRIGHT_STAR_MAG:g} mag within {BRIGHT_STAR_RADIUS_ARCSEC:g} arcsec",
    BRIGHT_NEIGHBOUR,
    _no_bright_star,
)

FILTER = Filter(
    name="bright_transients",
    version="1.1",
    survey="ztf",
    clauses=(
        below("candidate.magpsf", MAX_MAG),
        REAL,
        BRIGHTER,
        NOT_MOVING,
        NO_VARIABLE,
        NO_STAR,
        NO_BRIGHT_STAR,
    ),
    description="Alerts brighter than 18.5 mag that match no star, no known variable and nothing that moves.",
    example="Choose the targets that a spectrograph on a small telescope classifies tonight.",
    owner="transients",
    reference="Practice of the ZTF Bright Transient Survey: Fremling et al. 2020, ApJ 895, 32; "
    "Perley et al. 2020, ApJ 904, 35",
    best=("candidate.magpsf",),
)
