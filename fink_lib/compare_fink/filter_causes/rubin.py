"""The reasons for Rubin; most come from a cut on quality that is the wrong way round."""

import math
from collections.abc import Callable, Mapping

from fink_lib.compare_fink.filter_causes.cause import Cause, Row, Side
from fink_lib.filters.blocks.rubin_history import BEFORE, NOW
from fink_lib.filters.blocks.rubin_quality import FLAGS, FLUX, FLUX_ERR, GOOD_QUALITY, MIN_SNR, POSITIVE
from fink_lib.filters.blocks.rubin_surroundings import (
    CODES,
    EXTRAGALACTIC_OR_EMPTY,
    GAIA,
    NEAR_GALAXY,
    NO_GAIA_STAR,
    SIMBAD,
)
from fink_lib.filters.lsst.faint_trails import MIN_ELONGATION, MOMENTS, elongation
from fink_lib.science.cases.rubin.rate import MIN_GAP_DAYS
from fink_lib.science.methods.classify.labels import FAILED_PREFIX

INVERTED = ("most_likely_sn", "remove_unlikely_transients")
RUBIN_EXTRAGALACTIC = (
    "extragalactic_lt20mag_candidate",
    "extragalactic_new_candidate",
    "extragalactic_svom",
    "fast_transient_gvom",
    "sn_near_galaxy_candidate",
)
GAIA_CLAUSE = NO_GAIA_STAR.name
GALAXY_CLAUSES = tuple(clauses[-1].name for clauses in (NEAR_GALAXY, EXTRAGALACTIC_OR_EMPTY))
BAND, BANDS_BEFORE, IS_NEGATIVE = "diaSource.band", "prvDiaSources.band", "diaSource.isNegative"


def _flagged(row: Row) -> bool:
    return any(row.get(flag) is not False for flag in FLAGS)


def _faint(row: Row) -> bool:
    flux, error = row.get(FLUX), row.get(FLUX_ERR)
    return not flux or not error or flux / error < MIN_SNR


def _negative(row: Row) -> bool:
    return row.get(IS_NEGATIVE) is not False


# What each of our clauses on quality refuses, and Fink's inverted cut lets through.
BAD: Mapping[str, Callable[[Row], bool]] = {
    GOOD_QUALITY[0].name: _flagged,
    GOOD_QUALITY[1].name: _faint,
    POSITIVE.name: _negative,
}


def _good(row: Row) -> bool:
    return not any(is_bad(row) for is_bad in BAD.values())


def _failed(row: Row) -> bool:
    return any(str(row.get(name)).startswith(FAILED_PREFIX) for name in (SIMBAD, GAIA[0]))


def _gaia_not_asked(row: Row) -> bool:
    return not row.get(GAIA[0])


def _simbad_not_asked(row: Row) -> bool:
    return not row.get(SIMBAD)


def _known_star(row: Row) -> bool:
    return not _gaia_not_asked(row) and not _failed(row)


def _seen_just_before(row: Row) -> bool:
    """Tell whether the visit before in the band, which Fink compares with, is less than half an hour old."""
    past = zip(row.get(BEFORE) or (), row.get(BANDS_BEFORE) or (), strict=False)
    times = [time for time, band in past if band == row.get(BAND) and time is not None]
    return bool(times) and row[NOW] - max(times) < MIN_GAP_DAYS


def _ratio(row: Row) -> float:
    moments = [row.get(path) for path in MOMENTS]
    return math.nan if None in moments else float(elongation(*moments))


def _is_long(row: Row) -> bool:
    return _ratio(row) > MIN_ELONGATION


def _is_round(row: Row) -> bool:
    return _ratio(row) <= MIN_ELONGATION


RUBIN_CAUSES: tuple[Cause, ...] = (
    *(
        Cause(
            Side.THEIRS,
            "Fink's cut on quality is inverted: it selects what is flagged, faint or negative, and nothing else",
            INVERTED,
            clause,
            is_bad,
        )
        for clause, is_bad in BAD.items()
    ),
    Cause(
        Side.OURS,
        "Fink's cut on quality is inverted: a good measurement is refused",
        INVERTED,
        explains=_good,
    ),
    Cause(
        Side.THEIRS,
        "Fink takes the error of the parallax for the parallax, so that no star of Gaia is kept out",
        ("fast_transient_gvom",),
        GAIA_CLAUSE,
        _known_star,
    ),
    Cause(
        Side.OURS,
        "SIMBAD answers with a short code, and Fink's list holds long labels only",
        RUBIN_EXTRAGALACTIC,
        explains=lambda row: row.get("simbad_otype") in CODES,
    ),
    *(
        Cause(
            Side.THEIRS,
            "SIMBAD or Gaia did not answer, which Fink takes for nothing there",
            RUBIN_EXTRAGALACTIC,
            clause,
            _failed,
        )
        for clause in (GAIA_CLAUSE, *GALAXY_CLAUSES)
    ),
    Cause(
        Side.THEIRS,
        "where Gaia was not asked, this broker sends an alert only where SIMBAD or Mangrove has a galaxy; Fink takes "
        "no answer for no star",
        RUBIN_EXTRAGALACTIC,
        GAIA_CLAUSE,
        _gaia_not_asked,
        choice=True,
    ),
    *(
        Cause(
            Side.THEIRS,
            "where SIMBAD was not asked, this broker does not say that it has nothing, as Fink does",
            RUBIN_EXTRAGALACTIC,
            clause,
            _simbad_not_asked,
            choice=True,
        )
        for clause in GALAXY_CLAUSES
    ),
    *(
        Cause(
            side,
            "Fink takes the rate from the last two visits, this broker from visits at least half an hour apart",
            ("extragalactic_new_candidate", "fast_transient_gvom"),
            clause,
            _seen_just_before,
            choice=True,
        )
        for side, clause in (
            (Side.OURS, ""),
            (Side.THEIRS, "rises by 0.2 mag/day within 3 d, or fades by 0.2 (r, i) or 0.5 (g, u)"),
            (Side.THEIRS, "brightens by > 0.3 mag/day"),
            (Side.THEIRS, "the rate is of > 3 sigma"),
        )
    ),
    *(
        Cause(
            side,
            "Fink measures the elongation on the stamp, this broker takes it from the packet's second moments",
            ("faint_trails",),
            clause,
            explains,
            choice=True,
        )
        for side, clause, explains in (
            (Side.OURS, "", _is_long),
            (Side.THEIRS, f"elongation of the moments > {MIN_ELONGATION:g}", _is_round),
        )
    ),
)
