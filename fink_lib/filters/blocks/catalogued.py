"""A counterpart in a catalogue, whatever it is."""

from functools import partial
from typing import Any

import numpy as np

from fink_lib.filters.base import Batch, Clause
from fink_lib.science.framework.base import NO_MATCH

NOTHING = (None, "", NO_MATCH)


def has_counterpart(column: str, name: str) -> Clause:
    """Return the clause that a column names something; null, empty and 'Unknown' name nothing.

    Parameters
    ----------
    column
        Column of silver with one text an alert.
    name
        The condition in a few words.
    """
    return Clause(name, (column,), partial(_names_something, column=column))


def _names_something(batch: Batch, column: str) -> Any:
    return np.array([word not in NOTHING for word in batch[column]], dtype=bool)
