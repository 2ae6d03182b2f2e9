"""Boosted trees as plain arrays: evaluated with numpy alone, to the same bits in every batch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Trees:
    """Binary trees, all padded to the same number of nodes.

    Attributes
    ----------
    feature
        Column that a node looks at, -1 for a leaf; shape (trees, nodes), int16.
    threshold
        A value of at most this goes left; float32 or float64.
    left, right
        Next node.
    missing_left
        Where NaN goes.
    value
        What a leaf adds.
    start
        What every sum starts from.
    """

    feature: Array
    threshold: Array
    left: Array
    right: Array
    missing_left: Array
    value: Array
    start: float

    def raw_sums(self, table: Array) -> Array:
        """Return the sum over all trees for each row of a table of features, shape (rows, features).

        Trees are added one after the other, so that the rounding does not depend on the number of rows.
        """
        count = len(table)
        rows = np.arange(count)[:, None]
        trees = np.arange(len(self.feature))[None, :]
        node = np.zeros((count, len(self.feature)), dtype=np.int64)
        while True:
            feature = self.feature[trees, node]
            if (feature < 0).all():
                break
            value = table[rows, np.maximum(feature, 0)]
            with np.errstate(invalid="ignore"):
                goes_left = np.where(
                    np.isnan(value), self.missing_left[trees, node], value <= self.threshold[trees, node]
                )
            step = np.where(goes_left, self.left[trees, node], self.right[trees, node])
            node = np.where(feature < 0, node, step)
        leaves = self.value[trees, node].astype(np.float64)
        return np.asarray(np.cumsum(np.c_[np.full(count, self.start), leaves], axis=1)[:, -1])

    def arrays(self, prefix: str) -> dict[str, Array]:
        """Return the arrays by name, to be stored."""
        names = ("feature", "threshold", "left", "right", "missing_left", "value", "start")
        return {f"{prefix}{name}": np.asarray(getattr(self, name)) for name in names}


def trees_from(arrays: Mapping[str, Array], prefix: str) -> Trees:
    """Return the trees that were stored under a prefix.

    Parameters
    ----------
    arrays
        Name → array, as `Trees.arrays` names them.
    prefix
        Begins the names of these trees.
    """
    names = ("feature", "threshold", "left", "right", "missing_left", "value")
    return Trees(**{name: arrays[f"{prefix}{name}"] for name in names}, start=float(arrays[f"{prefix}start"]))
