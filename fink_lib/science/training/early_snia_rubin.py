"""Training of the early SN Ia model: members by cross-fitting over objects, stored as plain arrays with a card."""

import hashlib
import json
import tempfile
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier

from fink_lib.errors import ConfigError
from fink_lib.science.cases.rubin import early_snia
from fink_lib.science.framework.accuracy import accuracy
from fink_lib.science.methods.rubin.early_snia_features import host_features, light_curve_features
from fink_lib.science.methods.rubin.early_snia_model import Split, feature_table, load_model, mean_of, probabilities
from fink_lib.science.methods.trees import Trees
from fink_lib.science.training.elasticc import Truth, read_elasticc

Array = npt.NDArray[Any]

SPLIT = Split(seed=20240408, folds=5, repeats=1)
# A feature must be there for this share of the training alerts: below, a tree would learn single objects.
MIN_PRESENT = 0.0369
MAX_BYTES = 1_000_000
# Leaves are stored in 32 bits: about 1e-8 each, some 200 of them.
PARITY = 1e-5


@dataclass(frozen=True)
class Boosting:
    """Settings of the boosting: moderate ones, not tuned on the figures that are reported.

    Attributes
    ----------
    learning_rate, max_iter, max_leaf_nodes, min_samples_leaf, l2_regularization, max_features, max_bins
        As scikit-learn names them.
    """

    learning_rate: float = 0.06
    max_iter: int = 150
    max_leaf_nodes: int = 10
    min_samples_leaf: int = 15
    l2_regularization: float = 2.0
    max_features: float = 0.3
    max_bins: int = 63


@dataclass(frozen=True)
class _Task:
    """What one kind of members is trained on."""

    kind: str
    table: Array
    is_ia: Array
    object_id: Array


def train(folder: Path, out: Path, split: Split = SPLIT, boosting: Boosting | None = None) -> dict[str, Any]:
    """Train the model on a folder of ELAsTiCC alerts, store it, and return its card.

    Parameters
    ----------
    folder
        Holds ``class_<classId>/*.parquet``.
    out
        File to write, ``.npz``; the card goes beside it as ``.json``.
    split, boosting
        How objects are dealt and trees are grown.

    Raises
    ------
    ConfigError
        When the folder holds no supernovae, or the model came out larger than 1 MB.
    """
    boosting = boosting or Boosting()
    batch, truth = read_elasticc(folder, early_snia.MODULES)
    with np.errstate(all="ignore"):
        light = light_curve_features(batch)
        everything = {**light, **host_features(batch, light)}
    has_host = np.isfinite(batch.scalars["host_photoz"])
    arrays: dict[str, Array] = {"trained_on": np.unique(truth.object_id)}
    names: dict[str, list[str]] = {}
    for kind, features, rows in (
        ("light", light, np.arange(len(batch))),
        ("hosted", everything, np.flatnonzero(has_host)),
    ):
        names[kind] = _present(features)
        table = feature_table(features, names[kind])[rows]
        arrays |= _members(_Task(kind, table, truth.is_ia[rows], truth.object_id[rows]), split, boosting)
    card = _card(folder, truth, split, boosting, names)
    _store(out, arrays, card)
    card["accuracy"] = measured(out, batch, truth)
    _store(out, arrays, card)
    return card


def measured(path: Path, batch: Any, truth: Truth) -> dict[str, Any]:
    """Return the accuracy of a stored model on its own training alerts, each by members that never saw its object.

    Parameters
    ----------
    path
        The stored model.
    batch
        Its training alerts.
    truth
        What the simulation knows of them.
    """
    load_model.cache_clear()
    model = load_model(path)
    allowed = model.unseen_by(truth.object_id)
    result = {}
    for name, use_host in (("with_host", True), ("without_host", False)):
        score = mean_of(probabilities(model, batch, use_host=use_host), allowed)
        result[name] = asdict(accuracy(score, truth.is_ia, truth.object_id))
    return result


def object_weights(object_id: Array) -> Array:
    """Return a weight for each alert, so that an object of many alerts does not outvote the others."""
    _, place, count = np.unique(object_id, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / np.sqrt(count[place]))


def _members(task: _Task, split: Split, boosting: Boosting) -> dict[str, Array]:
    """Fit one member for each fold of each repeat, on the objects of the other folds."""
    arrays: dict[str, Array] = {}
    table, object_id = task.table, task.object_id
    weights = object_weights(object_id)
    for number, (repeat, fold) in enumerate(split.members):
        mine = split.fold_of(object_id, repeat) != fold
        forest = HistGradientBoostingClassifier(
            **asdict(boosting), early_stopping=False, random_state=split.seed + number
        )
        forest.fit(table[mine], task.is_ia[mine], sample_weight=weights[mine])
        trees = trees_of(forest)
        _check_parity(trees, forest, table)
        arrays |= trees.arrays(f"{task.kind}{number}_")
    return arrays


def trees_of(forest: HistGradientBoostingClassifier) -> Trees:
    """Return the trees of a fitted binary classifier as arrays."""
    # scikit-learn has no public view of these trees; the parity check below catches a change of theirs.
    nodes = [stage[0].nodes for stage in forest._predictors]  # noqa: SLF001 - see above
    start = float(np.ravel(forest._baseline_prediction)[0])  # noqa: SLF001 - see above

    def padded(name: str, kind: type[np.generic], fill: float = 0) -> Array:
        table = np.full((len(nodes), max(map(len, nodes))), fill, dtype=kind)
        for row, tree in zip(table, nodes, strict=True):
            row[: len(tree)] = tree[name]
        return table

    is_leaf = padded("is_leaf", np.uint8, 1).astype(bool)
    return Trees(
        feature=np.where(is_leaf, -1, padded("feature_idx", np.int16)).astype(np.int16),
        threshold=padded("num_threshold", np.float64) * ~is_leaf,
        left=padded("left", np.uint8),
        right=padded("right", np.uint8),
        missing_left=padded("missing_go_to_left", np.uint8).astype(bool),
        value=(padded("value", np.float64) * is_leaf).astype(np.float32),
        start=start,
    )


def _check_parity(trees: Trees, forest: HistGradientBoostingClassifier, table: Array) -> None:
    """Compare our evaluation with scikit-learn's on every alert."""
    difference = np.abs(trees.raw_sums(table) - forest.decision_function(table)).max()
    if difference > PARITY:
        raise ConfigError(f"the stored trees differ from scikit-learn's by {difference}: its tree format has changed")


def _present(features: dict[str, Array]) -> list[str]:
    return [name for name, values in features.items() if np.isfinite(values).mean() >= MIN_PRESENT]


def _card(folder: Path, truth: Truth, split: Split, boosting: Boosting, names: dict[str, list[str]]) -> dict[str, Any]:
    digest = hashlib.sha256()
    files = sorted(folder.glob("class_*/*.parquet"))
    for path in files:
        digest.update(path.name.encode() + path.read_bytes())
    return {
        "name": "early_snia_rubin",
        "task": "SN Ia (GENTYPE 10) against SN II (GENTYPE 30-37), alert by alert",
        "data": {
            "files": len(files),
            "sha256": digest.hexdigest(),
            "alerts": len(truth.is_ia),
            "sn_ia": int(truth.is_ia.sum()),
            "objects": len(np.unique(truth.object_id)),
        },
        "split": asdict(split),
        "boosting": asdict(boosting),
        "features": names,
        "versions": {package: metadata.version(package) for package in ("scikit-learn", "numpy")},
    }


def _store(out: Path, arrays: dict[str, Array], card: dict[str, Any]) -> None:
    """Write the model and its card; both appear whole or not at all.

    The card inside the file holds how it was made; what it reaches stands in the card beside it alone, so that the
    model's hash does not depend on how it is measured.
    """
    inside = {key: value for key, value in card.items() if key != "accuracy"}
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=out.parent, suffix=".npz", delete=False) as scratch:
        stored: dict[str, Any] = {"card": np.array(json.dumps(inside)), **arrays}
        np.savez_compressed(scratch, **stored)
    path = Path(scratch.name)
    if path.stat().st_size > MAX_BYTES:
        size = path.stat().st_size
        path.unlink()
        raise ConfigError(f"the model has {size} bytes, more than {MAX_BYTES}: fewer members, trees or leaves")
    path.chmod(0o644)
    path.rename(out)
    out.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n")
