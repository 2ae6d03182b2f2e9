"""How each column is compared with what Fink published, and what is known of the differences: data, no code.

A column that is not listed is compared by `DEFAULT`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fink_lib.offline.flatten import leaf
from fink_lib.offline.run import ERRORS
from fink_lib.science.cases.host import Host, kind_of_label
from fink_lib.science.methods.classify.labels import FINK_EXTRAGALACTIC

TINY = 1e-12


@dataclass(frozen=True)
class Agreement:
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
        """Return by how much two numbers differ.

        Parameters
        ----------
        ours
            Our value.
        theirs
            Fink's value; a relative difference is divided by it.
        """
        scale = max(abs(theirs), TINY) if self.relative else 1.0
        return abs(ours - theirs) / scale


DEFAULT = Agreement(1e-8)
FEATURES = Agreement(1e-6, relative=True)

RULES: Mapping[str, Agreement] = {
    "lc_features_g": FEATURES,
    "lc_features_r": FEATURES,
    "snn_snia_vs_nonia": Agreement(1e-5, absent=0.0),
    "snn_sn_vs_all": Agreement(1e-5, absent=0.0),
    "rf_snia_vs_nonia": Agreement(1e-9, absent=0.0),
    "rf_kn_vs_nonkn": Agreement(1e-9, absent=0.0),
    "anomaly_score": Agreement(1e-6, absent=0.0),
    "mulens": Agreement(1e-9, absent=0.0),
    "spicy_id": Agreement(0.0, absent=-1.0),
    "mangrove": Agreement(1e-6, relative=True),
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
    predicts
        Which alerts differ by it, or in which direction.
    explains
        That prediction, called with our value, Fink's value, Fink's whole row and ours. It must refuse something: a
        cause that explains whatever is found explains nothing.
    """

    columns: tuple[str, ...]
    sentence: str
    predicts: str
    explains: Callable[[Any, Any, Row, Row], bool]

    def covers(self, column: str) -> bool:
        """Tell whether the cause applies to a column."""
        return any(column == name or (name.endswith("*") and column.startswith(name[:-1])) for name in self.columns)


TRANSIENT_SCORES = ("snn_*", "rf_*")
RATES = ("mag_rate", "sigma_rate", "lower_rate", "upper_rate")


SIGMAS = 3.0  # of both errors together
ERROR_FACTOR = 1.5
NOTHING = (None, "", "Unknown", 0.0)


def _label_unknown_to_fink(ours: Any, theirs: Any, row: Row, _mine: Row) -> bool:
    label = row.get("cdsxmatch")
    is_new = kind_of_label(label) is Host.EXTRAGALACTIC and label not in FINK_EXTRAGALACTIC
    return ours is not None and not theirs and is_new


def _only_fink(ours: Any, theirs: Any, _row: Row, _mine: Row) -> bool:
    return ours in NOTHING and theirs not in NOTHING


def _stricter(ours: Any, theirs: Any, _row: Row, _mine: Row) -> bool:
    return ours is not None and theirs is not None and ours < theirs


def _within_errors(ours: Any, theirs: Any, row: Row, mine: Row) -> bool:
    errors = leaf(row.get("sigma_rate")), leaf(mine.get("sigma_rate"))
    if None in (ours, theirs, *errors):
        return False
    return bool(abs(float(ours) - float(theirs)) <= SIGMAS * math.hypot(*(float(str(each)) for each in errors)))


def _of_one_size(ours: Any, theirs: Any, _row: Row, _mine: Row) -> bool:
    return bool(ours and theirs) and 1.0 / ERROR_FACTOR <= ours / theirs <= ERROR_FACTOR


def _undefined_rate(ours: Any, theirs: Any, _row: Row, mine: Row) -> bool:
    return ours is None and theirs is not None and mine.get("delta_time") is not None


def _too_few_in_a_band(ours: Any, theirs: Any, _row: Row, mine: Row) -> bool:
    return (
        ours is None
        and bool(theirs)
        and "detections near the maximum" in dict(mine.get(ERRORS) or ()).get("kilonova", "")
    )


CAUSES: tuple[Cause, ...] = (
    Cause(
        TRANSIENT_SCORES,
        "an older model of Fink's, and none of its present gates (science 0.x)",
        "alerts of science 0.x, and no others",
        lambda _ours, _theirs, row, _mine: str(row.get("fink_science_version", "")).startswith("0."),
    ),
    Cause(
        TRANSIENT_SCORES,
        "Fink did not run: its list of extragalactic labels predates SIMBAD's names of 2022 and lacks this one",
        "Fink's score is 0 and ours is there, at labels that its list lacks",
        _label_unknown_to_fink,
    ),
    Cause(
        ("rf_kn_vs_nonkn",),
        "ours does not run: fewer than three detections in a band, with which its forest was never trained",
        "ours is null for this reason, Fink's is not 0",
        _too_few_in_a_band,
    ),
    Cause(
        ("rf_kn_vs_nonkn",),
        "another forest, stricter than Fink's present one, which is in no package",
        "ours is smaller",
        _stricter,
    ),
    Cause(
        (*RATES, "delta_time", "from_upper"),
        "Fink looks back for the last point in the alert's band and gives up at one in the i band",
        "Fink has no time since the last look, we have one",
        lambda _ours, _theirs, row, mine: leaf(row.get("delta_time")) is None and mine.get("delta_time") is not None,
    ),
    Cause(
        ("finkclass",),
        "the outputs hold no class for this alert",
        "Fink's is null",
        lambda _ours, theirs, _row, _mine: theirs is None,
    ),
    Cause(
        ("finkclass",),
        "Fink's forest calls it microlensing beside a supernova, our fit of the Paczynski curve does not",
        "Fink says Ambiguous and its mulens is above 0, ours is not",
        lambda _ours, theirs, row, mine: (
            theirs == "Ambiguous" and bool(leaf(row.get("mulens"))) and not mine.get("mulens")
        ),
    ),
    Cause(
        RATES,
        "Fink compares magnitudes of subtractions of either sign; ours has no rate without a reference source there",
        "ours is null although the band was looked at before",
        _undefined_rate,
    ),
    Cause(
        ("sigma_rate",),
        "another method: the spread of draws from which the batch's minimum was taken, instead of an error",
        f"the two differ by at most a factor of {ERROR_FACTOR:g}",
        _of_one_size,
    ),
    Cause(
        tuple(name for name in RATES if name != "sigma_rate"),
        "another method: Fink draws random numbers without a seed and shifts them by the batch's minimum",
        f"the two differ by at most {SIGMAS:g} times both errors together",
        _within_errors,
    ),
    Cause(
        ("mulens",),
        "another method: LIA's forest calls more of what brightens an event than a fit of the Paczynski curve",
        "Fink's is above 0, ours is not",
        _only_fink,
    ),
    Cause(
        ("*",),
        "the remote service that Fink asked did not answer",
        "Fink's begins with Fail",
        lambda _ours, theirs, _row, _mine: isinstance(theirs, str) and theirs.startswith("Fail"),
    ),
    Cause(
        ("vsx", "tns"),
        "the file at hand is older or smaller than what Fink asked",
        "Fink names a source, ours none",
        _only_fink,
    ),
    Cause(
        ("x3hsp", "x4lac", "mangrove", "gcvs"),
        "Fink gives each catalogue source to one alert of the batch only",
        "ours names a source, Fink none",
        lambda ours, theirs, _row, _mine: ours is not None and theirs is None,
    ),
)


def cause_of(column: str, ours: Any, theirs: Any, row: Row, mine: Row) -> str:
    """Return the first cause that predicts a difference.

    Parameters
    ----------
    column
        Where.
    ours, theirs
        The two values.
    row, mine
        All that Fink published of the alert, and all that we found.
    """
    for cause in CAUSES:
        if cause.covers(column) and cause.explains(ours, theirs, row, mine):
            return cause.sentence
    return "not explained"
