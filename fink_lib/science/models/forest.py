"""Decision forests as flat arrays: read once from a model file, evaluated for all alerts and all trees at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fink_lib.errors import ModelError
from fink_lib.science.models.unpickle import ForestRecord

Floats = npt.NDArray[Any]
Ints = npt.NDArray[np.int32]

# Rows walked down the trees together: the places of all of them, in all trees, stay in the cache.
ROWS_AT_ONCE = 64


@dataclass(frozen=True)
class Forest:
    """Trees, one after the other, as arrays over nodes.

    Attributes
    ----------
    feature
        Column that a node looks at.
    threshold
        A row goes left where its 32-bit value is at most this; infinite in a leaf.
    children
        Nodes to the left and to the right, shape (nodes, 2); a leaf is its own children.
    value
        What a leaf gives.
    roots
        First node of each tree.
    depth
        Steps from the roots to the farthest leaf.
    """

    feature: Ints
    threshold: npt.NDArray[np.float32]
    children: Ints
    value: npt.NDArray[np.float64]
    roots: Ints
    depth: int

    def leaf_values(self, rows: Floats) -> npt.NDArray[np.float64]:
        """Return what each tree gives for each row; shape (rows, trees)."""
        table = np.ascontiguousarray(rows, dtype=np.float32)
        found = np.empty((len(table), len(self.roots)))
        for start in range(0, len(table), ROWS_AT_ONCE):
            part = table[start : start + ROWS_AT_ONCE]
            found[start : start + len(part)] = self.value[self._leaves(part)]
        return found

    def _leaves(self, part: npt.NDArray[np.float32]) -> Ints:
        width = part.shape[1]
        first = np.arange(len(part), dtype=np.int32)[:, None] * np.int32(width)
        flat, pairs = part.ravel(), self.children.ravel()
        node = np.repeat(self.roots[None, :], len(part), axis=0)
        for _ in range(self.depth):
            # Written with "not at most", so that a NaN goes right as it does where the forest was trained.
            right = ~(flat.take(first + self.feature.take(node)) <= self.threshold.take(node))
            node = pairs.take(2 * node + right)
        return node

    def mean(self, rows: Floats) -> npt.NDArray[np.float64]:
        """Return the mean over the trees for each row; the order of summation is the same in every batch."""
        return np.array([values.sum() for values in self.leaf_values(rows)]) / len(self.roots)

    def total(self, rows: Floats) -> npt.NDArray[np.float64]:
        """Return the sum over the trees for each row; the order of summation is the same in every batch."""
        return np.array([values.sum() for values in self.leaf_values(rows)])

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return what `from_arrays` takes."""
        return {
            "feature": self.feature.astype(np.int16),
            "threshold": self.threshold,
            "children": self.children,
            "value": self.value,
            "roots": self.roots,
            "depth": np.array(self.depth),
        }


def from_arrays(arrays: Any) -> Forest:
    """Return the forest of stored arrays."""
    return Forest(
        feature=arrays["feature"].astype(np.int32),
        threshold=np.asarray(arrays["threshold"], dtype=np.float32),
        children=np.asarray(arrays["children"], dtype=np.int32),
        value=np.asarray(arrays["value"], dtype=np.float64),
        roots=np.asarray(arrays["roots"], dtype=np.int32),
        depth=int(arrays["depth"]),
    )


def from_sklearn(record: Any, label: int = 1) -> Forest:
    """Return the forest of a random-forest classifier that was read as records.

    Parameters
    ----------
    record
        What `read_pickle` returned.
    label
        Place of the class whose probability the forest is to give.

    Raises
    ------
    ModelError
        When it is no random forest.
    """
    if not isinstance(record, ForestRecord):
        raise ModelError(f"the file holds a {type(record).__name__}, not a random forest")
    features, thresholds, children, values, sizes = [], [], [], [], []
    for wrapped in record["estimators_"]:
        tree = wrapped["tree_"]
        nodes, counts = tree["nodes"], tree["values"][:, 0, :]
        features.append(nodes["feature"])
        thresholds.append(nodes["threshold"])
        children.append(np.stack([nodes["left_child"], nodes["right_child"]], axis=1))
        values.append(counts[:, label] / counts.sum(axis=1))
        sizes.append(len(nodes))
    starts = np.r_[0, np.cumsum(sizes)[:-1]]
    flat = np.concatenate([pair + start * (pair >= 0) for pair, start in zip(children, starts, strict=True)])
    return _assemble(np.concatenate(features), np.concatenate(thresholds), flat, np.concatenate(values), starts)


def from_onnx(node: Any) -> Forest:
    """Return the forest of an ONNX node ``TreeEnsembleRegressor``.

    Raises
    ------
    ModelError
        When the node is another, or a tree branches otherwise than by "at most".
    """
    facts = {attribute.name: attribute for attribute in node.attribute}
    modes = facts["nodes_modes"].strings if "nodes_modes" in facts else []
    if node.op_type != "TreeEnsembleRegressor" or not set(modes) <= {b"BRANCH_LEQ", b"LEAF"} or "base_values" in facts:
        raise ModelError(f"ONNX node {node.op_type} is no forest that is understood")
    ints = {name: np.array(fact.ints, dtype=np.int64) for name, fact in facts.items() if fact.ints}
    tree, number = ints["nodes_treeids"], ints["nodes_nodeids"]
    start = np.r_[0, np.flatnonzero(np.diff(tree)) + 1]
    if (number != np.arange(len(tree)) - np.repeat(start, np.diff(np.r_[start, len(tree)]))).any():
        raise ModelError("the nodes of the ONNX forest are not numbered from 0 in each tree")
    first = dict(zip(tree[start].tolist(), start.tolist(), strict=True))

    def places(numbers: Any, trees: Any) -> Any:
        return numbers + np.array([first[each] for each in trees.tolist()])

    pairs = np.stack([places(ints[f"nodes_{side}nodeids"], tree) for side in ("true", "false")], axis=1)
    pairs[np.array([mode == b"LEAF" for mode in modes])] = -1
    value = np.zeros(len(tree))
    value[places(ints["target_nodeids"], ints["target_treeids"])] = np.array(facts["target_weights"].floats)
    threshold = np.array(facts["nodes_values"].floats, dtype=np.float64)
    return _assemble(ints["nodes_featureids"], threshold, pairs, value, start)


def _assemble(feature: Any, threshold: Any, children: Any, value: Any, roots: Sequence[int] | Any) -> Forest:
    """Turn leaves (children -1) into their own children, and thresholds into 32-bit ones that decide the same."""
    itself = np.arange(len(feature))
    leaf = children[:, 0] < 0
    limit = threshold.astype(np.float32)
    above = limit.astype(np.float64) > threshold  # rounded up: a value between would change sides
    limit[above] = np.nextafter(limit[above], np.float32(-np.inf))
    limit[leaf] = np.inf
    linked = np.where(leaf[:, None], itself[:, None], children).astype(np.int32)
    return Forest(
        feature=np.where(leaf, 0, feature).astype(np.int32),
        threshold=limit,
        children=linked,
        value=np.asarray(value, dtype=np.float64),
        roots=np.asarray(roots, dtype=np.int32),
        depth=_depth(linked, np.asarray(roots)),
    )


def _depth(children: Ints, roots: Any) -> int:
    """Return the steps to the farthest leaf.

    Raises
    ------
    ModelError
        When the nodes do not form trees.
    """
    front, steps = roots, 0
    while True:
        front = np.unique(children[front])
        if (children[front] == front[:, None]).all():
            return steps + 1
        steps += 1
        if steps > len(children):
            raise ModelError("the nodes of the forest run in a circle")
