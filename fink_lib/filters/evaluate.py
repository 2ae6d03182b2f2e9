"""All filters over one batch, in one pass; a filter that raises loses only the alerts it raised on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fink_lib.filters.base import Batch, Filter, answer


@dataclass(frozen=True)
class Failure:
    """One alert on which a filter raised: it counts as not selected, and is recorded.

    Attributes
    ----------
    filter
        Name of the filter.
    row
        Position of the alert in the batch.
    error
        Type and text of what was raised.
    """

    filter: str
    row: int
    error: str


@dataclass(frozen=True)
class Evaluation:
    """What the filters said of a batch.

    Attributes
    ----------
    names
        For each alert the filters that selected it, in the order of the registry.
    failures
        Every (filter, alert) that could not be judged.
    """

    names: list[list[str]]
    failures: list[Failure]


def evaluate(filters: Sequence[Filter], batch: Batch, size: int) -> Evaluation:
    """Evaluate every filter over a batch.

    Parameters
    ----------
    filters
        Filters to run.
    batch
        At least the inputs that they declare.
    size
        Number of alerts.
    """
    names: list[list[str]] = [[] for _ in range(size)]
    failures: list[Failure] = []
    for chosen in filters:
        verdict = np.zeros(size, dtype=np.bool_)
        inputs = {name: batch[name] for name in chosen.inputs}
        _judge(chosen, inputs, np.arange(size), verdict, failures)
        for row in np.flatnonzero(verdict):
            names[row].append(chosen.name)
    return Evaluation(names, failures)


def _judge(
    chosen: Filter, batch: Batch, rows: NDArray[np.intp], verdict: NDArray[np.bool_], failures: list[Failure]
) -> None:
    """Judge some alerts; where the filter raises, halve until the guilty ones stand alone.

    Every innocent alert so gets the answer that it would get in any other batch.
    """
    if not len(rows):
        return
    try:
        verdict[rows] = answer(chosen, {name: column[rows] for name, column in batch.items()}, len(rows))
    except Exception as error:  # noqa: BLE001  a filter is a plug-in: whatever it raises must not stop the others
        if len(rows) == 1:
            failures.append(Failure(chosen.name, int(rows[0]), f"{type(error).__name__}: {error}"))
            return
        middle = len(rows) // 2
        _judge(chosen, batch, rows[:middle], verdict, failures)
        _judge(chosen, batch, rows[middle:], verdict, failures)
