"""ZTF alerts that pass, and changes that break one clause: what the truth tables are made of."""

from typing import Any

from tests.unit.filters.filter_rows import Row

NOW = 2460235.7
EARLIER = [NOW - 4.0, NOW - 2.0]

DETECTION: dict[str, Any] = {
    "candidate.jd": NOW,
    "candidate.jdstarthist": NOW - 4.0,
    "candidate.fid": 2,
    "candidate.magpsf": 19.0,
    "candidate.sigmapsf": 0.05,
    "candidate.magnr": 22.0,
    "candidate.sigmagnr": 0.2,
    "candidate.isdiffpos": "t",
    "candidate.drb": 0.99,
    "candidate.classtar": 0.9,
    "candidate.ndethist": 5,
    "candidate.distnr": 4.0,
    "candidate.ssdistnr": -999.0,
    "candidate.ra": 150.0,  # Galactic latitude 43 deg, ecliptic latitude 17 deg
    "candidate.dec": 30.0,
    "roid": 0,
    "prv_candidates.jd": EARLIER,
    "prv_candidates.fid": [2, 2],
    "prv_candidates.magpsf": [20.0, 19.5],
    "prv_candidates.sigmapsf": [0.1, 0.1],
    "prv_candidates.magnr": [22.0, 22.0],
    "prv_candidates.sigmagnr": [0.2, 0.2],
    "prv_candidates.isdiffpos": ["t", "t"],
}
PS1 = tuple(f"{column}{place}" for column in ("ps1_sep_arcsec", "ps1_star_score") for place in ("", "_2", "_3"))
SURROUNDINGS: dict[str, Any] = {
    "host_kind": "extragalactic",
    "ps1_shape": "galaxy",
    "gcvs": "Unknown",
    "vsx": "Unknown",
    "gaia_sep_arcsec": 20.0,
    **{f"ps1_sep_arcsec{place}": 8.0 for place in ("", "_2", "_3")},
    **{f"ps1_star_score{place}": 0.99 for place in ("", "_2", "_3")},
}
SUPERNOVA: dict[str, Any] = {
    **DETECTION,
    **SURROUNDINGS,
    "snn_snia_vs_nonia": 0.9,
    "snn_sn_vs_all": 0.9,
    "rf_snia_vs_nonia": 0.9,
    "rf_kn_vs_nonkn": 0.9,
}
HOSTLESS: dict[str, Any] = {
    **DETECTION,
    **SURROUNDINGS,
    "host_kind": "empty",
    "ps1_shape": "Unknown",
    "is_hostless": True,
}


def looked_at(fails: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """Leave out the changes by which the packet's neighbours were not read: a second clause would fail too."""
    return {
        clause: [change for change in changes if change.get("ps1_shape", "") is not None]
        for clause, changes in fails.items()
    }


REAL: dict[str, list[Row]] = {"candidate.drb > 0.5": [{"candidate.drb": 0.5}, {"candidate.drb": None}]}
POINT_LIKE: dict[str, list[Row]] = {"candidate.classtar > 0.4": [{"candidate.classtar": 0.4}]}
NOT_KNOWN: dict[str, list[Row]] = {"roid is not 3": [{"roid": 3}, {"roid": None}]}
EXTRAGALACTIC: dict[str, list[Row]] = {
    "a galaxy or nothing there, and no star": [
        {"host_kind": "other"},
        {"host_kind": None},
        {"host_kind": "not available", "ps1_shape": "star"},
        {"host_kind": "not available", "ps1_shape": None},
        {"host_kind": "not available", "gcvs": None},
        {"host_kind": "not available", "vsx": "RRAB"},
    ]
}
EXTRAGALACTIC_TOO: list[Row] = [
    {"host_kind": "empty", "ps1_shape": "star"},
    {"host_kind": "not available"},
    {"host_kind": "not available", "ps1_shape": "uncertain"},
    {"host_kind": "not available", "ps1_shape": "Unknown"},
]
SUPERNOVA_SCORE: dict[str, list[Row]] = {
    "snn_snia_vs_nonia > 0.5 or snn_sn_vs_all > 0.5": [
        {"snn_snia_vs_nonia": 0.5, "snn_sn_vs_all": 0.5},
        {"snn_snia_vs_nonia": None, "snn_sn_vs_all": None},
    ]
}
UNCATALOGUED: dict[str, list[Row]] = {
    "nothing catalogued there": [
        {"host_kind": "extragalactic"},
        {"host_kind": "other"},
        {"host_kind": "not available", "ps1_shape": "galaxy"},
        {"host_kind": "not available", "ps1_shape": None},
        {"host_kind": "not available", "vsx": "M"},
    ]
}
NO_STAR_NEAR: dict[str, list[Row]] = {
    "no Pan-STARRS star within 5 arcsec": [
        {"ps1_sep_arcsec": 5.0},
        {"ps1_sep_arcsec_3": 1.0},
        {"ps1_sep_arcsec": 1.0, "ps1_star_score": None},
        {"ps1_shape": None},
        {"ps1_shape": None, **dict.fromkeys(PS1)},  # the module that reads them did not run
    ]
}
NO_STAR_NEAR_TOO: list[Row] = [
    {"ps1_sep_arcsec": 1.0, "ps1_star_score": 0.1},
    {"ps1_sep_arcsec_2": None},
    {"ps1_shape": "Unknown", **dict.fromkeys(PS1)},  # it ran, and found nothing
]
PLANE: dict[str, list[Row]] = {
    "Galactic latitude beyond 10 deg": [{"candidate.ra": 286.0, "candidate.dec": 4.0}],  # in Aquila
}
ECLIPTIC: dict[str, list[Row]] = {
    "ecliptic latitude beyond 10 deg": [{"candidate.ra": 180.0, "candidate.dec": 0.0}],
}
BRIGHTER: dict[str, list[Row]] = {
    "brighter than the reference": [
        {"candidate.isdiffpos": "f"},
        {"candidate.isdiffpos": "0"},
        {"candidate.isdiffpos": None},
    ]
}
NO_HOST: dict[str, list[Row]] = {
    "candidate.distnr > 1.5": [{"candidate.distnr": 1.5}],
    **looked_at(UNCATALOGUED),
    "no Gaia source within 1 arcsec": [
        {"gaia_sep_arcsec": 1.0},
        {"gaia_sep_arcsec": None, "ps1_shape": None},  # the module that reads them did not run
    ],
    **NOT_KNOWN,
    "the stamps show no host": [{"is_hostless": False}, {"is_hostless": None}],
}
BRIGHT: dict[str, Any] = {
    **DETECTION,
    "candidate.magpsf": 17.9,
    "candidate.rb": 0.9,
    "candidate.sgscore1": 0.01,
    "candidate.distpsnr1": 1.4,
    "candidate.neargaiabright": -999.0,
    "candidate.maggaiabright": -999.0,
    "gcvs": "Unknown",
    "vsx": "Unknown",
    "gcvs_sep_arcsec": None,
    "vsx_sep_arcsec": None,
}
FADING: dict[str, Any] = {
    **SUPERNOVA,
    "prv_candidates.jd": [NOW - 4.0, NOW - 3.0, NOW - 2.0],
    "prv_candidates.fid": [2, 2, 2],
    "prv_candidates.magpsf": [17.0, 17.5, 18.0],
    "prv_candidates.sigmapsf": [0.1, 0.1, 0.1],
    "prv_candidates.magnr": [-999.0, 24.0, 24.0],
    "prv_candidates.sigmagnr": [-999.0, 0.2, 0.2],
    "prv_candidates.isdiffpos": ["t", "1", "t"],
    "candidate.magpsf": 19.0,
    "candidate.magnr": 24.0,
}
SPICY: dict[str, Any] = {
    **DETECTION,
    "spicy_class": "ClassI",
    "lc_features_r.linear_fit_slope": -0.03,
    "prv_candidates.jd": [NOW - 5.0, NOW - 4.0, NOW - 3.0, NOW - 2.0, NOW - 1.0],
    "prv_candidates.fid": [2, 2, 2, 2, 1],
    "prv_candidates.magpsf": [19.5, 19.4, 19.3, 19.2, None],
}
LISTS: dict[str, Any] = {
    "gcvs": "Unknown",
    "vsx": "Unknown",
    "blazar": "Unknown",
    "x3hsp_sep_arcsec": None,
    "spicy_class": "Unknown",
}
BLAZAR = "a blazar of SIMBAD, or of 3HSP, CTAO's list, GCVS or VSX where SIMBAD did not answer"
YOUNG = "a candidate of SIMBAD, or a young star of SPICY, GCVS or VSX where SIMBAD did not answer"
