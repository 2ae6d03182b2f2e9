"""Bright transients without a known counterpart: what a spectroscopic survey would look at tonight.

The practice is that of the ZTF Bright Transient Survey: bright, real, brighter than the reference,
not a star, not next to a bright star, not moving. Absent measurements are -999 in ZTF packets.
"""

from typing import Any

import numpy as np

from fink_lib.filters.base import Clause, Filter
from fink_lib.filters.blocks.detection import BRIGHTER
from fink_lib.filters.conditions import below

MAX_MAG = 18.5  # the Bright Transient Survey is spectroscopically complete down to 18.5 mag
MIN_DRB = 0.5  # deep-learning score: Fink's extragalactic filters ask the same
MIN_RB = 0.65  # packets before 2019 have no `drb`; a stricter random-forest score stands in for it
STAR_SGSCORE = 0.76  # PanSTARRS star-galaxy score above which a source is a star rather than a galaxy
STAR_RADIUS_ARCSEC = 2.0  # an alert this close to a star is that star varying
BRIGHT_STAR_MAG = 12.0  # Gaia G; brighter stars leave residuals in the subtraction ...
BRIGHT_STAR_RADIUS_ARCSEC = 20.0  # ... this far out
MOVING_ROIDS = (2, 3)  # solar-system candidate, known solar-system object


def is_real(drb: Any, rb: Any) -> Any:
    """Return True where the best score that the packet carries calls the detection real."""
    return np.where(np.isnan(drb), rb >= MIN_RB, drb >= MIN_DRB)


def is_star(sgscore: Any, distance_arcsec: Any) -> Any:
    """Return True where the nearest PanSTARRS source is a star at the alert's place."""
    return (sgscore > STAR_SGSCORE) & (distance_arcsec >= 0) & (distance_arcsec < STAR_RADIUS_ARCSEC)


def is_residual(distance_arcsec: Any, mag: Any) -> Any:
    """Return True where a bright star is close enough to spoil the subtraction."""
    near = (distance_arcsec >= 0) & (distance_arcsec < BRIGHT_STAR_RADIUS_ARCSEC)
    return near & (mag > 0) & (mag < BRIGHT_STAR_MAG)


REAL = Clause(
    f"drb >= {MIN_DRB:g}, or rb >= {MIN_RB:g} without drb",
    ("candidate.drb", "candidate.rb"),
    lambda batch: is_real(batch["candidate.drb"], batch["candidate.rb"]),
)
NO_VARIABLE = Clause(
    "no star of GCVS or VSX there",
    ("gcvs_sep_arcsec", "vsx_sep_arcsec"),
    lambda batch: np.isnan(batch["gcvs_sep_arcsec"]) & np.isnan(batch["vsx_sep_arcsec"]),
)
NOT_SEEN_TO_MOVE = Clause("roid is not 2, 3", ("roid",), lambda batch: ~np.isin(batch["roid"], MOVING_ROIDS))
NO_STAR = Clause(
    f"no Pan-STARRS star within {STAR_RADIUS_ARCSEC:g} arcsec",
    ("candidate.sgscore1", "candidate.distpsnr1"),
    lambda batch: ~is_star(batch["candidate.sgscore1"], batch["candidate.distpsnr1"]),
)
NO_BRIGHT_STAR = Clause(
    f"no Gaia star above {BRIGHT_STAR_MAG:g} mag within {BRIGHT_STAR_RADIUS_ARCSEC:g} arcsec",
    ("candidate.neargaiabright", "candidate.maggaiabright"),
    lambda batch: ~is_residual(batch["candidate.neargaiabright"], batch["candidate.maggaiabright"]),
)

FILTER = Filter(
    name="bright_transients",
    version="1.0",
    survey="ztf",
    clauses=(
        below("candidate.magpsf", MAX_MAG),
        REAL,
        BRIGHTER,
        NOT_SEEN_TO_MOVE,
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
