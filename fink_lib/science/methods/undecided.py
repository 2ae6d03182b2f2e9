"""What a rule says of an alert that lacks some of its inputs: the answer that every possible value would give."""

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

Columns = Mapping[str, npt.NDArray[Any]]
Flags = npt.NDArray[np.bool_]


def decide(
    rule: Callable[[Columns], npt.NDArray[Any]], columns: Columns, possible: Mapping[str, Sequence[float]]
) -> tuple[npt.NDArray[Any], Flags]:
    """Return what a rule says, and where it can say anything.

    Alerts without a missing value cost one call. For the others the rule is asked with every combination of possible
    values in the places of those that are missing: it is undecided where two of them disagree.

    Parameters
    ----------
    rule
        From columns to one value an alert.
    columns
        Inputs, NaN for missing.
    possible
        Input → values that between them give every answer that any value would; others are never replaced.
    """
    answer = np.array(rule(columns))
    decided = np.ones(len(answer), dtype=bool)
    missing = np.logical_or.reduce([np.isnan(columns[name]) for name in possible])
    rows = np.flatnonzero(missing)
    if len(rows):
        few = {name: values[rows] for name, values in columns.items()}
        gaps = {name: np.isnan(few[name]) for name in possible}
        empty = [name for name, gap in gaps.items() if gap.any()]
        answers = [
            rule(
                few | {name: np.where(gaps[name], value, few[name]) for name, value in zip(empty, choice, strict=True)}
            )
            for choice in product(*(possible[name] for name in empty))
        ]
        answer[rows] = answers[0]
        decided[rows] = np.logical_and.reduce([each == answers[0] for each in answers])
    return answer, decided
