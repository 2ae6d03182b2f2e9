"""Versions 7.1 to 11.1 of Rubin's alert schema, read into the shape of the newest: what was renamed or changed unit.

Not here, and so read under the names that they have: fields that have no counterpart in other versions (covariances,
proper motion, `ssObject`, `prvDiaNondetectionLimits` of 7), and those that only became nullable or required.
`ssSource.residualRa` of 8 and 9 is none of these either: it is a difference of right ascensions, `ephOffsetRa` of 10 is
one of angles on the sky (checked against the packets' own topocentric positions).
"""

from fink_lib.nights import MJD_UNIX_EPOCH, SECONDS_PER_DAY, TAI_MINUS_UTC_S
from fink_lib.surveys.mapping import FieldMapping

NEWEST = "11.1"
OLDEST = "7.1"  # before, forced sources have pixels and no position; nothing public was sent with it

_SAME = "Same text in both schemas."
_RENAMED = "Renamed; same unit."
_PER_DAY = 1.0 / (1e6 * SECONDS_PER_DAY)
_TO_MJD_TAI = MJD_UNIX_EPOCH + TAI_MINUS_UTC_S / SECONDS_PER_DAY
_MJD = "Microseconds since 1970 (UTC) became MJD (TAI)."
ARCSEC_PER_DEG = 3600.0


def _moved(record: str, into: str, names: dict[str, str], first: str, last: str) -> tuple[FieldMapping, ...]:
    return tuple(
        FieldMapping(f"{record}.{old}", f"{into}.{new}", first=first, last=last, why=_RENAMED)
        for old, new in names.items()
    )


def _time(record: str, old: str, new: str) -> FieldMapping:
    written, read_as = f"{record}.{old}", f"{record}.{new}"
    return FieldMapping(written, read_as, _PER_DAY, _TO_MJD_TAI, first="8.0", last="8.0", why=_MJD)


_SOLAR_SYSTEM = {
    "eclipticLambda": "eclLambda",
    "eclipticBeta": "eclBeta",
    "galacticL": "galLon",
    "galacticB": "galLat",
    "heliocentricDist": "helioRange",
    "topocentricDist": "topoRange",
    "predictedVMagnitude": "ephVmag",
    **{f"heliocentric{axis.upper()}": f"helio_{axis}" for axis in ("x", "y", "z", "vx", "vy", "vz")},
    **{f"topocentric{axis.upper()}": f"topo_{axis}" for axis in ("x", "y", "z", "vx", "vy", "vz")},
}
_ORBIT = {
    "mpcDesignation": "packed_primary_provisional_designation",
    "mpcH": "h",
    "epoch": "epoch_mjd",
    "M": "mean_anomaly",
    "peri": "argperi",
    "incl": "i",
    "t_p": "peri_time",
}

MAPPINGS: tuple[FieldMapping, ...] = (
    FieldMapping("alertId", "diaSourceId", first="7.1", last="7.4", why="Equal in every packet of the telescope."),
    *(
        FieldMapping(f"{record}.is_negative", f"{record}.isNegative", first="7.3", last="7.4", why=_SAME)
        for record in ("diaSource", "prvDiaSources")
    ),
    *(
        _time(record, "time_processed", "timeProcessedMjdTai")
        for record in ("diaSource", "prvDiaSources", "prvDiaForcedSources")
    ),
    _time("diaObject", "validityStart", "validityStartMjdTai"),
    *_moved("ssSource", "ssSource", _SOLAR_SYSTEM, "8.0", "9.0"),
    FieldMapping(
        "ssSource.residualDec",
        "ssSource.ephOffsetDec",
        ARCSEC_PER_DEG,
        first="8.0",
        last="9.0",
        why="Degrees became arcseconds; both are observed minus predicted.",
    ),
    FieldMapping("MPCORB", "mpc_orbits", first="8.0", last="9.0", why="The record of the orbit."),
    *_moved("MPCORB", "mpc_orbits", _ORBIT, "8.0", "9.0"),
)
