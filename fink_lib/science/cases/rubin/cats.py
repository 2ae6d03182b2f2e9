"""CATS: the broad class of a Rubin alert, from the shape of its light curve alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.science.framework.base import Cost, Module, ModuleResult, Output, Role
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.models import ModelFacts, load_network

Floats = npt.NDArray[np.float32]

# The codes of ELAsTiCC's taxonomy, in the order of the network's answers: SN-like, fast, long, periodic, AGN.
CLASSES = (11, 12, 13, 21, 22)
POINTS = 395  # that the network reads
MIN_POINTS = 2
PADDING = -999.0


@dataclass(frozen=True)
class Network:
    """The network, open, and what it was made of."""

    session: Any
    facts: ModelFacts

    def __call__(self, sequence: Floats) -> Floats:
        """Return the five probabilities of one sequence; alone, so that no other alert changes its sums."""
        answer: Floats = self.session.run(None, {"sequence": sequence})[0][0]
        return answer


def load(cache: Path) -> Network:
    """Open the network."""
    return Network(*load_network("cats", cache))


def provenance(network: Any) -> Mapping[str, str]:
    """Name the file that the network was converted from."""
    facts: Mapping[str, str] = network.facts.provenance
    return facts


def sequence_of(time: npt.NDArray[Any], flux: npt.NDArray[Any], error: npt.NDArray[Any], band: Any) -> Floats:
    """Return what the network reads: days since the first point, scaled flux and error, band 1 to 6; (395, 1, 4).

    Of a light curve of more than 395 points the last ones are kept.

    Parameters
    ----------
    time
        Of each point, days, ascending; at least one.
    flux, error
        Of each point, in any unit: both are scaled.
    band
        Place of each point's band in `BANDS`.
    """
    sequence = np.full((POINTS, 1, 4), PADDING, dtype=np.float32)
    sequence[:, 0, 3] = 0.0
    kept = min(len(time), POINTS)
    columns = (time - time[0], _scaled(flux), _scaled(error), band + 1)
    sequence[:kept, 0] = np.stack([column[-kept:] for column in columns], axis=1)
    return sequence


def compute(batch: AlertBatch, network: Any) -> ModuleResult:
    """Classify the alerts of at least two measured points that are not all alike.

    Parameters
    ----------
    batch
        Alerts with time (days), flux, its error and band of their points.
    network
        What `load` returns.
    """
    points = batch.histories
    usable = np.isfinite(points["flux"]) & np.isfinite(points["flux_err"]) & np.isfinite(points["time"])
    usable &= points["band"] >= 0
    offsets = batch.offsets
    label, score = np.full(len(batch), -1, dtype=np.int32), np.full(len(batch), np.nan)
    few, flat = np.zeros(len(batch), dtype=bool), np.zeros(len(batch), dtype=bool)
    for row in range(len(batch)):
        mine = np.flatnonzero(usable[offsets[row] : offsets[row + 1]]) + offsets[row]
        few[row] = len(mine) < MIN_POINTS
        columns = [points[name][mine] for name in ("time", "flux", "flux_err", "band")]
        flat[row] = not few[row] and min(np.ptp(columns[1]), np.ptp(columns[2])) == 0.0
        if few[row] or flat[row]:
            continue
        answer = network(sequence_of(*columns))
        label[row], score[row] = CLASSES[int(answer.argmax())], answer.max()
    return ModuleResult(
        {"cats_class": label, "cats_score": score},
        [(few, "fewer than 2 points"), (flat, "all fluxes or all errors are equal")],
    )


def _scaled(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Scale to the range from 0 to 1."""
    return np.asarray((values - values.min()) / np.ptp(values))


MODULES = (
    Module(
        name="cats",
        version="1.1",
        meaning="Broad class of the light curve: SN-like, fast, long, periodic or AGN.",
        reference="Fraga et al. 2024, A&A 692, A208 (arXiv:2404.08798); weights from fink-science (Apache-2.0)",
        surveys=("lsst",),
        cost=Cost.HEAVY,
        histories=("band", "flux", "flux_err", "time"),
        outputs=(
            Output("cats_class", pa.int32(), "", "11 SN-like, 12 fast, 13 long, 21 periodic, 22 AGN.", Role.LABEL),
            Output("cats_score", pa.float32(), "", "Probability of that class among the five, 0 to 1.", Role.SCORE),
        ),
        compute=compute,
        load=load,
        provenance=provenance,
    ),
)
