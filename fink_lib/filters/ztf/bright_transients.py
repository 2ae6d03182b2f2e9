"""Bright transients without a known counterpart: what a spectroscopic survey would look at tonight.

The practice is that of the ZTF Bright Transient Survey: bright, real, brighter than the reference,
not a star, not next to a bright star, not moving. Absent measurements are -999 in ZTF packets.
"""

from typing import Any

import numpy as np

from fink_lib.filters.base import Batch, Filter

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


def select(batch: Batch) -> Any:
    """Return True for bright, real, positive detections without a stellar or moving counterpart."""
    counterpart = (
        ~np.isnan(batch["gcvs_sep_arcsec"])
        | ~np.isnan(batch["vsx_sep_arcsec"])
        | np.isin(batch["roid"], MOVING_ROIDS)
        | is_star(batch["candidate.sgscore1"], batch["candidate.distpsnr1"])
        | is_residual(batch["candidate.neargaiabright"], batch["candidate.maggaiabright"])
    )
    return (
        (batch["candidate.magpsf"] < MAX_MAG)
        & is_real(batch["candidate.drb"], batch["candidate.rb"])
        & np.isin(batch["candidate.isdiffpos"], ("t", "1"))
        & ~counterpart
    )


FILTER = Filter(
    name="bright_transients",
    version="1.0",
    survey="ztf",
    inputs=(
        "candidate.magpsf",
        "candidate.rb",
        "candidate.drb",
        "candidate.isdiffpos",
        "candidate.sgscore1",
        "candidate.distpsnr1",
        "candidate.neargaiabright",
        "candidate.maggaiabright",
        "roid",
        "gcvs_sep_arcsec",
        "vsx_sep_arcsec",
    ),
    description="Alerts brighter than 18.5 mag that match no star, no known variable and nothing that moves.",
    owner="transients",
    reference="Practice of the ZTF Bright Transient Survey: Fremling et al. 2020, ApJ 895, 32; "
    "Perley et al. 2020, ApJ 904, 35",
    select=select,
    best=("candidate.magpsf",),
)
