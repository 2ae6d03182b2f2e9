"""What the modules make of bad input: one row a case, shown in docs/science and held true by a test."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fink_lib.science.cases.known_sources import MATCHES


@dataclass(frozen=True)
class BadInput:
    """One case.

    Attributes
    ----------
    case
        What is wrong with the packet.
    ztf, lsst
        Module → the reason it gives, of an alert that all of them would otherwise look at. Every other module runs,
        and what it cannot tell is null.
    """

    case: str
    ztf: Mapping[str, str] = field(default_factory=dict)
    lsst: Mapping[str, str] = field(default_factory=dict)


UNPLACED = dict.fromkeys(
    ("variable_stars", "extinction", *(f"crossmatch_{each.catalog}" for each in MATCHES)), "the position is not known"
)
UNDATED = {
    "supernnova": "the time of the first detection is not known",
    "kilonova": "number of detections or time of the first one is not known",
    "hostless": "'real' is not known",
}
FEW = {
    "supernnova": "fewer than 2 detections",
    "early_snia": "fewer than 4 detections",
    "kilonova": "fewer than 2 detections",
}
ONE_BAND = {"anomaly": "the packet shows one band only"}
FEW_SNIA = {"early_snia_rubin": "fewer than 5 detections with a positive flux"}
FEW_RUBIN = {"rate_rubin": "no earlier detection in this band", "cats": "fewer than 2 points"} | FEW_SNIA
NO_POINT_RUBIN = {
    "supernnova_rubin": "no measured point",
    "early_snia_rubin": "no detection with a positive flux",
}
NO_FLUX = {"hostless_rubin": "the flux is not known"}


def _stamp(why: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
    return {"hostless": f"the science stamp {why}"}, {"hostless_rubin": f"the science stamp {why}"}


BAD_INPUT = (
    BadInput("NaN for every number", UNPLACED | UNDATED, UNPLACED | NO_FLUX),
    BadInput(
        "NaN for every number and the time",
        UNPLACED | UNDATED | FEW | ONE_BAND,
        UNPLACED | FEW_RUBIN | NO_FLUX | NO_POINT_RUBIN,
    ),
    BadInput(
        "null for every number but place, time and band",
        UNDATED | {"early_snia": "the number of detections is not known"},
        NO_FLUX,
    ),
    BadInput("infinite brightness", {"hostless": "'variablesource' is not known"}, NO_FLUX),
    BadInput("null history", FEW | ONE_BAND, FEW_RUBIN),
    BadInput("empty history", FEW | ONE_BAND, FEW_RUBIN),
    BadInput("NaN history points", FEW | ONE_BAND, FEW_RUBIN),
    BadInput("null history points", FEW | ONE_BAND, FEW_RUBIN),
    # A point that does not count changes nothing.
    BadInput("own point repeated in the history"),
    BadInput("history point later than the alert"),
    BadInput("history point of NaN time"),
    BadInput("null stamp", *_stamp("is empty")),
    BadInput("empty stamp", *_stamp("is empty")),
    # The middle of a Rubin stamp is enough.
    BadInput("edge stamp 63x42", {"hostless": "the science stamp is 63x42 pixels, cut by an edge"}),
    BadInput("JPEG stamp", *_stamp("is no FITS file")),
    BadInput("one-point light curve", FEW | ONE_BAND, FEW_RUBIN),
    BadInput(
        "1,000-point light curve",
        {"early_snia": "no rise on 4 nights in both g and r", "microlensing": "on a galaxy"},
    ),
)
