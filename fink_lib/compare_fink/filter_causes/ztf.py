"""The reasons for ZTF; most come from services that do not answer."""

from fink_lib.compare_fink.filter_causes.cause import Cause, Row, Side
from fink_lib.filters.blocks.catalogued import NOTHING
from fink_lib.filters.blocks.hostless import GAIA_RADIUS_ARCSEC, NEXT_NIGHT, NO_HOST, SAME_NIGHT
from fink_lib.filters.blocks.surroundings import (
    MAY_BE_EXTRAGALACTIC,
    NO_STAR_NEAR,
    PLACES,
    STAR_RADIUS_ARCSEC,
    UNCATALOGUED,
)
from fink_lib.science.cases.hostless import SCIENCE_MAX, TEMPLATE_MAX
from fink_lib.science.cases.neighbours import STAR_SCORE_MIN
from fink_lib.science.framework.base import NOT_RUN
from fink_lib.science.methods.classify.labels import EXTRAGALACTIC, FAILED_PREFIX, FINK_EXTRAGALACTIC


def _label(row: Row) -> str:
    """Return what Fink's filters see: an outage where nothing was given."""
    return row.get("cdsxmatch") or FAILED_PREFIX


def _outage(row: Row) -> bool:
    return _label(row).startswith(FAILED_PREFIX)


def _renamed(row: Row) -> bool:
    return _label(row) in EXTRAGALACTIC - FINK_EXTRAGALACTIC


def _stamps_not_compared(row: Row) -> bool:
    return str(dict(row.get("science_errors") or ()).get("hostless")).startswith(NOT_RUN)


def _star_in_packet(row: Row) -> bool:
    """Tell whether one of the packet's Pan-STARRS sources is near and may be a star."""
    found = ((row.get(f"ps1_sep_arcsec{place}"), row.get(f"ps1_star_score{place}")) for place in PLACES)
    return any(
        sep is not None and sep <= STAR_RADIUS_ARCSEC and (score is None or score >= STAR_SCORE_MIN)
        for sep, score in found
    )


def _shares_its_star(row: Row) -> bool:
    return bool(row.get(TWINS))


def _gaia_silent(row: Row) -> bool:
    """Tell whether the packet names a Gaia source, and Fink's crossmatch has none."""
    sep = row.get("gaia_sep_arcsec")
    return sep is not None and sep <= GAIA_RADIUS_ARCSEC and str(row.get("DR3Name") or "nan") in GAIA_SILENT


def _pan_starrs_has_a_hole(row: Row) -> bool:
    return row.get("ps1_shape") is None


def _has_upper_limit(row: Row) -> bool:
    return any(mag is None for mag in row.get("prv_candidates.magpsf") or ())


def _near_a_limit(row: Row) -> bool:
    """Tell whether other random numbers could carry a statistic of the stamps over its limit."""
    pairs = (("hostless_ks_science", SCIENCE_MAX), ("hostless_ks_template", TEMPLATE_MAX))
    found = [(row.get(name), limit, SCATTER[name]) for name, limit in pairs]
    return any(value is not None and abs(value - limit) <= scatter for value, limit, scatter in found)


def _catalogued_star(row: Row) -> bool:
    return str(row.get("class_default")).startswith(("(VSX)", "(GCVS)"))


TRANSIENTS = (
    "early_kn_candidates",
    "early_sn_candidates",
    "fast_riser_candidates",
    "kn_candidates",
    "rate_based_kn_candidates",
    "sn_candidates",
)
HOSTLESS = ("inter_night_hostless", "intra_night_hostless", "new_hostless")
# Twice the largest scatter of each statistic over random numbers, on the alerts of 2023-10-18.
SCATTER = {"hostless_ks_science": 0.32, "hostless_ks_template": 0.13}
GAIA_SILENT = ("nan", "Unknown", "Fail", "Fail 504")
TWINS = "twins.magnetic_cv"  # how many other alerts of the batch have the same source
RANDOM_STATISTIC = (
    "Fink's random numbers go on from one alert to the next, so that the same stamps give another statistic each time; "
    "here they start anew for each alert"
)

ZTF_CAUSES: tuple[Cause, ...] = (
    Cause(
        Side.THEIRS,
        "SIMBAD did not answer, which Fink takes for extragalactic; VSX, GCVS or Pan-STARRS show another source there",
        TRANSIENTS,
        MAY_BE_EXTRAGALACTIC.name,
        _outage,
    ),
    Cause(
        Side.OURS,
        "Fink's list of extragalactic labels predates SIMBAD's names of 2022 and lacks this one",
        TRANSIENTS,
        explains=_renamed,
    ),
    Cause(
        Side.THEIRS,
        "Fink asks SDSS about stars, and takes no answer for no star; Pan-STARRS, in the packet, has one",
        ("early_kn_candidates", "rate_based_kn_candidates"),
        NO_STAR_NEAR.name,
        _star_in_packet,
    ),
    *(
        Cause(
            Side.THEIRS,
            "Fink takes any galaxy of Mangrove within two degrees, this broker the nearest within 60 arcsec",
            ("early_kn_candidates",),
            clause,
            choice=True,
        )
        for clause in (
            "within 10 kpc of a Mangrove galaxy",
            "absolute magnitude between -17 and -15 at its distance",
        )
    ),
    Cause(
        Side.OURS,
        "packets before version 4 write '1' for a positive subtraction, which Fink's filter takes for negative",
        ("rate_based_kn_candidates",),
        explains=lambda row: row.get("candidate.isdiffpos") == "1",
    ),
    Cause(
        Side.OURS,
        "Fink gives each catalogue source to one alert of the batch only",
        ("magnetic_cvs",),
        explains=_shares_its_star,
    ),
    Cause(
        Side.THEIRS,
        "a missing type of the Transient Name Server counts as a match at Fink",
        ("tns_match",),
        "classified in the Transient Name Server",
        lambda row: row.get("tns") in NOTHING,
    ),
    Cause(
        Side.OURS,
        "SIMBAD did not answer and Fink asks nobody else; a list on this machine has the source",
        ("blazar", "yso_candidates"),
        explains=_outage,
    ),
    Cause(
        Side.OURS,
        "Fink sends nothing while SIMBAD is down; here VSX, GCVS and Pan-STARRS have nothing at the place",
        ("vra",),
        explains=_outage,
    ),
    Cause(
        Side.OURS,
        "Fink's list lacks the candidates of this branch of SIMBAD",
        ("simbad_grav_candidates",),
        explains=lambda row: "andidate" in _label(row) or _label(row).startswith("Possible"),
    ),
    Cause(
        Side.THEIRS,
        "Fink's classification uses neither VSX nor GCVS: this is a catalogued variable star",
        ("unknowns",),
        explains=_catalogued_star,
        choice=True,
    ),
    Cause(
        Side.THEIRS,
        "Fink's classification does not use the Transient Name Server: this has a type there",
        ("unknowns",),
        explains=lambda row: str(row.get("class_default")).startswith("(TNS)"),
        choice=True,
    ),
    Cause(
        Side.THEIRS,
        "Fink's list of extragalactic labels lacks this name of SIMBAD's: it computed no class of a transient",
        ("unknowns",),
        explains=_renamed,
    ),
    Cause(
        Side.OURS,
        "SIMBAD did not answer, which Fink takes for extragalactic and so for a supernova or kilonova",
        ("unknowns",),
        explains=_outage,
    ),
    Cause(
        Side.OURS,
        "Fink gives the alert SIMBAD's word for its host galaxy as a class",
        ("unknowns",),
        explains=lambda row: _label(row) in EXTRAGALACTIC,
    ),
    Cause(
        Side.THEIRS,
        "this broker compares stamps only of alerts that pass its other tests: likely real, positive, on no star, "
        "younger than 90 d, brighter than 20 mag, whole stamps",
        HOSTLESS,
        NO_HOST[-1].name,
        _stamps_not_compared,
        choice=True,
    ),
    *(
        Cause(side, RANDOM_STATISTIC, HOSTLESS, clause, _near_a_limit)
        for side, clause in ((Side.OURS, ""), (Side.THEIRS, NO_HOST[-1].name))
    ),
    Cause(
        Side.THEIRS,
        "the packet names no Pan-STARRS source at all: here a hole of that catalogue, at Fink nothing there",
        HOSTLESS,
        UNCATALOGUED.name,
        _pan_starrs_has_a_hole,
        choice=True,
    ),
    Cause(
        Side.THEIRS,
        "SIMBAD did not answer, which Fink takes for nothing there; VSX, GCVS or Pan-STARRS show a source",
        HOSTLESS,
        UNCATALOGUED.name,
        _outage,
    ),
    Cause(
        Side.THEIRS,
        "Fink asks Gaia at the CDS, and takes no answer for no source; the packet names one",
        HOSTLESS,
        NO_HOST[2].name,
        _gaia_silent,
    ),
    *(
        Cause(Side.THEIRS, "an upper limit counts as a detection at Fink", (name,), clause.name, _has_upper_limit)
        for name, clause in (("intra_night_hostless", SAME_NIGHT), ("inter_night_hostless", NEXT_NIGHT))
    ),
)
