"""What Fink's filters of ZTF are given, by the name of the argument."""

from collections.abc import Mapping

from fink_lib.filters.upstream.binding import Argument, history, number, stamps, word

FOLDER = "ztf"  # of the package

_CANDIDATE = ("ra", "dec", "jd", "jdstarthist", "magpsf", "sigmapsf", "drb", "classtar", "ssdistnr", "distnr")
_COUNTS = ("fid", "ndethist", "field")
_HISTORY = ("jd", "fid", "magpsf", "sigmapsf", "magnr", "sigmagnr", "magzpsci", "isdiffpos", "diffmaglim")
_SCORES = ("mulens", "snn_snia_vs_nonia", "snn_sn_vs_all", "rf_snia_vs_nonia", "rf_kn_vs_nonkn")

ARGUMENTS: Mapping[str, Argument] = {
    "objectId": word("objectId", ""),
    "isdiffpos": word("candidate.isdiffpos", ""),
    **{name: number(f"candidate.{name}") for name in _CANDIDATE},
    **{name: number(f"candidate.{name}", 0) for name in _COUNTS},
    **{f"c{name}c": Argument((f"prv_candidates.{name}", f"candidate.{name}"), history) for name in _HISTORY},
    # Fink stores 0 where a score was not computed.
    **{name: number(name, 0.0) for name in _SCORES},
    "roid": number("roid", 0),
    "linear_fit_slope": number("lc_features_r.linear_fit_slope"),
    "spicy_id": number("spicy_id", -1),
    "spicy_class": word("spicy_class", "Unknown"),
    "tns": word("tns", ""),
    # What Fink's crossmatch writes when the service does not answer.
    "cdsxmatch": word("cdsxmatch", "Fail"),
    "DR3Name": word("DR3Name", "nan"),
    "cutoutScience": Argument(("cutoutScience.stampData",), stamps),
    "cutoutTemplate": Argument(("cutoutTemplate.stampData",), stamps),
    "cstampDatac": word("cutoutScience.stampData", None),
}
