"""How well a score separates two classes: area under the ROC curve, efficiency at a purity, and their intervals."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

PURITIES = (0.5, 0.9)
BOOTSTRAPS = 1000
INTERVAL_PERCENT = (2.5, 97.5)


@dataclass(frozen=True)
class Accuracy:
    """Accuracy of one score.

    Attributes
    ----------
    auc, auc_low, auc_high
        Area under the ROC curve and its 95 % interval, from a bootstrap over objects.
    n_pos, n_neg
        Alerts of either class.
    efficiency_at_purity
        Largest share of the positives that a threshold keeps while that share of what it keeps is positive;
        0 where no threshold is as pure.
    """

    auc: float
    auc_low: float
    auc_high: float
    n_pos: int
    n_neg: int
    efficiency_at_purity: dict[str, float]


def accuracy(score: Floats, positive: Flags, object_id: npt.NDArray[Any], seed: int = 0) -> Accuracy:
    """Measure a score.

    Parameters
    ----------
    score
        One number an alert, higher for positive; shape (n,), not NaN.
    positive
        The truth.
    object_id
        Object of each alert: alerts of one object are drawn together.
    seed
        Of the bootstrap.

    Raises
    ------
    ValueError
        When a class is empty or a score is NaN.
    """
    if not positive.any() or positive.all():
        raise ValueError("both classes are needed to measure how well they are separated")
    if np.isnan(score).any():
        raise ValueError("a score is NaN: decide first what an alert without a score counts as")
    draws = _bootstrap(score, positive, object_id, seed)
    low, high = np.percentile(draws, INTERVAL_PERCENT)
    return Accuracy(
        auc=auc(score, positive),
        auc_low=float(low),
        auc_high=float(high),
        n_pos=int(positive.sum()),
        n_neg=int((~positive).sum()),
        efficiency_at_purity={f"{purity:g}": efficiency_at_purity(score, positive, purity) for purity in PURITIES},
    )


def auc(score: Floats, positive: Flags, weight: Floats | None = None) -> float:
    """Return the area under the ROC curve: the chance that a positive scores higher, a tie counting half.

    Parameters
    ----------
    score
        One number an alert, higher for positive; not NaN.
    positive
        The truth; both kinds must be there.
    weight
        How much each alert counts, not negative; all alike if none.
    """
    _, place = np.unique(score, return_inverse=True)
    weights = np.ones(len(score)) if weight is None else weight
    hits = np.bincount(place, weights=weights * positive)
    misses = np.bincount(place, weights=weights * ~positive)
    below = np.cumsum(misses) - misses
    return float(np.sum(hits * (below + 0.5 * misses)) / (hits.sum() * misses.sum()))


def efficiency_at_purity(score: Floats, positive: Flags, purity: float) -> float:
    """Return the largest efficiency among the thresholds that reach a purity.

    Parameters
    ----------
    score
        One number an alert, higher for positive; not NaN.
    positive
        The truth; at least one must be true.
    purity
        Least share of positives among the alerts above the threshold, 0 to 1. Where no threshold reaches it, 0 is
        returned.
    """
    order = np.argsort(-score, kind="stable")
    hits, kept = np.cumsum(positive[order]), np.arange(1, len(score) + 1)
    ends = np.r_[np.diff(score[order]) != 0, True]  # a threshold cannot part equal scores
    pure = ends & (hits >= purity * kept)
    return float(hits[pure].max(initial=0) / positive.sum())


def _bootstrap(score: Floats, positive: Flags, object_id: npt.NDArray[Any], seed: int) -> Floats:
    """Return the area under the curve for resampled objects; a draw without one of the classes is drawn again."""
    draw = np.random.default_rng(seed)
    names, place = np.unique(object_id, return_inverse=True)
    results: list[float] = []
    while len(results) < BOOTSTRAPS:
        times = np.bincount(draw.integers(0, len(names), len(names)), minlength=len(names))
        weight = times[place].astype(float)
        if (weight * positive).sum() > 0 and (weight * ~positive).sum() > 0:
            results.append(auc(score, positive, weight))
    return np.array(results)
