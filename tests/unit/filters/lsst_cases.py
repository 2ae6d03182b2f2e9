"""Truth tables of the Rubin filters."""

from typing import Any

from fink_lib.filters.blocks.rubin_quality import FLAGS
from fink_lib.filters.lsst.extragalactic_lt20mag_candidate import MEANS
from fink_lib.filters.lsst.sn_near_galaxy_candidate import PEAKS
from tests.unit.filters.filter_rows import Absent, Case, Row

NOW = 61000.3
FLUX = 50_000.0  # nJy: 19.65 mag

SOURCE: dict[str, Any] = {
    **dict.fromkeys(FLAGS, False),
    "diaSource.diaSourceId": 113 * (2**53 // 113 + 1),
    "diaSource.isNegative": False,
    "diaSource.psfFlux": FLUX,
    "diaSource.psfFluxErr": 500.0,
    "diaSource.snr": 100.0,
    "diaSource.midpointMjdTai": NOW,
    "diaSource.band": "g",
    "diaSource.ra": 150.0,
    "diaSource.dec": -20.0,
    "diaObject.nDiaSources": 8,
    "prvDiaSources.midpointMjdTai": [NOW - 4.0, NOW - 2.2],
    "is_sso": False,
    "gcvs": "Unknown",
    "vsx": "Unknown",
    "mangrove_sep_arcsec": 10.0,
    "mangrove_lum_dist_mpc": 200.0,  # distance modulus 36.51: the flux is -16.9 mag there
    "simbad_otype": "G",
    "gaiadr3_DR3Name": "Unknown",
    "gaiadr3_Plx": None,
    "gaiadr3_e_Plx": None,
    "legacydr8_zphot": None,
    "snn_sn_vs_others": 0.9,
    "cats_class": 11,
    "cats_score": 0.95,
    "flux_rate": 60_000.0,
    "flux_rate_err": 1000.0,
    "mag_rate": -0.6,
    "hostless_ks_template": 0.4,
}
FLAGGED: list[Row] = [{flag: True} for flag in FLAGS] + [{FLAGS[0]: None}]
GOOD: dict[str, list[Row]] = {
    "no quality flag is set": FLAGGED,
    "psfFlux / psfFluxErr >= 6": [{"diaSource.psfFluxErr": 9000.0}, {"diaSource.psfFluxErr": None}],
}
POSITIVE: dict[str, list[Row]] = {
    "brighter than the template": [{"diaSource.isNegative": True}, {"diaSource.isNegative": None}]
}
OFF_PLANE: dict[str, list[Row]] = {
    "Galactic latitude beyond 20 deg": [{"diaSource.ra": 266.4, "diaSource.dec": -29.0}],
}
NOT_SSO: dict[str, list[Row]] = {"no solar-system object": [{"is_sso": True}, {"is_sso": None}]}
GAIA_STAR: Row = {"gaiadr3_DR3Name": "Gaia DR3 1", "gaiadr3_Plx": 5.1, "gaiadr3_e_Plx": 1.0}
NO_GAIA = "no Gaia star with a parallax there, or a known galaxy where Gaia was not asked"
NO_STAR: dict[str, list[Row]] = {
    **GOOD,
    **OFF_PLANE,
    **NOT_SSO,
    NO_GAIA: [GAIA_STAR, {"gaiadr3_DR3Name": "Fail"}, {"gaiadr3_DR3Name": "Fail 504"}],
    "no star of GCVS or VSX there": [{"vsx": "RRAB"}, {"gcvs": "M"}, {"vsx": None}],
}
NEAR: dict[str, list[Row]] = {
    **NO_STAR,
    "a galaxy is near": [
        {"mangrove_sep_arcsec": None, "simbad_otype": None},
        {"mangrove_sep_arcsec": None, "simbad_otype": "Unknown"},
        {"mangrove_sep_arcsec": None, "simbad_otype": "Star"},
        {"mangrove_sep_arcsec": None, "simbad_otype": "Fail 504", "legacydr8_zphot": 0.1},
        {"mangrove_sep_arcsec": None, "simbad_otype": None, "legacydr8_zphot": 0.1},
        {"mangrove_sep_arcsec": None, "simbad_otype": "LP*", "legacydr8_zphot": 0.1},
    ],
}
NEAR_TOO: list[Row] = [
    {"mangrove_sep_arcsec": None, "simbad_otype": "G"},
    {"mangrove_sep_arcsec": None, "simbad_otype": "Sy1"},
    {"mangrove_sep_arcsec": None, "simbad_otype": "Galaxy"},
    {"mangrove_sep_arcsec": None, "simbad_otype": "Unknown", "legacydr8_zphot": 0.05},
    {"simbad_otype": "Fail"},
    {"vsx": "AGN"},
    {**GAIA_STAR, "gaiadr3_Plx": 4.9},
    {**GAIA_STAR, "gaiadr3_Plx": 0.1, "gaiadr3_e_Plx": 0.1},
    {**GAIA_STAR, "gaiadr3_Plx": None, "gaiadr3_e_Plx": None},
    {"gaiadr3_DR3Name": "nan"},
    {"gaiadr3_DR3Name": None, "mangrove_sep_arcsec": None},  # Gaia was not asked, SIMBAD knows a galaxy
    {"gaiadr3_DR3Name": None, "simbad_otype": None},  # neither was asked, Mangrove has a galaxy
]
LOOSE: dict[str, list[Row]] = {
    **NO_STAR,
    "a galaxy is near, or SIMBAD has nothing": [
        {"mangrove_sep_arcsec": None, "simbad_otype": "Star"},
        {"mangrove_sep_arcsec": None, "simbad_otype": "Fail"},
        {"mangrove_sep_arcsec": None, "simbad_otype": None},
    ],
}
LOOSE_TOO: list[Row] = [*NEAR_TOO, {"mangrove_sep_arcsec": None, "simbad_otype": "Unknown"}]
# Columns that silver does not have: nobody asked SIMBAD, Gaia or the Legacy Survey.
GAIA = ("gaiadr3_DR3Name", "gaiadr3_Plx", "gaiadr3_e_Plx")
SERVICES = ("simbad_otype", *GAIA, "legacydr8_zphot")
NEAR_ABSENT = (
    Absent(SERVICES, {}),  # Mangrove has a galaxy there
    Absent(SERVICES, {"mangrove_sep_arcsec": None}, (NO_GAIA, "a galaxy is near")),
    Absent(GAIA, {"mangrove_sep_arcsec": None}),  # SIMBAD has one
    Absent(GAIA, {"mangrove_sep_arcsec": None, "simbad_otype": "Unknown", "legacydr8_zphot": 0.05}, (NO_GAIA,)),
    Absent(("simbad_otype",), {"mangrove_sep_arcsec": None, "legacydr8_zphot": 0.05}, ("a galaxy is near",)),
)
OR_EMPTY = "a galaxy is near, or SIMBAD has nothing"
LOOSE_ABSENT = (
    Absent(SERVICES, {}),
    Absent(SERVICES, {"mangrove_sep_arcsec": None}, (NO_GAIA, OR_EMPTY)),
    Absent(GAIA, {"mangrove_sep_arcsec": None}),
    Absent(GAIA, {"mangrove_sep_arcsec": None, "simbad_otype": "Unknown"}, (NO_GAIA,)),
    Absent(("simbad_otype",), {"mangrove_sep_arcsec": None}, (OR_EMPTY,)),
)
FIRST_SEEN = dict.fromkeys(("prvDiaSources.midpointMjdTai", "prvDiaSources.band", "prvDiaSources.templateFlux"))
YOUNG: dict[str, list[Row]] = {
    "first seen < 5 d ago": [{"prvDiaSources.midpointMjdTai": [NOW - 5.1, NOW - 2.0]}],
}
UNLIKELY: dict[str, list[Row]] = {
    "diaSource.snr > 10": [{"diaSource.snr": 10.0}],
    "diaObject.nDiaSources >= 2": [{"diaObject.nDiaSources": 1}, {"diaObject.nDiaSources": None}],
    **NOT_SSO,
    **GOOD,
    **POSITIVE,
}
TRAIL: dict[str, Any] = {
    **SOURCE,
    "diaSource.trailLength": 3.0,
    "diaSource.trailFlux": 10.0,
    "diaSource.ixx": 5.0,
    "diaSource.iyy": 5.0,
    "diaSource.ixy": 4.0,  # axes in the ratio 3
}
RISING: dict[str, Any] = {**SOURCE, **dict.fromkeys(MEANS, 1000.0), "diaObject.g_psfFluxMean": 40_000.0}
PEAKED: dict[str, Any] = {**SOURCE, **dict.fromkeys(PEAKS), "diaObject.r_psfFluxMax": FLUX}
# A red star in the north of Cerro Pachon's sky.
FLARE: dict[str, Any] = {
    **SOURCE,
    **GAIA_STAR,
    "diaSource.templateFlux": 400_000.0,
    "diaSource.ra": 120.0,
    "diaSource.dec": 20.0,
    "prvDiaSources.band": ["r", "i", "z", "r"],
    "prvDiaSources.templateFlux": [400_000.0, 800_000.0, 1_200_000.0, None],
    "prvDiaSources.midpointMjdTai": [NOW - 9.0, NOW - 8.0, NOW - 7.0, NOW - 6.0],
}

CASES: dict[str, Case] = {
    "uniform_sample": Case(
        SOURCE,
        {
            "diaSourceId divisible by 113": [
                {"diaSource.diaSourceId": SOURCE["diaSource.diaSourceId"] + 1},
                {"diaSource.diaSourceId": None},
            ]
        },
        [{"diaSource.diaSourceId": 113}],
    ),
    "is_solar_system": Case(
        {"is_sso": True}, {"the packet names a solar-system object": [{"is_sso": False}, {"is_sso": None}]}
    ),
    "in_tns": Case(
        {"tns_fullname": "AT 2026abc"},
        {"a transient of the Transient Name Server is there": [{"tns_fullname": "Unknown"}, {"tns_fullname": None}]},
    ),
    "in_simbad": Case(
        SOURCE,
        {
            "SIMBAD knows a source there": [
                {"simbad_otype": None},
                {"simbad_otype": "Unknown"},
                {"simbad_otype": "Fail"},
                {"simbad_otype": "Fail 504"},
            ]
        },
    ),
    "remove_unlikely_transients": Case(SOURCE, UNLIKELY),
    "most_likely_sn": Case(
        SOURCE,
        {
            "snn_sn_vs_others >= 0.7": [{"snn_sn_vs_others": 0.69}, {"snn_sn_vs_others": None}],
            "cats_class = 11": [{"cats_class": 12}, {"cats_class": None}],
            "cats_score >= 0.9": [{"cats_score": 0.89}],
            **UNLIKELY,
        },
    ),
    "hostless_candidate": Case(
        SOURCE,
        {
            **GOOD,
            "hostless_ks_template < 0.95": [{"hostless_ks_template": 0.95}, {"hostless_ks_template": None}],
            **OFF_PLANE,
            "brighter than 21.5 mag": [{"diaSource.psfFlux": 9000.0}],
        },
    ),
    "faint_trails": Case(
        TRAIL,
        {
            "fainter than 18 mag": [{"diaSource.psfFlux": 250_000.0}],
            "brighter than 21 mag": [{"diaSource.psfFlux": 14_000.0}],
            "diaSource.trailLength > 2": [{"diaSource.trailLength": 2.0}, {"diaSource.trailLength": None}],
            "diaSource.trailFlux > 0": [{"diaSource.trailFlux": 0.0}],
            **GOOD,
            "elongation of the moments > 2": [{"diaSource.ixy": 2.9}, {"diaSource.ixy": 6.0}, {"diaSource.ixx": None}],
        },
    ),
    "extragalactic_svom": Case(
        SOURCE,
        {**NEAR, **YOUNG, "brighter than 24 mag": [{"diaSource.psfFlux": 900.0, "diaSource.psfFluxErr": 10.0}]},
        NEAR_TOO,
        NEAR_ABSENT,
    ),
    "extragalactic_new_candidate": Case(
        {**SOURCE, "mag_rate": 0.6},
        {
            **NEAR,
            **YOUNG,
            "brighter than 24 mag": [{"diaSource.psfFlux": 900.0, "diaSource.psfFluxErr": 10.0}],
            "rises by 0.2 mag/day within 3 d, or fades by 0.2 (r, i) or 0.5 (g, u)": [
                {"mag_rate": 0.5},
                {"mag_rate": None},
                {"mag_rate": -0.6},
                {"mag_rate": 0.6, "diaSource.band": "z"},
                {"mag_rate": -0.2, "prvDiaSources.midpointMjdTai": [NOW - 2.5]},
            ],
        },
        [
            *NEAR_TOO,
            {"mag_rate": -0.6, "prvDiaSources.midpointMjdTai": [NOW - 2.5]},
            {"mag_rate": 0.3, "diaSource.band": "r"},
        ],
        NEAR_ABSENT,
    ),
    "extragalactic_lt20mag_candidate": Case(
        RISING,
        {
            **LOOSE,
            "brighter than 20 mag": [{"diaSource.psfFlux": 36_000.0, "diaObject.g_psfFluxMean": 30_000.0}],
            "above the mean flux of its band": [
                {"diaObject.g_psfFluxMean": 49_500.0},
                {"diaObject.g_psfFluxMean": None},
                {"diaSource.band": None},
            ],
            "diaObject.nDiaSources > 4": [{"diaObject.nDiaSources": 4}],
            "first seen > 1 d ago": [
                {"prvDiaSources.midpointMjdTai": [NOW - 0.9]},
                {"prvDiaSources.midpointMjdTai": None},
            ],
        },
        [*LOOSE_TOO, {"diaSource.band": "r"}],
        LOOSE_ABSENT,
    ),
    "fast_transient_gvom": Case(
        SOURCE,
        {
            **LOOSE,
            **YOUNG,
            "brighter than 21 mag": [{"diaSource.psfFlux": 14_000.0}],
            "brightens by > 0.3 mag/day": [
                {"flux_rate": 13_800.0},
                {"flux_rate": -60_000.0},
            ],
            "the rate is of > 3 sigma": [{"flux_rate_err": 21_000.0}, {"flux_rate_err": None}],
        },
        LOOSE_TOO,
        LOOSE_ABSENT,
    ),
    "sn_near_galaxy_candidate": Case(
        PEAKED,
        {
            **NEAR,
            "diaObject.nDiaSources > 5": [{"diaObject.nDiaSources": 5}],
            "peak between -23 and -13 mag at the galaxy's distance": [
                {"mangrove_lum_dist_mpc": None},
                {"mangrove_lum_dist_mpc": 20.0},
                {"legacydr8_zphot": 3.0},
                dict.fromkeys(PEAKS),
            ],
        },
        [{"simbad_otype": "Fail"}, {"mangrove_lum_dist_mpc": None, "legacydr8_zphot": 0.05}],
        NEAR_ABSENT[:3],
    ),
    "mdwarf_flare": Case(
        FLARE,
        {
            "seen before, or a Gaia star with a parallax": [
                {
                    "gaiadr3_Plx": 1.0,
                    **dict.fromkeys(
                        ("prvDiaSources.midpointMjdTai", "prvDiaSources.band", "prvDiaSources.templateFlux")
                    ),
                }
            ],
            **GOOD,
            "in u or g": [{"diaSource.band": "r"}, {"diaSource.band": None}],
            "red when quiet, or of unknown colour": [
                {"prvDiaSources.templateFlux": [400_000.0, 500_000.0, 1_200_000.0, None]},
                {"prvDiaSources.templateFlux": [400_000.0, 800_000.0, 900_000.0, None]},
            ],
            "airmass > 1.3": [{"diaSource.dec": -30.0}],
            "at least 10 % above the template": [
                {"diaSource.templateFlux": 600_000.0},
                {"diaSource.templateFlux": -1.0},
            ],
            "not seen 4 to 48 h before": [
                {"prvDiaSources.midpointMjdTai": [NOW - 9.0, NOW - 8.0, NOW - 7.0, NOW - 1.0]}
            ],
        },
        [
            {"gaiadr3_DR3Name": None, "gaiadr3_Plx": None},
            dict.fromkeys(("prvDiaSources.midpointMjdTai", "prvDiaSources.band", "prvDiaSources.templateFlux")),
            {"prvDiaSources.templateFlux": [None] * 4},
            {"prvDiaSources.midpointMjdTai": [NOW - 9.0, NOW - 8.0, NOW - 7.0, NOW - 0.1]},
        ],
        [Absent(GAIA, {}), Absent(GAIA, FIRST_SEEN, ("seen before, or a Gaia star with a parallax",))],
    ),
}
