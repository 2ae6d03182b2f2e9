"""The two tables: Fink's rule as it is, and the same with its defects corrected.

========================  ==============================================  =====================================
case                      ``fink``                                        ``default``
========================  ==============================================  =====================================
SIMBAD did not answer     extragalactic: "Fail", "Fail 504", not asked    what this machine knows decides
SIMBAD's words            those of before 2022                            old and new ones
SIMBAD names a source     overrides everything, a known asteroid too      overrides all but known asteroids
SIMBAD names a galaxy     other words than "Galaxy" override everything   the class only of active ones without more
TNS has a type            not used                                        the class
VSX or GCVS has a star    not used                                        the class, where SIMBAD is silent
several rules apply       only four of seven can make it ambiguous        any two that contradict each other
========================  ==============================================  =====================================
"""

from fink_lib.science.methods.classify.rules import AnyOf, ClassRule, Op, Scheme, Test

SN_SCORE, EARLY_SCORE, KILONOVA_SCORE = 0.5, 0.5, 0.5
DRB_MIN, STAR_GALAXY_MIN = 0.5, 0.4
KNOWN, CANDIDATE = 3, 2

SUPERNNOVA = AnyOf(
    (
        Test("snn_snia_vs_nonia", Op.ABOVE, SN_SCORE),
        Test("snn_sn_vs_all", Op.ABOVE, SN_SCORE),
    )
)
REAL = (Test("drb", Op.ABOVE, DRB_MIN), Test("classtar", Op.ABOVE, STAR_GALAXY_MIN))
NOT_KNOWN_SSO = Test("roid", Op.IS_NOT, KNOWN)


def _transients(extragalactic: Test, supernova: str, kilonova: str) -> tuple[ClassRule, ...]:
    """Return the rules on scores; they differ only in what is extragalactic and in their families."""
    return (
        ClassRule("Microlensing candidate", (Test("mulens", Op.ABOVE, 0.0),), "lensing"),
        ClassRule(
            "SN candidate",
            (
                SUPERNNOVA,
                extragalactic,
                Test("age_days", Op.AT_MOST, 90.0),
                *REAL,
                Test("ndethist", Op.ABOVE, 1.0),
                NOT_KNOWN_SSO,
            ),
            "supernova",
        ),
        ClassRule(
            "Early SN Ia candidate",
            (
                SUPERNNOVA,
                Test("rf_snia_vs_nonia", Op.ABOVE, EARLY_SCORE),
                Test("ndethist", Op.AT_MOST, 20.0),
                *REAL,
                extragalactic,
            ),
            supernova,
        ),
        ClassRule(
            "Kilonova candidate",
            (
                Test("rf_kn_vs_nonkn", Op.ABOVE, KILONOVA_SCORE),
                *REAL,
                Test("age_days", Op.BELOW, 5.0),
                Test("ndethist", Op.BELOW, 20.0),
                extragalactic,
                NOT_KNOWN_SSO,
            ),
            kilonova,
        ),
    )


FINK = Scheme(
    name="fink",
    version="1.1",
    unknown="Unknown",
    rules=(
        *_transients(Test("fink_extragalactic", Op.IS, value=True), supernova="", kilonova=""),
        ClassRule("Solar System candidate", (Test("roid", Op.IS, CANDIDATE),), "moving candidate"),
        ClassRule("Tracklet", (Test("in_tracklet", Op.IS, value=True),)),
        ClassRule("Solar System MPC", (Test("roid", Op.IS, KNOWN),), "moving"),
        ClassRule("=simbad", (Test("fink_simbad_decides", Op.IS, value=True),), final=True),
    ),
)

DEFAULT = Scheme(
    name="default",
    version="1.0",
    unknown="Unknown",
    rules=(
        ClassRule("=simbad_now", (Test("active_galaxy", Op.IS, value=True),)),
        *_transients(Test("extragalactic", Op.IS, value=True), supernova="supernova", kilonova="kilonova"),
        ClassRule("Solar System candidate", (Test("roid", Op.IS, CANDIDATE),), "moving"),
        ClassRule("Tracklet", (Test("in_tracklet", Op.IS, value=True),), "moving"),
        ClassRule("=variable_star", (Test("is_variable_star", Op.IS, value=True),), final=True),
        ClassRule("=simbad_now", (Test("simbad_decides", Op.IS, value=True),), final=True),
        ClassRule("=tns_type", (Test("has_tns_type", Op.IS, value=True),), final=True),
        ClassRule("Solar System MPC", (Test("roid", Op.IS, KNOWN),), "moving", final=True),
    ),
)

SCHEMES = (FINK, DEFAULT)
