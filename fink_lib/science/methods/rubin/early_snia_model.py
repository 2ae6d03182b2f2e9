"""Our own model of early SNe Ia for Rubin: boosted trees over light-curve features, with and without a host.

The model is a set of members. Each member was trained on the objects of all folds but one, and it is recorded
which objects these were. An alert is scored by the mean of all members; an object that took part in the training
is, where accuracy is measured, scored only by the members that never saw it.
"""

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fink_lib.errors import ConfigError
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.rubin.early_snia_features import host_features, light_curve_features
from fink_lib.science.methods.trees import Trees, trees_from

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]

# Share of SNe Ia among the training's alerts, each weighted as in the training.
TRAINED_SHARE = 0.518
MODEL_FILE = Path(__file__).parents[2] / "models" / "own" / "early_snia_rubin.npz"


@dataclass(frozen=True)
class Split:
    """How objects are dealt to folds: by a hash of their id, so that the rule holds for any object.

    Attributes
    ----------
    seed, folds, repeats
        Seed of the hash, number of folds, and how often the dealing is repeated anew.
    """

    seed: int
    folds: int
    repeats: int

    @property
    def members(self) -> tuple[tuple[int, int], ...]:
        """Pairs (repeat, fold left out) of the members, in order."""
        return tuple((repeat, fold) for repeat in range(self.repeats) for fold in range(self.folds))

    def fold_of(self, object_id: Ints, repeat: int) -> Ints:
        """Return the fold of each object in one repeat.

        Parameters
        ----------
        object_id
            One an alert; alerts of one object are in one fold.
        repeat
            Number of the repeat, from 0.
        """
        names, place = np.unique(object_id, return_inverse=True)
        folds = [_hashed(f"{self.seed}:{repeat}:{name}") % self.folds for name in names.tolist()]
        return np.asarray(np.array(folds, dtype=np.int64)[place])


@dataclass(frozen=True)
class EarlySnIaModel:
    """The members, and what each of them saw.

    Attributes
    ----------
    light, hosted
        Members for the light curve alone, and with the host; one each for ``split.members``.
    light_features, hosted_features
        Names of the columns of their tables.
    split, trained_on
        How the objects were dealt, and the ids of all of them, ascending.
    card
        How the model was made and what it reaches.
    digest
        sha256 of the file.
    """

    light: tuple[Trees, ...]
    hosted: tuple[Trees, ...]
    light_features: tuple[str, ...]
    hosted_features: tuple[str, ...]
    split: Split
    trained_on: Ints
    card: Mapping[str, Any]
    digest: str

    def unseen_by(self, object_id: Ints) -> npt.NDArray[np.bool_]:
        """Return which member never saw which object, shape (alerts, members)."""
        known = np.isin(object_id, self.trained_on)
        left_out = [self.split.fold_of(object_id, repeat) == fold for repeat, fold in self.split.members]
        return np.asarray(np.stack(left_out, axis=1) | ~known[:, None])


def probabilities(model: EarlySnIaModel, batch: AlertBatch, *, use_host: bool = True) -> Array:
    """Return the probability of a SN Ia by each member, shape (alerts, members).

    The members with the host score the alerts whose packet names one with a photometric redshift, the others the
    rest; with `use_host` false, the others score all.

    Parameters
    ----------
    model
        The members.
    batch
        Alerts with their light curve, and what the packet says of the host.
    use_host
        False to judge every alert by its light curve alone.
    """
    with np.errstate(all="ignore"):
        light = light_curve_features(batch)
        features = {**light, **host_features(batch, light)}
        has_host = np.isfinite(batch.scalars["host_photoz"]) & use_host
    result = np.empty((len(batch), len(model.light)))
    for rows, members, names in (
        (np.flatnonzero(~has_host), model.light, model.light_features),
        (np.flatnonzero(has_host), model.hosted, model.hosted_features),
    ):
        if len(rows):
            table = feature_table(features, names)[rows]
            result[rows] = 1.0 / (1.0 + np.exp(-np.stack([trees.raw_sums(table) for trees in members], axis=1)))
    return result


def mean_of(member_scores: Array, allowed: npt.NDArray[np.bool_] | None = None) -> Array:
    """Return the mean over members, or over those allowed for each alert; NaN where there is none.

    Members are added one after the other, so that the rounding does not depend on the number of alerts.

    Parameters
    ----------
    member_scores
        Shape (alerts, members).
    allowed
        Members that count, of the same shape; all if none.
    """
    weights = np.ones(member_scores.shape) if allowed is None else allowed.astype(float)
    total = np.cumsum(member_scores * weights, axis=1)[:, -1]
    count = weights.sum(axis=1)
    return np.asarray(total / np.where(count > 0, count, np.nan))


def with_prior(score: Array, ia_share: float) -> Array:
    """Return the probability of a SN Ia where SNe Ia are this share of SNe Ia and II (Bayes), from a score.

    The score is that of the training's own mixture, in which `TRAINED_SHARE` are SNe Ia.

    Parameters
    ----------
    score
        What the model says, 0 to 1.
    ia_share
        Share of SNe Ia among SNe Ia and II in the sample that is meant, 0 to 1.
    """
    ia, ii = score * ia_share * (1.0 - TRAINED_SHARE), (1.0 - score) * (1.0 - ia_share) * TRAINED_SHARE
    return np.asarray(ia / (ia + ii))


def feature_table(features: Mapping[str, Array], names: Sequence[str]) -> Array:
    """Return features as one table, infinite values as NaN.

    Parameters
    ----------
    features
        Name → values, one an alert.
    names
        Those to take, in the order of the columns.
    """
    table = np.stack([features[name] for name in names], axis=1)
    return np.asarray(np.where(np.isfinite(table), table, np.nan))


@functools.cache
def load_model(path: Path = MODEL_FILE) -> EarlySnIaModel:
    """Read the model's file: plain arrays and text, nothing that could execute.

    Raises
    ------
    ConfigError
        When the file is missing.
    """
    if not path.is_file():
        raise ConfigError(f"no model {path}: train it with `fink models train early_snia_rubin --data DIR`")
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    card = json.loads(str(arrays["card"]))
    split = Split(**card["split"])
    count = len(split.members)
    return EarlySnIaModel(
        light=tuple(trees_from(arrays, f"light{i}_") for i in range(count)),
        hosted=tuple(trees_from(arrays, f"hosted{i}_") for i in range(count)),
        light_features=tuple(card["features"]["light"]),
        hosted_features=tuple(card["features"]["hosted"]),
        split=split,
        trained_on=arrays["trained_on"],
        card=card,
        digest=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def _hashed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
