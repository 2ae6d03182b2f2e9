"""What the modules make of a field that has no value: null, but for the columns of this table; a test holds it true."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MissingInput:
    """Columns that have a value although a field that they read has none.

    Attributes
    ----------
    columns
        Their names; one that ends with ``*`` stands for all that begin so.
    answer
        What they say then.
    """

    columns: tuple[str, ...]
    answer: str


MISSING_INPUT = (
    MissingInput(
        ("finkclass*", "class_default*", "label", "label_reasons"),
        "a rule holds only where all that it asks for is there; `Unknown` says that none holds",
    ),
    MissingInput(
        ("context_*",),
        "a rule holds only where all that it asks for is there; `uncatalogued` says that none holds",
    ),
    MissingInput(
        ("is_good", "quality_flaws"),
        "a missing value fulfils no criterion and is named as a flaw, but for `drb` and `scorr`, which old packets "
        "lack",
    ),
    MissingInput(
        ("lc_features_*", "anomaly_score"),
        "what the points of the light curve say that have all they need: time, band, brightness, error, and for "
        "apparent magnitudes the sign and the reference",
    ),
    MissingInput(
        ("nalerthist", "jd_first_real_det", "jdstarthist_dt"),
        "what the points with a time and a magnitude say; without the time of the alert no earlier point counts",
    ),
    MissingInput(
        ("snn_*", "rf_*", "mulens*", "cats_*", "early_snia_score"),
        "what the points that have all they need say; a reason where they are too few",
    ),
    MissingInput(
        ("fade_*", "is_fast_fader", "rise_at_least"),
        "what the detections that have all they need say; null where no two of one band do",
    ),
    MissingInput(("from_upper", "mag_rate", "delta_time"), "a point without a magnitude is an upper limit"),
    MissingInput(
        ("is_sso",),
        "a packet without `ssSource`, or with the id 0 in it, says that the survey associates nothing: false",
    ),
)


def is_documented(column: str) -> bool:
    """Tell whether the table says what a column is where a field has no value."""
    return any(
        column.startswith(name[:-1]) if name.endswith("*") else column == name
        for each in MISSING_INPUT
        for name in each.columns
    )
