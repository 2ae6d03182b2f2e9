"""How unusual a light curve is: a forest of active anomaly discovery for each of g and r, on 18 features."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.science.framework.base import Cost, Module, ModuleResult, Output
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.models import Forest, ModelFacts, load_forest
from fink_lib.surveys.inputs import BANDS

Floats = npt.NDArray[Any]

ZTF_BANDS = ("g", "r")


@dataclass(frozen=True)
class BandForest:
    """The forest of one band.

    Attributes
    ----------
    forest, facts
        Trees, hash and settings.
    """

    forest: Forest
    facts: ModelFacts

    @property
    def features(self) -> list[str]:
        """Names of the inputs, in order."""
        return list(self.facts.settings["features"])

    @property
    def means(self) -> Floats:
        """Mean of each input over the training set."""
        return np.array([self.facts.settings["means"][name] for name in self.features])


def load(cache: Path) -> dict[str, BandForest]:
    """Open the forest of each band."""
    return {band: BandForest(*load_forest(f"anomaly_{band}", cache)) for band in ZTF_BANDS}


def provenance(forests: Mapping[str, BandForest]) -> dict[str, str]:
    """Name the version and hash of each forest."""
    return {key: text for each in forests.values() for key, text in each.facts.provenance.items()}


def compute(batch: AlertBatch, forests: Any) -> ModuleResult:
    """Return the mean of the two bands' scores; a feature that a band has too few points for is taken as average.

    Parameters
    ----------
    batch
        Alerts with the bands of their points and the features of g and r that `light_curve_features` found.
    forests
        What `load` returns: band → its forest.
    """
    tables = {band: table_of(batch.results[f"lc_features_{band}"], forests[band].features) for band in ZTF_BANDS}
    one_band = ~np.logical_and.reduce([shown(batch, band) for band in ZTF_BANDS])
    empty = np.logical_and.reduce([np.isnan(table).all(axis=1) for table in tables.values()])
    rows = np.flatnonzero(~(one_band | empty))
    scores = np.full(len(batch), np.nan)
    if len(rows):
        scores[rows] = np.mean([score(forests[band], tables[band][rows]) for band in ZTF_BANDS], axis=0)
    gates = [(one_band, "the packet shows one band only"), (empty, "no light-curve feature in g or r")]
    return ModuleResult({"anomaly_score": scores}, gates)


def shown(batch: AlertBatch, band: str) -> npt.NDArray[np.bool_]:
    """Return which packets show a band, be it by an upper limit.

    Parameters
    ----------
    batch
        Alerts with the bands of their points, upper limits among them.
    band
        A name of `BANDS`.
    """
    in_band = batch.histories["band"] == BANDS.index(band)
    return np.asarray(batch.history("band").count(in_band) > 0)


def score(model: BandForest, table: Floats) -> Floats:
    """Return the score of rows of features; missing ones are taken as average.

    Parameters
    ----------
    model
        Forest of the band that the features are of.
    table
        Features in the order of the forest's; shape (alerts, features), NaN where one is missing.
    """
    return model.forest.total(np.where(np.isnan(table), model.means, table))


def table_of(features: pa.StructArray, names: list[str]) -> Floats:
    """Return some fields of a struct array as columns, null as NaN; shape (alerts, names).

    Parameters
    ----------
    features
        One struct an alert; where it is null as a whole, the row is NaN.
    names
        Fields to take, in the order of the columns.
    """
    columns = [features.field(name).to_numpy(zero_copy_only=False) for name in names]
    table = np.stack(columns, axis=1).astype(np.float64)
    table[~features.is_valid().to_numpy(zero_copy_only=False)] = np.nan
    return table


MODULES = (
    Module(
        name="anomaly",
        version="1.0",
        meaning="How unusual the light curve is among those that experts have judged; the lower, the more unusual.",
        reference="Ishida et al. 2021, A&A 650, A195 (arXiv:1909.13260); forests of fink-science",
        surveys=("ztf",),
        cost=Cost.MODERATE,
        histories=("band",),
        needs=tuple(f"lc_features_{band}" for band in ZTF_BANDS),
        outputs=(Output("anomaly_score", pa.float64(), "", "Mean score of both bands; negative is unusual."),),
        compute=compute,
        load=load,
        provenance=provenance,
    ),
)
