"""What Fink's filters of Rubin are given, by the name of the argument."""

from collections.abc import Mapping

from fink_lib.filters.upstream.binding import Argument, first_seen, name_or_none, number, record, records, word

FOLDER = "rubin"  # of the package

_FLAGS = (
    *("isDipole", "pixelFlags", "pixelFlags_bad", "pixelFlags_saturated", "pixelFlags_streakCenter"),
    *("pixelFlags_interpolated", "pixelFlags_cr", "pixelFlags_nodata", "pixelFlags_streak", "pixelFlags_edge"),
    *("psfFlux_flag", "apFlux_flag", "forced_PsfFlux_flag", "forced_PsfFlux_flag_edge", "shape_flag"),
    *("centroid_flag", "isNegative"),
)
_SOURCE = (
    "ra",
    "dec",
    "band",
    "midpointMjdTai",
    "psfFlux",
    "psfFluxErr",
    "snr",
    "templateFlux",
    "trailLength",
    "trailFlux",
)
_PAST = ("midpointMjdTai", "band", "psfFlux", "psfFluxErr", "templateFlux")
_OBJECT = (
    "nDiaSources",
    *(f"{band}_psfFlux{what}" for band in "ugrizy" for what in ("Mean", "MeanErr", "Max", "Ndata")),
)


ARGUMENTS: Mapping[str, Argument] = {
    "diaSource": Argument(tuple(f"diaSource.{name}" for name in (*_SOURCE, *_FLAGS)), record),
    "diaObject": Argument(tuple(f"diaObject.{name}" for name in _OBJECT), record),
    "prvDiaSources": Argument(tuple(f"prvDiaSources.{name}" for name in _PAST), records),
    "diaSourceId": number("diaSource.diaSourceId", 0),
    "nDiaSources": number("diaObject.nDiaSources"),
    "firstDiaSourceMjdTaiFink": Argument(("prvDiaSources.midpointMjdTai", "diaSource.midpointMjdTai"), first_seen),
    "is_sso": number("is_sso", null=False),
    "simbad_otype": word("simbad_otype", None),
    "tns_fullname": Argument(("tns_fullname",), name_or_none),
    "gaiadr3_DR3Name": word("gaiadr3_DR3Name", None),
    "gaiadr3_Plx": number("gaiadr3_Plx"),
    "gaiadr3_e_Plx": number("gaiadr3_e_Plx"),
    "vsx_Type": word("vsx", None),
    "legacydr8_zphot": number("legacydr8_zphot"),
    "mangrove_lum_dist": number("mangrove_lum_dist_mpc"),
    "cats_class": number("cats_class", -1),
    "cats_score": number("cats_score"),
    "snnSnVsOthers_score": number("snn_sn_vs_others"),
    "elephant_kstest_template": number("hostless_ks_template"),
    "cutoutScience": word("cutoutScience", None),
}
