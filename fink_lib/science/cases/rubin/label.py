"""One label for a Rubin alert, by one declared table: its rules in order, and every rule that held."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.science.framework.base import NO_MATCH, Cost, Module, Output, Values
from fink_lib.science.framework.batch import AlertBatch

Flags = npt.NDArray[np.bool_]

UNKNOWN = "Unknown"
SUPERNOVA_SNN, SUPERNOVA_CATS, SUPERNOVA_CODE = 0.7, 0.9, 11
CLASS_SCORE = 0.9
IA_SCORE = 0.7
EARLY_POINTS = 20


@dataclass(frozen=True)
class Rule:
    """A label, and when an alert may bear it.

    Attributes
    ----------
    label
        What the alert is called.
    meaning
        The rule in words, thresholds included.
    holds
        From the outputs of other modules (NaN or null where they have none) to flags.
    """

    label: str
    meaning: str
    holds: Callable[[Mapping[str, Any]], Flags]


def _matched(values: Mapping[str, Any], name: str) -> Flags:
    return np.asarray([label not in {None, NO_MATCH} for label in values[name]], dtype=bool)


def _catalogued(values: Mapping[str, Any]) -> Flags:
    return np.asarray(_matched(values, "gcvs") | _matched(values, "vsx"))


def _supernova(values: Mapping[str, Any]) -> Flags:
    sure = (values["snn_sn_vs_others"] >= SUPERNOVA_SNN) & (values["cats_score"] >= SUPERNOVA_CATS)
    return np.asarray(sure & (values["cats_class"] == SUPERNOVA_CODE))


def _early_ia(values: Mapping[str, Any]) -> Flags:
    early = (values["early_snia_score"] >= IA_SCORE) & (values["n_points"] <= EARLY_POINTS)
    return np.asarray(_supernova(values) & early, dtype=bool)


def _cats(code: int) -> Callable[[Mapping[str, Any]], Flags]:
    return lambda values: (values["cats_class"] == code) & (values["cats_score"] >= CLASS_SCORE)


_SUPERNOVA_TEXT = f"SuperNNova >= {SUPERNOVA_SNN}, CATS says SN-like with a score >= {SUPERNOVA_CATS}"
# The first rule that holds names the alert. What is not there (null) never makes a rule hold.
RULES = (
    Rule("Solar System", "The packet names a solar-system object.", lambda values: values["is_sso"] == 1.0),
    Rule("Variable star", "A GCVS or VSX star within 1.5 arcsec.", _catalogued),
    Rule(
        "Early SN Ia candidate",
        f"{_SUPERNOVA_TEXT}, SN Ia score >= {IA_SCORE}, at most {EARLY_POINTS} detections.",
        _early_ia,
    ),
    Rule("SN candidate", f"{_SUPERNOVA_TEXT}.", _supernova),
    Rule("Fast transient", f"CATS says fast with a score >= {CLASS_SCORE}.", _cats(12)),
    Rule("Long transient", f"CATS says long with a score >= {CLASS_SCORE}.", _cats(13)),
    Rule("Periodic variable", f"CATS says periodic with a score >= {CLASS_SCORE}.", _cats(21)),
    Rule("AGN candidate", f"CATS says AGN with a score >= {CLASS_SCORE}.", _cats(22)),
)
NEEDS = ("is_sso", "gcvs", "vsx", "snn_sn_vs_others", "cats_class", "cats_score", "early_snia_score")


def compute(batch: AlertBatch, _resource: Any) -> Mapping[str, Values]:
    """Apply the table; the current detection counts among an alert's points."""
    values = {name: _plain(batch.results[name]) for name in NEEDS}
    flux = batch.history("flux")
    values["n_points"] = flux.count(np.isfinite(flux.values)).astype(float)
    held = np.stack([np.asarray(rule.holds(values), dtype=bool) for rule in RULES], axis=1)
    labels = [rule.label for rule in RULES]
    reasons = [[label for label, flag in zip(labels, row, strict=True) if flag] for row in held.tolist()]
    return {
        "label": np.array([row[0] if row else UNKNOWN for row in reasons], dtype=object),
        "label_reasons": pa.array(reasons, type=pa.list_(pa.string())),
    }


def _plain(values: pa.Array) -> npt.NDArray[Any]:
    """Return an output of another module as numbers with NaN for null, or as a list of texts."""
    if pa.types.is_string(values.type):
        return np.array(values.to_pylist(), dtype=object)
    return np.asarray(pc.cast(values, pa.float64()).to_numpy(zero_copy_only=False))


MODULES = (
    Module(
        name="label_rubin",
        version="1.0",
        meaning="The class of the alert by one table of rules, and all rules that held.",
        reference="rules in fink_lib/science/cases/rubin/label.py; thresholds as in Fink's Rubin supernova filter",
        surveys=("lsst",),
        cost=Cost.CHEAP,
        histories=("flux",),
        needs=NEEDS,
        outputs=(
            Output("label", pa.string(), "", f"Label of the first rule that held, or '{UNKNOWN}'."),
            Output("label_reasons", pa.list_(pa.string()), "", "Labels of all rules that held, in the table's order."),
        ),
        compute=compute,
    ),
)
