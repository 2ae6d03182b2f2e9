"""Two recurrent networks that read the light curve in g and r: a type Ia supernova, a supernova of any type.

Each light curve goes through the networks alone, so that no arithmetic of it depends on how many others there are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.science.cases.host import closed
from fink_lib.science.cases.solar_system import KNOWN
from fink_lib.science.framework.base import Cost, Module, ModuleResult, Output, Role
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.fluxcal import fluxcal
from fink_lib.science.methods.visits import Visits, visits
from fink_lib.science.models import ModelFacts, load_network
from fink_lib.surveys.inputs import BANDS

Floats = npt.NDArray[Any]

NAMES = ("snn_snia_vs_nonia", "snn_sn_vs_all")
ZTF_BANDS = ("g", "r")

POINTS_MIN = 2
AGE_DAYS_MAX = 90.0
SMALLEST = 1e-5  # keeps the logarithm of the smallest value of training finite


@dataclass(frozen=True)
class Network:
    """One trained network, open.

    Attributes
    ----------
    session
        Its graph.
    facts
        Hash, and what its inputs are called.
    """

    session: Any
    facts: ModelFacts

    @property
    def norm(self) -> Floats:
        """Minimum, mean and width of each normalised feature; shape (features, 3)."""
        return np.array(
            [[each[key] for key in ("min", "mean", "std")] for each in self.facts.settings["norm"].values()]
        )


def load(cache: Path) -> dict[str, Network]:
    """Open both networks."""
    return {name: Network(*load_network(name, cache)) for name in NAMES}


def provenance(networks: Mapping[str, Network]) -> dict[str, str]:
    """Name the version and hash of each network."""
    return {key: text for network in networks.values() for key, text in network.facts.provenance.items()}


def compute(batch: AlertBatch, networks: Any) -> ModuleResult:
    """Return both scores for the alerts that pass the gates.

    Parameters
    ----------
    batch
        Alerts with time (days), magnitude and band of their points, `roid` and the kind of host.
    networks
        What `load` returns: name of a score → its network.
    """
    gates = gate(batch)
    rows = np.flatnonzero(~np.logical_or.reduce([flags for flags, _ in gates]))
    steps = visits_of(batch.take(rows))
    columns = {}
    for name in NAMES:
        scores = np.full(len(batch), np.nan)
        scores[rows] = first_class(networks[name], steps)
        columns[name] = scores
    return ModuleResult(columns, gates)


def gate(batch: AlertBatch) -> list[tuple[npt.NDArray[np.bool_], str]]:
    """Return who is kept out and why, in the order in which reasons are given."""
    time = batch.history("time")
    points = time.count(usable(batch))
    in_bands = time.count(usable(batch) & np.isin(batch.histories["band"], _codes()))
    age = batch.scalars["time"] - batch.scalars["first_time"]
    roid = batch.results["roid"]
    known = roid.fill_null(0).to_numpy(zero_copy_only=False) == KNOWN
    return [
        (points < POINTS_MIN, f"fewer than {POINTS_MIN} detections"),
        (in_bands == 0, "no detection in g or r"),
        (np.isnan(age), "the time of the first detection is not known"),
        (age > AGE_DAYS_MAX, f"first detected more than {AGE_DAYS_MAX:g} days ago"),
        (known, "a known solar-system object"),
        (roid.is_null().to_numpy(zero_copy_only=False), "'roid' is not known"),
        closed(batch),
    ]


def usable(batch: AlertBatch) -> npt.NDArray[np.bool_]:
    """Return which points of the histories have a magnitude, an error, a time and a known band."""
    points = batch.histories
    sound = np.isfinite(points["mag"]) & np.isfinite(points["mag_err"]) & np.isfinite(points["time"])
    return np.asarray(sound & (points["band"] >= 0))


def visits_of(batch: AlertBatch) -> Visits:
    """Return the detections of each alert, grouped into visits."""
    chosen, points = usable(batch), batch.histories
    flux, flux_err = fluxcal(points["mag"][chosen], points["mag_err"][chosen])
    offsets = np.r_[0, np.cumsum(batch.history("time").count(chosen))].astype(np.int64)
    return visits(points["time"][chosen], points["band"][chosen], flux, flux_err, offsets, bands=_codes())


def first_class(network: Network, steps: Visits) -> Floats:
    """Return the probability of the network's first class for each light curve.

    Parameters
    ----------
    network
        An open network.
    steps
        Visits of the light curves; each curve is asked alone, so that no other one changes its sums.
    """
    x = network_input(network, steps)
    ends = zip(steps.offsets[:-1].tolist(), steps.offsets[1:].tolist(), strict=True)
    return np.array([network.session.run(None, {"x": x[start:end]})[0][0, 0] for start, end in ends], dtype=np.float64)


def network_input(network: Network, steps: Visits) -> npt.NDArray[np.float32]:
    """Return what the network reads, normalised as in its training; shape (visits, 1, features).

    Parameters
    ----------
    network
        Its settings say which features, in which order, and how each is normalised.
    steps
        Visits of all light curves, one after the other.
    """
    names = network.facts.settings["features"]
    values = _columns(steps, network.facts.settings["filters"])
    table = np.stack([values[name] for name in names], axis=1).astype(np.float32)
    places = [names.index(name) for name in network.facts.settings["norm"]]
    low, mean, width = network.norm.T
    table[:, places] = (np.log(np.maximum(table[:, places], low) - low + SMALLEST) - mean) / width
    return np.ascontiguousarray(table[:, None, :])


def _columns(steps: Visits, filters: list[str]) -> dict[str, Floats]:
    """Return each feature by the name that it had in training; a combination of filters is one of them."""
    values = {"delta_time": steps.step_days}
    for place, name in enumerate(filters):
        values[f"FLUXCAL_{name}"] = steps.flux[:, place]
        values[f"FLUXCALERR_{name}"] = steps.flux_err[:, place]
    for code in range(1, 2 ** len(filters)):
        inside = np.array([bool(code >> place & 1) for place in range(len(filters))])
        together = "".join(name for name, chosen in zip(filters, inside, strict=True) if chosen)
        values[together] = (steps.seen == inside).all(axis=1).astype(float)
    return values


def _codes() -> tuple[int, ...]:
    return tuple(BANDS.index(name) for name in ZTF_BANDS)


_MEANINGS = {
    "snn_snia_vs_nonia": "Score of being a type Ia supernova rather than any other transient, 0 to 1.",
    "snn_sn_vs_all": "Score of being a supernova of any type rather than anything else, 0 to 1.",
}

MODULES = (
    Module(
        name="supernnova",
        version="1.1",
        meaning="Scores of two recurrent networks on the light curve: type Ia supernova, supernova of any type.",
        reference="Möller & de Boissière 2020, MNRAS 491, 4277 (arXiv:1901.06384); networks of fink-science",
        surveys=("ztf",),
        cost=Cost.MODERATE,
        scalars=("first_time", "time"),
        histories=("band", "mag", "mag_err", "time"),
        needs=("roid", "host_kind"),
        outputs=tuple(Output(name, pa.float64(), "", _MEANINGS[name], Role.SCORE) for name in NAMES),
        compute=compute,
        load=load,
        provenance=provenance,
    ),
)
