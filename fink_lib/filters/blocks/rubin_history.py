"""Rubin: since when and how often the object was seen."""

from typing import Any

import numpy as np

from fink_lib.filters.base import Batch, Clause
from fink_lib.filters.conditions import above, at_least

NOW, BEFORE = "diaSource.midpointMjdTai", "prvDiaSources.midpointMjdTai"


def age_days(batch: Batch) -> Any:
    """Return the time since the first detection in the packet, in days; 0 for a source without a past."""
    pairs = zip(batch[NOW], batch[BEFORE], strict=True)
    return np.array([now - _earliest(past, now) for now, past in pairs], dtype=np.float64)


def younger_than(days: float) -> Clause:
    """Return the clause that the first detection of the packet is less than so many days old."""
    return Clause(f"first seen < {days:g} d ago", (NOW, BEFORE), lambda batch: age_days(batch) < days, per_alert=True)


def older_than(days: float) -> Clause:
    """Return the clause that the first detection of the packet is more than so many days old."""
    return Clause(f"first seen > {days:g} d ago", (NOW, BEFORE), lambda batch: age_days(batch) > days, per_alert=True)


def seen_more_than(times: int) -> Clause:
    """Return the clause that the object was detected more than so many times."""
    return above("diaObject.nDiaSources", times)


SEEN_TWICE = at_least("diaObject.nDiaSources", 2)


def _earliest(past: Any, now: float) -> float:
    return now if past is None else float(np.fmin.reduce([now, *past]))
