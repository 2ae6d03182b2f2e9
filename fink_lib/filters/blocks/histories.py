"""Light curves out of a batch: the earlier points of a packet with the current one behind them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fink_lib.filters.base import Batch

Floats = NDArray[np.float64]


def light_curves(batch: Batch, current: str, history: str, fields: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Yield for each alert one array a field: earlier points in the packet's order, then the current one.

    Parameters
    ----------
    batch
        Holds ``{history}.{field}`` and ``{current}.{field}`` for each field.
    current, history
        Where the current point and the earlier ones stand.
    fields
        Names of the values; numbers are float arrays with NaN for null, texts are lists.
    """
    now = [batch[f"{current}.{field}"] for field in fields]
    past = [batch[f"{history}.{field}"] for field in fields]
    for row in range(len(now[0])):
        yield tuple(_joined(old[row], new[row]) for old, new in zip(past, now, strict=True))


def paths(current: str, history: str, fields: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that `light_curves` reads.

    Parameters
    ----------
    current, history
        Where the current point and the earlier ones stand.
    fields
        Names of the values.

    Returns
    -------
    For each field the path of the current point, then that of the earlier ones.
    """
    return tuple(f"{root}.{field}" for field in fields for root in (current, history))


def per_alert(curves: Iterator[tuple[Any, ...]], judge: Callable[..., bool]) -> NDArray[np.bool_]:
    """Return one answer for each light curve.

    Parameters
    ----------
    curves
        What `light_curves` yields.
    judge
        Takes the fields of one light curve in their order.

    Returns
    -------
    Shape (alerts,).
    """
    return np.array([judge(*curve) for curve in curves], dtype=bool)


def _joined(old: Any, new: Any) -> Any:
    earlier = [] if old is None else old
    if isinstance(new, str) or new is None:
        return [*earlier, new]
    return np.append(np.asarray(earlier, dtype=np.float64), float(new))
