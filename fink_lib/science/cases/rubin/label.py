"""One label for a Rubin alert, by one declared table: its rules in order, and every rule that held."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.science.cases.rubin.hostless import age_days, moves
from fink_lib.science.framework.base import Cost, Module, Output, Values
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.classify.variables import is_variable_star

Flags = npt.NDArray[np.bool_]

UNKNOWN = "Unknown"
# What SuperNNova and CATS do not ask, and were not trained to refuse: see the page of `supernnova_rubin`.
RELIABILITY_MIN, POSITIVE_MIN, AGE_DAYS_MAX = 0.5, 3, 150.0
SUPERNOVA_SNN, SUPERNOVA_CATS, SUPERNOVA_CODE = 0.7, 0.9, 11
CLASS_SCORE = 0.9
IA_SCORE = 0.7
EARLY_POINTS = 20


@dataclass(frozen=True)
class LabelRule:
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


def _catalogued(values: Mapping[str, Any]) -> Flags:
    return np.array([any(map(is_variable_star, kinds)) for kinds in zip(values["gcvs"], values["vsx"], strict=True)])


def _may_be_supernova(values: Mapping[str, Any]) -> Flags:
    """Return where the light curve can be that of a supernova: real, brighter than the template, at rest, and young."""
    gates = (
        values["flux"] > 0.0,
        values["reliability"] >= RELIABILITY_MIN,
        values["n_positive"] >= POSITIVE_MIN,
        2.0 * values["n_positive"] > values["n_points"],
        values["age_days"] <= AGE_DAYS_MAX,
        values["moves"] == 0.0,
    )
    return np.asarray(np.logical_and.reduce([np.asarray(gate, dtype=bool) for gate in gates]), dtype=bool)


def _supernova(values: Mapping[str, Any]) -> Flags:
    sure = (
        _may_be_supernova(values)
        & (values["snn_sn_vs_others"] >= SUPERNOVA_SNN)
        & (values["cats_score"] >= SUPERNOVA_CATS)
    )
    return np.asarray(sure & (values["cats_class"] == SUPERNOVA_CODE))


def _early_ia(values: Mapping[str, Any]) -> Flags:
    early = (values["early_snia_score"] >= IA_SCORE) & (values["n_points"] <= EARLY_POINTS)
    return np.asarray(_supernova(values) & early, dtype=bool)


def _cats(code: int) -> Callable[[Mapping[str, Any]], Flags]:
    return lambda values: (values["cats_class"] == code) & (values["cats_score"] >= CLASS_SCORE)


_SUPERNOVA_TEXT = (
    f"SuperNNova >= {SUPERNOVA_SNN}, CATS says SN-like with a score >= {SUPERNOVA_CATS}; positive, reliability >= "
    f"{RELIABILITY_MIN}, at least {POSITIVE_MIN} positive detections and more than half of all, within 1 arcsec, "
    f"first seen at most {AGE_DAYS_MAX:g} days ago"
)
# The first rule that holds names the alert. What is not there (null) never makes a rule hold.
RULES = (
    LabelRule("Solar System", "The packet names a solar-system object.", lambda values: values["is_sso"] == 1.0),
    LabelRule("Variable star", "A variable star of GCVS or VSX within 1.5 arcsec.", _catalogued),
    LabelRule(
        "Early SN Ia candidate",
        f"{_SUPERNOVA_TEXT}, SN Ia score >= {IA_SCORE}, at most {EARLY_POINTS} detections.",
        _early_ia,
    ),
    LabelRule("SN candidate", f"{_SUPERNOVA_TEXT}.", _supernova),
    LabelRule("Fast transient", f"CATS says fast with a score >= {CLASS_SCORE}.", _cats(12)),
    LabelRule("Long transient", f"CATS says long with a score >= {CLASS_SCORE}.", _cats(13)),
    LabelRule("Periodic variable", f"CATS says periodic with a score >= {CLASS_SCORE}.", _cats(21)),
    LabelRule("AGN candidate", f"CATS says AGN with a score >= {CLASS_SCORE}.", _cats(22)),
)
NEEDS = ("is_sso", "gcvs", "vsx", "snn_sn_vs_others", "cats_class", "cats_score", "early_snia_score")


def compute(batch: AlertBatch, _resource: Any) -> Mapping[str, Values]:
    """Apply the table; the current detection counts among an alert's points.

    Parameters
    ----------
    batch
        Alerts with the results of `NEEDS`, flux and reliability, and time and place of their points.
    _resource
        Not used: nothing is loaded.
    """
    values = {name: _plain(batch.results[name]) for name in NEEDS}
    flux = batch.history("flux")
    values["n_points"] = flux.count(np.isfinite(flux.values)).astype(float)
    values["n_positive"] = flux.count(flux.values > 0.0).astype(float)
    values |= {"flux": batch.scalars["flux"], "reliability": batch.scalars["reliability"]}
    values |= {"age_days": age_days(batch), "moves": moves(batch).astype(float)}
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
        version="2.0",
        meaning="The class of the alert by one table of rules, and all rules that held.",
        reference="rules in fink_lib/science/cases/rubin/label.py; thresholds as in Fink's Rubin supernova filter",
        surveys=("lsst",),
        cost=Cost.CHEAP,
        scalars=("dec", "flux", "ra", "reliability", "time"),
        histories=("dec", "flux", "ra", "time"),
        needs=NEEDS,
        outputs=(
            Output("label", pa.string(), "", f"Label of the first rule that held, or '{UNKNOWN}'."),
            Output("label_reasons", pa.list_(pa.string()), "", "Labels of all rules that held, in the table's order."),
        ),
        compute=compute,
    ),
)
