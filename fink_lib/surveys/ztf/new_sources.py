"""ZTF: alerts that may be of something new, in the sense of Fink's matches with gamma-ray bursts.

Thresholds as Fink's (fink-mm): real-bogus score of 0.7; no known Solar System object within 5 arcsec, no star of
Pan-STARRS (star-galaxy score above 0.5) within 2 arcsec, no bright star of Gaia within 5 arcsec. A source that is
fainter than its reference and one in a catalogue of variable stars are left out too.
"""

from typing import Any

import pyarrow.compute as pc

from fink_lib.surveys.facts import NewSources

LEAST_REAL = 0.7
STAR_ARCSEC, STAR_SCORE = 2.0, 0.5
SOLAR_SYSTEM_ARCSEC, GAIA_ARCSEC = 5.0, 5.0
FAR_ARCSEC = 999.0
POSITIVE = ("t", "1")
FIELDS = ("rb", "isdiffpos", "ssdistnr", "distpsnr1", "sgscore1", "neargaiabright")


def _field(name: str) -> Any:
    return pc.field("candidate", name)


def _farther(name: str, arcsec: float) -> Any:
    """Return the condition that a neighbour is farther; one that there is not is null or at a negative separation."""
    separation = pc.coalesce(_field(name), pc.scalar(FAR_ARCSEC))
    return (separation > arcsec) | (separation < 0.0)


NEW_SOURCES = NewSources(
    first_seen="candidate.jdstarthist",
    trusted=(
        (_field("rb") >= LEAST_REAL)
        & _field("isdiffpos").isin(POSITIVE)
        & _farther("ssdistnr", SOLAR_SYSTEM_ARCSEC)
        & (_farther("distpsnr1", STAR_ARCSEC) | (pc.coalesce(_field("sgscore1"), pc.scalar(0.0)) <= STAR_SCORE))
        & _farther("neargaiabright", GAIA_ARCSEC)
        & pc.field("vsx_sep_arcsec").is_null()
    ),
    needs=(*(f"candidate.{name}" for name in FIELDS), "vsx_sep_arcsec"),
    host_mpc="mangrove_lum_dist_mpc",
)
