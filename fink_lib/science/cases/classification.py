"""The class of an alert, by two tables, with every reason."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.science.cases.neighbours import STAR
from fink_lib.science.framework.base import NO_MATCH, Cost, Module, Output, Values
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.classify import labels
from fink_lib.science.methods.classify.schemes import DEFAULT, FINK
from fink_lib.science.methods.classify.variables import is_variable_star

Objects = npt.NDArray[np.object_]
Flags = npt.NDArray[np.bool_]

SCORES = ("mulens", "snn_snia_vs_nonia", "snn_sn_vs_all", "rf_snia_vs_nonia", "rf_kn_vs_nonkn", "roid")
TEXTS = ("cdsxmatch", "tracklet", "tns", "vsx", "gcvs", "ps1_shape")
TRACKLET_PREFIX = "TRCK_"


def compute(batch: AlertBatch, _resource: Any) -> Mapping[str, Values]:
    """Return class and reasons of both schemes; a result that is not there counts as absent.

    Parameters
    ----------
    batch
        Alerts with the results that the rules read; of the optional ones those that were found.
    _resource
        Not used: nothing is loaded.
    """
    columns = facts(batch)
    finkclass, fink_reasons = FINK.classify(columns, len(batch))
    label, reasons = DEFAULT.classify(columns, len(batch))
    return {
        "finkclass": finkclass,
        "finkclass_reasons": pa.array(fink_reasons, type=pa.list_(pa.string())),
        "class_default": label,
        "class_default_reasons": pa.array(reasons, type=pa.list_(pa.string())),
    }


def facts(batch: AlertBatch) -> dict[str, npt.NDArray[Any]]:
    """Return every column that a rule may ask for."""
    found: dict[str, npt.NDArray[Any]] = {name: _numbers(batch, name) for name in SCORES}
    text = {name: _texts(batch, name) for name in TEXTS}
    answered = np.array([labels.is_answer(label) for label in text["cdsxmatch"]], dtype=bool)
    # Where nobody asked, Fink's rule sees what Fink publishes for a service that cannot be reached; an outage keeps
    # its own words ("Fail 503"), of which Fink's list has two.
    simbad = np.array([label or labels.FAILED_PREFIX for label in text["cdsxmatch"]], dtype=object)
    galaxy = np.array([label.startswith(labels.GALAXY_PREFIX) for label in simbad], dtype=bool)
    named = answered & ~galaxy & ~_among(simbad, {labels.UNKNOWN, labels.TRANSIENT})
    tns = np.array([kind or "" for kind in text["tns"]], dtype=object)
    star = _variable_star(text)
    return found | {
        "drb": batch.scalars["deep_real_bogus"],
        "classtar": batch.scalars["star_galaxy"],
        "ndethist": batch.scalars["n_detections"],
        "age_days": batch.scalars["time"] - batch.scalars["first_time"],
        "in_tracklet": np.array([str(name).startswith(TRACKLET_PREFIX) for name in text["tracklet"]], dtype=bool),
        "simbad": simbad,
        "simbad_now": np.array([labels.current(label) for label in simbad], dtype=object),
        "fink_extragalactic": _among(simbad, labels.FINK_EXTRAGALACTIC),
        "fink_simbad_decides": named,
        "simbad_decides": named & ~_among(simbad, labels.EXTRAGALACTIC - labels.SUPERNOVAE),
        "active_galaxy": _among(simbad, labels.ACTIVE),
        "extragalactic": np.where(answered, _open_sky(simbad), _local_evidence(text) & (star == NO_MATCH)),
        "is_variable_star": ~answered & (star != NO_MATCH),
        "variable_star": star,
        "has_tns_type": tns != "",
        "tns_type": np.array([f"(TNS) {kind}" for kind in tns], dtype=object),
    }


def _open_sky(simbad: Objects) -> Flags:
    """Return where SIMBAD answered that a galaxy, a transient or nothing is there."""
    return _among(simbad, labels.EXTRAGALACTIC | {labels.UNKNOWN, labels.TRANSIENT})


def _local_evidence(text: Mapping[str, Objects]) -> Flags:
    """Return where what this machine knows speaks for another galaxy: nothing is there but no star either.

    It takes an answer of Pan-STARRS (no source, or one that is no star): what was not looked at proves nothing.
    """
    shape = text["ps1_shape"]
    seen = np.array([word is not None and word != STAR for word in shape], dtype=bool)
    catalogued = np.array(
        [vsx is not None and gcvs is not None for vsx, gcvs in zip(text["vsx"], text["gcvs"], strict=True)]
    )
    return np.asarray(seen & catalogued)


def _variable_star(text: Mapping[str, Objects]) -> Objects:
    """Return the type of the catalogued variable star at the place, with the catalogue; VSX before GCVS."""
    found = np.full(len(text["vsx"]), NO_MATCH, dtype=object)
    for name in ("gcvs", "vsx"):
        for row, kind in enumerate(text[name]):
            if kind and is_variable_star(kind):
                found[row] = f"({name.upper()}) {kind}"
    return found


def _among(words: Objects, allowed: Any) -> Flags:
    return np.array([word in allowed for word in words], dtype=bool)


def _numbers(batch: AlertBatch, name: str) -> npt.NDArray[np.float64]:
    if name not in batch.results:
        return np.full(len(batch), np.nan)
    values = batch.results[name].cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.asarray(values, dtype=np.float64)


def _texts(batch: AlertBatch, name: str) -> Objects:
    found = np.full(len(batch), None, dtype=object)
    if name in batch.results:
        found[:] = batch.results[name].to_pylist()
    return found


def _outputs(pairs: Sequence[tuple[str, str]]) -> tuple[Output, ...]:
    reasons = pa.list_(pa.string())
    return tuple(
        output
        for name, meaning in pairs
        for output in (
            Output(name, pa.string(), "", meaning),
            Output(
                f"{name}_reasons", reasons, "", "Every rule that applies: its class, and the conditions it is met by."
            ),
        )
    )


MODULES = (
    Module(
        name="classification",
        version=f"{FINK.version}+{DEFAULT.version}",
        meaning="The class of the alert, from all that the other modules found.",
        reference="Fink's classification of ZTF alerts (Moller et al. 2021, MNRAS 501, 3272), and the same corrected",
        surveys=("ztf",),
        cost=Cost.CHEAP,
        scalars=("deep_real_bogus", "first_time", "n_detections", "star_galaxy", "time"),
        needs=("gcvs", "mulens", "ps1_shape", "roid", "tns", "vsx"),
        optional=("cdsxmatch", "rf_kn_vs_nonkn", "rf_snia_vs_nonia", "snn_sn_vs_all", "snn_snia_vs_nonia", "tracklet"),
        outputs=_outputs(
            (
                ("finkclass", "Class by Fink's rule as it is."),
                ("class_default", "Class by the corrected rule."),
            )
        ),
        compute=compute,
    ),
)
