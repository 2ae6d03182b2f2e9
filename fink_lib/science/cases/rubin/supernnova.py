"""SuperNNova on Rubin light curves: supernova or anything else.

A score is no probability: the simulations of its training hold no asteroids, no artefacts and no light curves of one
point or of negative differences. Where it was measured on real alerts it gave 0.7 and more to 86 % of those with a
single detection and to 68 % of known asteroids. What may be called a supernova asks for more: `label_rubin`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.science.framework.base import Cost, Module, ModuleResult, Output, Role
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.models import ModelFacts, load_network

Floats = npt.NDArray[np.float32]
Array = npt.NDArray[Any]

# The network knows the bands under these letters, and fluxes with the zero point 27.5 instead of nJy's 31.4.
LETTERS = "ugrizY"
FLUXCAL_PER_NJY = 10.0 ** (-(31.4 - 27.5) / 2.5)
# Observations within 8 hours are one step of the sequence.
STEP_DAYS = 0.33
# Which bands a step observed: the place of every combination among the inputs.
COMBINATIONS = sorted("".join(chosen) for size in range(1, 7) for chosen in combinations(LETTERS, size))
NORMALISED = (*(f"FLUXCAL_{letter}" for letter in LETTERS), *(f"FLUXCALERR_{letter}" for letter in LETTERS))
NORMALISED += ("delta_time",)
INPUTS = len(NORMALISED) + len(COMBINATIONS)
FLOOR = 1e-5  # added before the logarithm


@dataclass(frozen=True)
class SuperNNova:
    """The network, open, and how its first 13 inputs are normalised: rows of (min, mean, std)."""

    session: Any
    facts: ModelFacts
    norm: Array

    def __call__(self, sequence: Floats) -> float:
        """Return the probability of a supernova; alone, so that no other alert changes its sums."""
        return float(self.session.run(None, {"x": sequence})[0][0, 0])


def load(cache: Path) -> SuperNNova:
    """Open the network and its table of norms."""
    session, facts = load_network("snn_elasticc_sn_vs_other", cache)
    table = facts.settings["norm"]
    norm = np.array([[table[name][key] for key in ("min", "mean", "std")] for name in NORMALISED])
    return SuperNNova(session, facts, norm)


def provenance(model: Any) -> Mapping[str, str]:
    """Name the file that the network was converted from."""
    facts: Mapping[str, str] = model.facts.provenance
    return facts


def sequence_of(time: Array, band: Array, flux: Array, error: Array, norm: Array) -> Floats:
    """Return what the network reads: one row a step, shape (steps, 1, 76).

    Parameters
    ----------
    time, band, flux, error
        Points in time order: days, place in ``ugrizy``, nJy.
    norm
        Minimum, mean and standard deviation of the logarithm, of each normalised input.
    """
    step, starts = _steps(time)
    values = np.zeros((len(starts), len(NORMALISED)), dtype=np.float32)
    seen = np.zeros((len(starts), len(LETTERS)), dtype=bool)
    # Of several points of a band in one step the one with the smallest error counts: it is written last.
    for point in np.lexsort((-np.arange(len(time)), -error)):
        place = (step[point], band[point])
        values[place] = flux[point] * FLUXCAL_PER_NJY
        values[place[0], place[1] + len(LETTERS)] = error[point] * FLUXCAL_PER_NJY
        seen[place] = True
    values[1:, -1] = np.diff(time[starts])
    low, mean, std = norm.T
    sequence = np.zeros((len(starts), 1, INPUTS), dtype=np.float32)
    sequence[:, 0, : len(NORMALISED)] = (np.log(np.maximum(values, low) - low + FLOOR) - mean) / std
    sequence[np.arange(len(starts)), 0, len(NORMALISED) + _combination(seen)] = 1.0
    return sequence


def compute(batch: AlertBatch, model: Any) -> ModuleResult:
    """Score every alert with a measured point.

    Parameters
    ----------
    batch
        Alerts with time (days), flux (njy), its error and band of their points.
    model
        What `load` returns: the network and its norms.
    """
    points = batch.histories
    usable = np.isfinite(points["flux"]) & (points["flux_err"] > 0) & np.isfinite(points["flux_err"])
    usable &= np.isfinite(points["time"]) & (points["band"] >= 0)
    score = np.full(len(batch), np.nan)
    nothing = np.ones(len(batch), dtype=bool)
    for row in range(len(batch)):
        start, stop = batch.offsets[row], batch.offsets[row + 1]
        mine = np.flatnonzero(usable[start:stop]) + start
        if len(mine):
            nothing[row] = False
            time, band, flux, error = (points[name][mine] for name in ("time", "band", "flux", "flux_err"))
            score[row] = model(sequence_of(time, band, flux, error, model.norm))
    return ModuleResult({"snn_sn_vs_others": score}, [(nothing, "no measured point")])


def _steps(time: Array) -> tuple[Sequence[int], list[int]]:
    """Return the step of each point, and the first point of each step.

    A step ends 8 hours after its first point, or where two points have the very same time.
    """
    step: list[int] = []
    starts: list[int] = []
    for place, when in enumerate(time.tolist()):
        if place == 0 or when - time[starts[-1]] > STEP_DAYS or when == time[place - 1]:
            starts.append(place)
        step.append(len(starts) - 1)
    return step, starts


def _combination(seen: Array) -> Array:
    """Return the place of each row's combination of bands."""
    names = ["".join(letter for letter, flag in zip(LETTERS, row, strict=True) if flag) for row in seen]
    return np.array([COMBINATIONS.index(name) for name in names])


MODULES = (
    Module(
        name="supernnova_rubin",
        version="1.2",
        meaning="Score of SuperNNova, trained on simulations: supernova against the rest; no probability.",
        reference="Möller & de Boissière 2020, MNRAS 491, 4277 (arXiv:1901.06384); Fraga et al. 2024 "
        "(arXiv:2404.08798); weights from fink-science (Apache-2.0)",
        surveys=("lsst",),
        cost=Cost.MODERATE,
        histories=("band", "flux", "flux_err", "time"),
        outputs=(
            Output(
                "snn_sn_vs_others",
                pa.float32(),
                "",
                "Score of a supernova, 0 to 1, and no probability: 0.7 and more for 86 % of alerts with one detection "
                "and for 68 % of known asteroids; it knows neither sign nor motion.",
                Role.SCORE,
            ),
        ),
        compute=compute,
        load=load,
        provenance=provenance,
    ),
)
