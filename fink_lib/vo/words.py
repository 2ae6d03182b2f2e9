"""Units and meanings in the Virtual Observatory's words: VOUnit 1.1, and UCD1+ of columns that all surveys have."""

from fink_lib.surveys import Survey

UNITS = {"day": "d", "days": "d", "mag/day": "mag/d", "pixels": "pix", "JD (UTC)": "d", "MJD (TAI)": "d"}
RESERVED_TIME = "obs_time"  # `time` is a reserved word of ADQL
SCORE = "stat.probability"
COMMON = {
    "alert_id": "meta.id;meta.main",
    "object_id": "meta.id;src",
    RESERVED_TIME: "time.epoch;obs",
    "night": "time.epoch;obs",
    "ra": "pos.eq.ra;meta.main",
    "dec": "pos.eq.dec;meta.main",
    "band": "meta.id;instr.bandpass",
    "class": "meta.code.class",
    "hpx": "pos.healpix",
    "roid": "meta.code.class",
    "nalerthist": "meta.number",
    "is_transient": "meta.code",
    "mag_rate": "arith.rate;phot.mag",
    "n_alerts": "meta.number;obs",
    "first_time": "time.start;obs",
    "last_time": "time.end;obs",
    "last_alert_id": "meta.id",
    **dict.fromkeys(("finkclass", "class_default", "context_class", "label", "vsx", "gcvs", "tns"), "meta.code.class"),
    **dict.fromkeys(("snn_snia_vs_nonia", "snn_sn_vs_all", "rf_snia_vs_nonia", "rf_kn_vs_nonkn"), SCORE),
    **dict.fromkeys(("mulens", "anomaly_score"), "stat.value"),
}


def vounit(unit: str) -> str:
    """Return a unit of the lake's tables as VOUnit; empty for none."""
    return UNITS.get(unit, unit)


def ucd_of(survey: Survey, name: str) -> str:
    """Return what a column is, as UCD1+; empty where nobody has said so.

    Parameters
    ----------
    survey
        Says what its own fields are.
    name
        Name of a column; of a packet field, the last part of its path.
    """
    return COMMON.get(name) or survey.columns.ucds.get(name, "")
