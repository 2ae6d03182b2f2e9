"""What stands where the alert is: the gate of every module that looks for transients in other galaxies.

Fink runs those modules where SIMBAD names a galaxy, a supernova or nothing, and also where SIMBAD did not answer.
SIMBAD is a remote service and no part of the stream. Where its answer is given from outside, the label decides.
Where it is not, the variable-star catalogues of this machine decide what they can, and what is left is
`Host.NOT_AVAILABLE`: nobody looked, or nobody answered. Such an alert is never called extragalactic; a module may
still compute a score for it, and whoever reads the score finds the kind of host beside it.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.science.framework.base import NO_MATCH, Cost, Module, Output, Values
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.classify import labels

Flags = npt.NDArray[np.bool_]


class Host(StrEnum):
    """What is known of the place."""

    EXTRAGALACTIC = "extragalactic"  # a galaxy, a group of them, or a transient known already
    EMPTY = "empty"  # looked at, and nothing is there
    OTHER = "other"  # a source that is no galaxy, and may itself be what varies
    NOT_AVAILABLE = "not available"  # nobody looked, or the service failed


# Where a module for extragalactic transients computes its score.
MAY_BE_EXTRAGALACTIC: Mapping[Host, bool] = {
    Host.EXTRAGALACTIC: True,
    Host.EMPTY: True,
    Host.OTHER: False,
    Host.NOT_AVAILABLE: True,
}

# Types of the variable-star catalogues that are no star of ours.
NO_STAR_PREFIXES = ("SN", "GAL")


def kind_of_label(label: str | None) -> Host:
    """Return what a label of SIMBAD says; an outage, and a null, say nothing."""
    if label is None or not labels.is_answer(label):
        return Host.NOT_AVAILABLE
    if label == labels.UNKNOWN:
        return Host.EMPTY
    return Host.EXTRAGALACTIC if label in labels.EXTRAGALACTIC | {labels.TRANSIENT} else Host.OTHER


def kind_of_variable(kind: str | None) -> Host:
    """Return what the type of the nearest catalogued variable says; none near leaves the question open."""
    if kind is None or kind == NO_MATCH:
        return Host.NOT_AVAILABLE
    return Host.EXTRAGALACTIC if kind.strip().upper().startswith(NO_STAR_PREFIXES) else Host.OTHER


def compute(batch: AlertBatch, _resource: Any) -> Mapping[str, Values]:
    """Return the kind of host; SIMBAD's answer where there is one, local catalogues elsewhere.

    Parameters
    ----------
    batch
        Alerts with the types of VSX and GCVS, and SIMBAD's labels where it was asked.
    _resource
        Not used: nothing is loaded.
    """
    kinds = np.full(len(batch), Host.NOT_AVAILABLE, dtype=object)
    for name in ("vsx", "gcvs"):
        _fill(kinds, map(kind_of_variable, batch.results[name].to_pylist()))
    if "cdsxmatch" in batch.results:
        given = np.array([kind_of_label(label) for label in batch.results["cdsxmatch"].to_pylist()], dtype=object)
        kinds = np.where(given == Host.NOT_AVAILABLE, kinds, given)
    return {"host_kind": pa.array([str(kind) for kind in kinds], type=pa.string())}


def _fill(kinds: Any, found: Iterable[Host]) -> None:
    for row, kind in enumerate(found):
        if kind is not Host.NOT_AVAILABLE:
            kinds[row] = kind


def closed(batch: AlertBatch) -> tuple[Flags, str]:
    """Return the alerts that the gate keeps out, and the reason that is recorded for them."""
    shut = [str(kind) for kind, is_open in MAY_BE_EXTRAGALACTIC.items() if not is_open]
    flags = np.array([kind in shut for kind in batch.results["host_kind"].to_pylist()], dtype=bool)
    return flags, "a source that is no galaxy is there"


MODULES = (
    Module(
        name="host",
        version="1.2",
        meaning="What stands where the alert is: a galaxy, nothing, something else, or not known.",
        reference="Fink's list of extragalactic SIMBAD labels, with the labels that replaced them in 2022",
        surveys=("ztf",),
        cost=Cost.CHEAP,
        scalars=("ra", "dec"),
        needs=("gcvs", "vsx"),
        optional=("cdsxmatch",),
        outputs=(
            Output(
                "host_kind",
                pa.string(),
                "",
                "One of: extragalactic, empty, other (a star, an active nucleus), not available.",
            ),
        ),
        compute=compute,
    ),
)
