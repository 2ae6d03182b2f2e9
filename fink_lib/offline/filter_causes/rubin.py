"""The reasons for Rubin; most come from a cut on quality that is the wrong way round."""

from fink_lib.filters.blocks.rubin_quality import GOOD_QUALITY, POSITIVE
from fink_lib.filters.blocks.rubin_surroundings import CODES, EXTRAGALACTIC_OR_EMPTY, GAIA, NEAR_GALAXY
from fink_lib.offline.filter_causes.cause import Cause, Side
from fink_lib.science.classify.labels import FAILED_PREFIX

INVERTED = ("most_likely_sn", "remove_unlikely_transients")
RUBIN_EXTRAGALACTIC = (
    "extragalactic_lt20mag_candidate",
    "extragalactic_new_candidate",
    "extragalactic_svom",
    "fast_transient_gvom",
    "sn_near_galaxy_candidate",
)
GAIA_CLAUSE = "no Gaia star with a parallax there"

RUBIN_CAUSES: tuple[Cause, ...] = (
    *(
        Cause(
            Side.THEIRS,
            "Fink's cut on quality is inverted: it selects what is flagged, faint or negative, and nothing else",
            INVERTED,
            clause,
        )
        for clause in (*(clause.name for clause in GOOD_QUALITY), POSITIVE.name)
    ),
    Cause(
        Side.OURS,
        "Fink's cut on quality is inverted: a good measurement is refused",
        INVERTED,
    ),
    Cause(
        Side.THEIRS,
        "Fink takes the error of the parallax for the parallax, so that no star of Gaia is kept out",
        ("fast_transient_gvom",),
        GAIA_CLAUSE,
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
            lambda row: any(str(row.get(name)).startswith(FAILED_PREFIX) for name in ("simbad_otype", GAIA[0])),
        )
        for clause in (GAIA_CLAUSE, *(clauses[-1].name for clauses in (NEAR_GALAXY, EXTRAGALACTIC_OR_EMPTY)))
    ),
    *(
        Cause(
            side,
            "Fink takes the rate from the last two visits, this broker from visits at least half an hour apart",
            ("extragalactic_new_candidate", "fast_transient_gvom"),
            clause,
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
        )
        for side, clause in ((Side.OURS, ""), (Side.THEIRS, "elongation of the moments > 2"))
    ),
)
