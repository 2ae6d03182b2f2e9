"""Truth tables of the ZTF filters."""

from tests.unit.filters.filter_rows import Absent, Case
from tests.unit.filters.ztf_rows import (
    BLAZAR,
    BRIGHT,
    BRIGHTER,
    DETECTION,
    ECLIPTIC,
    EXTRAGALACTIC,
    EXTRAGALACTIC_TOO,
    FADING,
    HOSTLESS,
    LISTS,
    NO_HOST,
    NO_STAR_NEAR,
    NO_STAR_NEAR_TOO,
    NOT_KNOWN,
    NOW,
    PLANE,
    POINT_LIKE,
    REAL,
    SPICY,
    SUPERNOVA,
    SUPERNOVA_SCORE,
    UNCATALOGUED,
    YOUNG,
    looked_at,
)

CASES: dict[str, Case] = {
    "first_pass_candidates": Case({"roid": 1}, {"roid = 1": [{"roid": 0}, {"roid": 2}, {"roid": None}]}),
    "sso_fink_candidates": Case({"roid": 2}, {"roid = 2": [{"roid": 1}, {"roid": 3}, {"roid": None}]}),
    "sso_ztf_candidates": Case({"roid": 3}, {"roid = 3": [{"roid": 2}, {"roid": None}]}),
    "variable_stars": Case(
        {"gcvs": "RRAB", "gcvs_sep_arcsec": 0.3, "vsx": "Unknown", "vsx_sep_arcsec": None},
        {
            "a variable star of GCVS or VSX is there": [
                {"gcvs": "Unknown", "gcvs_sep_arcsec": None},
                *({"gcvs": kind} for kind in ("SNI", "QSO", "BLLAC", "GAL:", "CST")),  # selected in v0.1.0
                {"gcvs": "Unknown", "gcvs_sep_arcsec": None, "vsx": "Galaxy", "vsx_sep_arcsec": 0.2},
            ]
        },
        [
            {"gcvs": ""},
            {"vsx": "M", "vsx_sep_arcsec": 0.2},
            {"gcvs": "Unknown", "gcvs_sep_arcsec": None, "vsx": "M", "vsx_sep_arcsec": 0.0},
        ],
    ),
    "bright_transients": Case(
        BRIGHT,
        {
            "candidate.magpsf < 18.5": [{"candidate.magpsf": 18.5}, {"candidate.magpsf": None}],
            "drb >= 0.5, or rb >= 0.65 without drb": [
                {"candidate.drb": 0.49},
                {"candidate.drb": None, "candidate.rb": 0.6},
                {"candidate.drb": None, "candidate.rb": None},
            ],
            **BRIGHTER,
            "roid is not 2, 3": [{"roid": 2}, {"roid": 3}, {"roid": None}],
            "no star of GCVS or VSX there": [
                {"gcvs_sep_arcsec": 0.0},
                {"vsx": "EA", "vsx_sep_arcsec": 1.2},
                {"gcvs": None},
                {"vsx": None},
            ],
            "no Pan-STARRS star within 2 arcsec": [
                {"candidate.sgscore1": 0.9},
                {"candidate.sgscore1": None},
                {"candidate.distpsnr1": None},
            ],
            "no Gaia star above 12 mag within 20 arcsec": [
                {"candidate.neargaiabright": 12.0, "candidate.maggaiabright": 9.0},
                {"candidate.neargaiabright": None},
                {"candidate.maggaiabright": None},
            ],
        },
        [
            {"candidate.isdiffpos": "1"},
            {"candidate.drb": None},
            {"candidate.sgscore1": 0.9, "candidate.distpsnr1": 2.5},
            {"candidate.sgscore1": -999.0, "candidate.distpsnr1": -999.0},
            {"candidate.neargaiabright": 25.0, "candidate.maggaiabright": 9.0},
        ],
    ),
    "blazar": Case(
        {**LISTS, "cdsxmatch": "BLLac"},
        {
            BLAZAR: [
                {"cdsxmatch": "QSO"},
                {"cdsxmatch": None},
                {"cdsxmatch": "Fail 504"},
                {"cdsxmatch": None, "x3hsp_sep_arcsec": 3.1},
                {"cdsxmatch": "Star", "vsx": "BLLAC"},
            ]
        },
        [
            {"cdsxmatch": "Blazar_Candidate"},
            {"cdsxmatch": "Fail", "blazar": "3C 279"},
            {"cdsxmatch": None, "x3hsp_sep_arcsec": 0.4},
            {"cdsxmatch": None, "vsx": "BLLAC"},
        ],
        [Absent(("cdsxmatch",), {}, (BLAZAR,)), Absent(("cdsxmatch",), {"blazar": "3C 279"})],
    ),
    "yso_candidates": Case(
        {**LISTS, "cdsxmatch": "Candidate_YSO"},
        {YOUNG: [{"cdsxmatch": "TTau*"}, {"cdsxmatch": None}, {"cdsxmatch": "Star", "spicy_class": "ClassI"}]},
        [
            {"cdsxmatch": "TTau*_Candidate"},
            {"cdsxmatch": None, "spicy_class": "FS"},
            {"cdsxmatch": "Fail", "gcvs": "TTS:"},
        ],
        [Absent(("cdsxmatch",), {}, (YOUNG,)), Absent(("cdsxmatch",), {"spicy_class": "FS"})],
    ),
    "simbad_grav_candidates": Case(
        {"cdsxmatch": "LensedQ"},
        {
            "SIMBAD names a lens, a lensed source or a black hole": [
                {"cdsxmatch": "QSO"},
                {"cdsxmatch": None},
                {"cdsxmatch": "Fail"},
            ]
        },
        [{"cdsxmatch": "GravLens"}, {"cdsxmatch": "BlackHole"}],
    ),
    "microlensing_candidates": Case({"mulens": 0.1}, {"mulens > 0": [{"mulens": 0.0}, {"mulens": None}]}),
    "tns_match": Case(
        {**DETECTION, "tns": "SN Ia"},
        {
            "classified in the Transient Name Server": [{"tns": ""}, {"tns": None}, {"tns": "Unknown"}],
            "first seen <= 30 d ago": [{"candidate.jdstarthist": NOW - 31.0}],
        },
    ),
    "unknowns": Case(
        {"class_default": "Unknown"},
        {"no rule of the classification applies": [{"class_default": "SN candidate"}, {"class_default": None}]},
    ),
    "vra": Case(
        {**HOSTLESS, "candidate.magpsf": 19.6},
        {**UNCATALOGUED, **NOT_KNOWN, **REAL, "candidate.magpsf > 19.5": [{"candidate.magpsf": 19.5}]},
        [{"host_kind": "not available"}, {"roid": 2}],
    ),
    "magnetic_cvs": Case(
        {**DETECTION, "magnetic_cv": "AM Her"},
        {**BRIGHTER, "a magnetic cataclysmic variable is there": [{"magnetic_cv": "Unknown"}, {"magnetic_cv": None}]},
        [{"candidate.isdiffpos": "1"}],
    ),
    "sn_candidates": Case(
        SUPERNOVA,
        {
            **SUPERNOVA_SCORE,
            **EXTRAGALACTIC,
            "first seen <= 90 d ago": [{"candidate.jdstarthist": NOW - 91.0}],
            **REAL,
            **POINT_LIKE,
            "candidate.ndethist > 1": [{"candidate.ndethist": 1}],
            **NOT_KNOWN,
        },
        [*EXTRAGALACTIC_TOO, {"snn_sn_vs_all": 0.1}, {"snn_snia_vs_nonia": None}, {"rf_snia_vs_nonia": 0.0}],
    ),
    "early_sn_candidates": Case(
        SUPERNOVA,
        {
            **SUPERNOVA_SCORE,
            **EXTRAGALACTIC,
            "rf_snia_vs_nonia > 0.5": [{"rf_snia_vs_nonia": 0.5}, {"rf_snia_vs_nonia": None}],
            "candidate.ndethist <= 20": [{"candidate.ndethist": 21}],
            **REAL,
            **POINT_LIKE,
        },
        EXTRAGALACTIC_TOO,
    ),
    "kn_candidates": Case(
        SUPERNOVA,
        {
            "rf_kn_vs_nonkn > 0.5": [{"rf_kn_vs_nonkn": 0.5}, {"rf_kn_vs_nonkn": None}],
            **REAL,
            **POINT_LIKE,
            "first seen < 5 d ago": [{"candidate.jdstarthist": NOW - 5.0}],
            "candidate.ndethist < 20": [{"candidate.ndethist": 20}],
            **NOT_KNOWN,
            **EXTRAGALACTIC,
        },
        EXTRAGALACTIC_TOO,
    ),
    "fast_riser_candidates": Case(
        SUPERNOVA,
        {
            **EXTRAGALACTIC,
            "roid is not 2, 3": [{"roid": 2}, {"roid": 3}],
            **REAL,
            "first seen <= 60 d ago": [{"candidate.jdstarthist": NOW - 61.0}],
            "brightened by >= 0.25 mag/day in one band": [
                {"candidate.magpsf": 19.3, "prv_candidates.magpsf": [19.5, 19.4]},
                {"candidate.fid": 1, "prv_candidates.magpsf": [19.6, 19.5]},
                {"prv_candidates.magpsf": [None, None]},
                {"prv_candidates.jd": None, "prv_candidates.magpsf": None, "prv_candidates.fid": None},
                {"prv_candidates.jd": [NOW - 4.0, NOW - 0.01], "prv_candidates.magpsf": [19.1, 19.5]},
            ],
        },
        [
            *EXTRAGALACTIC_TOO,
            {"candidate.fid": 1},
            {"prv_candidates.jd": [NOW - 2.0, NOW - 4.0], "candidate.magpsf": 17.0},
        ],
    ),
    "rate_based_kn_candidates": Case(
        FADING,
        {
            "candidate.drb > 0.9": [{"candidate.drb": 0.9}],
            **POINT_LIKE,
            "first seen < 5 d ago": [{"candidate.jdstarthist": NOW - 5.0}],
            "candidate.ndethist < 20": [{"candidate.ndethist": 20}],
            **BRIGHTER,
            "no known asteroid within 10 arcsec": [{"candidate.ssdistnr": 10.0}, {"candidate.ssdistnr": None}],
            **PLANE,
            **looked_at(EXTRAGALACTIC),
            "fades by > 0.3 mag/day": [
                {"candidate.magpsf": 18.1},
                {"prv_candidates.fid": [1, 1, 1]},
                {"prv_candidates.jd": [NOW - 0.3, NOW - 0.2, NOW - 0.1]},
                {"prv_candidates.magpsf": [None, None, 18.0], "candidate.magpsf": 21.5},
                {"prv_candidates.magpsf": [None, None, None]},
            ],
            **NO_STAR_NEAR,
        },
        [*EXTRAGALACTIC_TOO, *NO_STAR_NEAR_TOO, {"candidate.isdiffpos": "1"}, {"candidate.ssdistnr": 10.5}],
    ),
    "early_kn_candidates": Case(
        {
            **SUPERNOVA,
            "candidate.jdstarthist": NOW - 0.2,
            "mangrove_sep_arcsec": 20.0,
            "mangrove_lum_dist_mpc": 50.0,  # distance modulus 33.49: 19 mag is -14.5
            "mangrove_ang_dist_mpc": 49.0,
            "candidate.magpsf": 17.5,
        },
        {
            **REAL,
            **POINT_LIKE,
            "first seen < 0.25 d ago": [{"candidate.jdstarthist": NOW - 0.25}],
            **looked_at(EXTRAGALACTIC),
            **NOT_KNOWN,
            "within 10 kpc of a Mangrove galaxy": [{"mangrove_sep_arcsec": 43.0}, {"mangrove_sep_arcsec": None}],
            "absolute magnitude between -17 and -15 at its distance": [
                {"candidate.magpsf": 16.4},
                {"candidate.magpsf": 18.6},
                {"mangrove_lum_dist_mpc": None},
            ],
            **NO_STAR_NEAR,
            **PLANE,
            **ECLIPTIC,
        },
        [*EXTRAGALACTIC_TOO, *NO_STAR_NEAR_TOO],
    ),
    "new_hostless": Case(
        {**HOSTLESS, "candidate.ndethist": 1},
        {"candidate.ndethist = 1": [{"candidate.ndethist": 2}], **NO_HOST},
        [{"gaia_sep_arcsec": None}, {"host_kind": "not available"}],
    ),
    "intra_night_hostless": Case(
        {
            **HOSTLESS,
            "candidate.ndethist": 2,
            "prv_candidates.jd": [NOW - 3.0, NOW - 0.1],
            "prv_candidates.magpsf": [None, 20.0],
        },
        {
            "candidate.ndethist = 2": [{"candidate.ndethist": 3}],
            "the last two detections in one night": [
                {"prv_candidates.jd": [NOW - 3.0, NOW - 1.0]},
                {"prv_candidates.magpsf": [None, None]},
                {"prv_candidates.magpsf": [20.0, None]},
            ],
            **NO_HOST,
        },
    ),
    "inter_night_hostless": Case(
        {**HOSTLESS, "candidate.ndethist": 3, "prv_candidates.jd": [NOW - 1.1, NOW - 1.0]},
        {
            "candidate.ndethist = 3": [{"candidate.ndethist": 2}],
            "two detections in one night, the last in another": [
                {"prv_candidates.jd": [NOW - 0.2, NOW - 0.1]},
                {"prv_candidates.jd": [NOW - 2.0, NOW - 1.0]},
                {"prv_candidates.jd": [NOW - 1.0, NOW - 0.1]},
                {"prv_candidates.magpsf": [None, 20.0]},
            ],
            **NO_HOST,
        },
    ),
    "yso_spicy_candidates": Case(
        SPICY,
        {
            "a young star of SPICY is there": [{"spicy_class": "Unknown"}, {"spicy_class": None}],
            "changes by > 0.025 mag/day in r": [
                {"lc_features_r.linear_fit_slope": 0.025},
                {"lc_features_r.linear_fit_slope": None},
            ],
            "a line explains > 60 % of the scatter in r": [
                {"prv_candidates.magpsf": [19.0, 19.4, 19.0, 19.4, None]},
                {"candidate.fid": 1},
                {"prv_candidates.magpsf": [19.0, 19.0, 19.0, 19.0, None]},
            ],
        },
        [{"lc_features_r.linear_fit_slope": 0.03}],
    ),
}
