"""The filter contract: a name, its inputs, and a function from a batch of alerts to a boolean array."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fink_lib.errors import ConfigError

Batch: TypeAlias = Mapping[str, Any]
"""Declared input → one array, all of one length.

The kind of an array depends on the column's type only, never on the values that share the batch:

===================  ============================================================
column               array
===================  ============================================================
float, double        numpy float; null is NaN, so a plain comparison is False
tinyint to int       numpy float64 (exact); null is NaN
bigint               pandas ``Int64`` (exact above 2^53); null is ``pd.NA``
boolean              pandas ``boolean``; null is ``pd.NA``
string, date, time   numpy object; null is None
array of numbers     numpy object of float arrays, NaN inside; null is None
any other array      numpy object of lists; null is None
===================  ============================================================
"""

Select: TypeAlias = Callable[[Batch], Any]

TOPIC_PREFIX = "fink_"
_NAME = re.compile(r"[a-z][a-z0-9_]{2,63}")


@dataclass(frozen=True)
class Filter:
    """One filter: what is sent on one topic.

    Attributes
    ----------
    name
        Lower case with underscores; part of the topic.
    version
        Raise it when the selection changes; every message sent carries it.
    survey
        Name of the survey whose alerts it reads.
    inputs
        Columns of silver, as dotted paths (``candidate.magpsf``, ``prv_candidates.jd``); nothing else is
        read, nothing else is given to ``select``.
    description
        One sentence for a subscriber.
    owner
        Team that answers for it.
    reference
        Paper, method or practice that it follows.
    select
        Batch → boolean array of the same length. A null answer counts as no. It sees one batch of any
        size and must treat each alert by itself.
    best
        Columns of silver that rank its alerts in the night's report, smallest first, ``-`` before a name for
        largest first; the real-bogus score where nothing is named.
    """

    name: str
    version: str
    survey: str
    inputs: tuple[str, ...]
    description: str
    owner: str
    reference: str
    select: Select
    best: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a filter that could not be run or explained.

        Raises
        ------
        ConfigError
            Naming the filter and what it lacks.
        """
        if not _NAME.fullmatch(self.name):
            raise ConfigError(f"filter name '{self.name}' is not usable: 3-64 of a-z, 0-9, _ and a letter first")
        for part in ("version", "survey", "inputs", "description", "owner", "reference"):
            if not getattr(self, part):
                raise ConfigError(f"filter '{self.name}' declares no {part}")

    @property
    def topic(self) -> str:
        """Topic that its alerts leave by."""
        return f"{TOPIC_PREFIX}{self.name}_{self.survey}"


def answer(chosen: Filter, batch: Batch, size: int) -> NDArray[np.bool_]:
    """Run one filter; make sure that it answered one yes or no for each alert.

    Raises
    ------
    TypeError, ValueError
        When the answer is not a boolean array, or not of the batch's length.
    Exception
        Whatever the filter raises.
    """
    raw = chosen.select({name: batch[name] for name in chosen.inputs})
    if hasattr(raw, "to_numpy"):  # a pandas array: its nulls count as no
        raw = raw.to_numpy(dtype=object, na_value=False)
        raw = raw.astype(bool) if all(isinstance(value, bool | np.bool_) for value in raw) else raw
    verdict = np.asarray(raw)
    if verdict.dtype != np.bool_:
        raise TypeError(f"filter '{chosen.name}' answered {verdict.dtype}, not booleans")
    if verdict.shape != (size,):
        raise ValueError(f"filter '{chosen.name}' answered shape {verdict.shape} for {size} alerts")
    return verdict
