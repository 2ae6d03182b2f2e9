"""How each column is compared with what Fink published, and what is known of the differences: data, no code.

A column that is not listed is compared by `DEFAULT`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fink_lib.offline.leaves import leaf
from fink_lib.science.cases.host import Host, kind_of_label
from fink_lib.science.methods.classify.labels import FINK_EXTRAGALACTIC

TINY = 1e-12


@dataclass(frozen=True)
class Rule:
    """What counts as equal.

    Attributes
    ----------
    tolerance
        Largest difference.
    relative
        Whether differences are divided by Fink's value.
    absent
        What Fink writes where a module did not run; null on our side is equal to it.
    """

    tolerance: float
    relative: bool = False
    absent: float | None = None

    def difference(self, ours: float, theirs: float) -> float:
        """Return by how much two numbers differ."""
        scale = max(abs(theirs), TINY) if self.relative else 1.0
        return abs(ours - theirs) / scale


DEFAULT = Rule(1e-8)
FEATURES = Rule(1e-6, relative=True)

RULES: Mapping[str, Rule] = {
    "lc_features_g": FEATURES,
    "lc_features_r": FEATURES,
    "snn_snia_vs_nonia": Rule(1e-5, absent=0.0),
    "snn_sn_vs_all": Rule(1e-5, absent=0.0),
    "rf_snia_vs_nonia": Rule(1e-9, absent=0.0),
    "rf_kn_vs_nonkn": Rule(1e-9, absent=0.0),
    "anomaly_score": Rule(1e-6, absent=0.0),
    "mulens": Rule(1e-9, absent=0.0),
    "spicy_id": Rule(0.0, absent=-1.0),
    "mangrove": Rule(1e-6, relative=True),
}

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Cause:
    """A known reason for differences.

    Attributes
    ----------
    columns
        Where it applies; a trailing ``*`` stands for any ending.
    sentence
        What is said of it.
    explains
        Called with our value, Fink's value and Fink's whole row; always, when not given.
    """

    columns: tuple[str, ...]
    sentence: str
    explains: Callable[[Any, Any, Row], bool] = lambda _ours, _theirs, _row: True

    def covers(self, column: str) -> bool:
        """Tell whether the cause applies to a column."""
        return any(column == name or (name.endswith("*") and column.startswith(name[:-1])) for name in self.columns)


TRANSIENT_SCORES = ("snn_*", "rf_*")
RATES = ("mag_rate", "sigma_rate", "lower_rate", "upper_rate")


def _label_unknown_to_fink(ours: Any, theirs: Any, row: Row) -> bool:
    label = row.get("cdsxmatch")
    is_new = kind_of_label(label) is Host.EXTRAGALACTIC and label not in FINK_EXTRAGALACTIC
    return ours is not None and not theirs and is_new


CAUSES: tuple[Cause, ...] = (
    Cause(
        TRANSIENT_SCORES,
        "an older model of Fink's, and none of its present gates (science 0.x)",
        lambda _ours, _theirs, row: str(row.get("fink_science_version", "")).startswith("0."),
    ),
    Cause(
        TRANSIENT_SCORES,
        "Fink did not run: its list of extragalactic labels predates SIMBAD's names of 2022 and lacks this one",
        _label_unknown_to_fink,
    ),
    Cause(
        ("rf_kn_vs_nonkn",),
        "another forest: Fink's present one is in no package",
    ),
    Cause(
        (*RATES, "delta_time", "from_upper"),
        "Fink looks back for the last point in the alert's band and gives up at one in the i band",
        lambda _ours, _theirs, row: leaf(row.get("delta_time")) is None,
    ),
    Cause(
        ("finkclass",),
        "the outputs hold no class for this alert",
        lambda _ours, theirs, _row: theirs is None,
    ),
    Cause(
        RATES,
        "another method: Fink draws random numbers without a seed and shifts them by the batch's minimum",
    ),
    Cause(("mulens",), "another method: a fit of the Paczynski curve instead of LIA's forest"),
    Cause(
        ("*",),
        "the remote service that Fink asked did not answer",
        lambda _ours, theirs, _row: isinstance(theirs, str) and theirs.startswith("Fail"),
    ),
    Cause(("vsx", "gcvs", "tns", "spicy*"), "the catalogue is of another date"),
    Cause(
        ("x3hsp", "x4lac", "mangrove", "gcvs"),
        "Fink gives each catalogue source to one alert of the batch only",
        lambda ours, theirs, _row: ours is not None and theirs is None,
    ),
)


def cause_of(column: str, ours: Any, theirs: Any, row: Row) -> str:
    """Return the first cause that explains a difference."""
    for cause in CAUSES:
        if cause.covers(column) and cause.explains(ours, theirs, row):
            return cause.sentence
    return "not explained"
