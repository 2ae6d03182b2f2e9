"""The filter contract: a name, and the clauses that an alert must meet, each a function from a batch to booleans.

A filter is the "and" of its clauses. Each has a name, so that "why was this alert not selected?" always has an
answer, and each declares the columns that it reads, so that a rule that many filters share is written once.
"""

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
ANY_SURVEY = ""
_NAME = re.compile(r"[a-z][a-z0-9_]{2,63}")


# Of filters that fire on what is said; no other one is called so
REACTION_PREFIX = "said_"


def topic_of(name: str, survey: str) -> str:
    """Return the topic that the alerts of a filter leave by.

    Parameters
    ----------
    name
        Name of the filter.
    survey
        Its name.
    """
    return f"{TOPIC_PREFIX}{name}_{survey}"


@dataclass(frozen=True)
class Clause:
    """One condition of a filter.

    Attributes
    ----------
    name
        The condition in a few words, thresholds included; unique within a filter.
    inputs
        Columns of silver that it reads, as dotted paths (``candidate.magpsf``, ``prv_candidates.jd``), or canonical
        inputs in braces (``{time}``, see `fink_lib.filters.canonical`); nothing else is given to it.
    holds
        Batch → boolean array of the same length. A null answer counts as no. It sees one batch of any size and
        must treat each alert by itself.
    optional
        Columns that it reads where silver has them; elsewhere they are an object array of None.
    per_alert
        True where it loops over alerts in Python: it is then asked only about those that meet all other clauses.
    """

    name: str
    inputs: tuple[str, ...]
    holds: Select
    optional: tuple[str, ...] = ()
    per_alert: bool = False

    def __post_init__(self) -> None:
        """Refuse a clause that cannot be told from others, or that reads nothing.

        Raises
        ------
        ConfigError
            Naming what it lacks.
        """
        if not self.name:
            raise ConfigError(f"a clause over {self.inputs} has no name: say the condition in a few words")
        if not self.inputs and not self.optional:
            raise ConfigError(f"clause '{self.name}' declares no inputs")


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
        Name of the survey whose alerts it reads; `ANY_SURVEY` until it is loaded for one.
    clauses
        Conditions; an alert is selected where all of them hold.
    description
        One sentence for a subscriber.
    example
        One sentence: what somebody does with its alerts.
    owner
        Team that answers for it.
    reference
        Paper, method or practice that it follows.
    best
        Columns of silver that rank its alerts in the night's report, smallest first, ``-`` before a name for
        largest first; the real-bogus score where nothing is named.
    restricted
        Whether only users with a grant may read its topic; `FINK_RESTRICTED_TOPICS` restricts further ones.
    """

    name: str
    version: str
    survey: str
    clauses: tuple[Clause, ...]
    description: str
    example: str
    owner: str
    reference: str
    best: tuple[str, ...] = ()
    restricted: bool = False

    def __post_init__(self) -> None:
        """Refuse a filter that could not be run or explained.

        Raises
        ------
        ConfigError
            Naming the filter and what it lacks.
        """
        if not _NAME.fullmatch(self.name):
            raise ConfigError(f"filter name '{self.name}' is not usable: 3-64 of a-z, 0-9, _ and a letter first")
        for part in ("version", "clauses", "description", "example", "owner", "reference"):
            if not getattr(self, part):
                raise ConfigError(f"filter '{self.name}' declares no {part}")
        names = [clause.name for clause in self.clauses]
        if len(set(names)) < len(names):
            raise ConfigError(f"filter '{self.name}' has two clauses of one name: {', '.join(sorted(names))}")

    @property
    def topic(self) -> str:
        """Topic that its alerts leave by."""
        return topic_of(self.name, self.survey)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns without which it cannot run, each once, sorted."""
        return tuple(sorted({path for clause in self.clauses for path in clause.inputs}))

    @property
    def optional(self) -> tuple[str, ...]:
        """Further columns that it reads where they are there, each once, sorted."""
        return tuple(sorted({path for clause in self.clauses for path in clause.optional} - set(self.inputs)))


def flags_of(clause: Clause, batch: Batch, size: int) -> NDArray[np.bool_]:
    """Ask one clause about a batch; make sure that it answered one yes or no for each alert.

    Parameters
    ----------
    clause
        The clause.
    batch
        All that it declares, optional columns included; a missing one is a KeyError.
    size
        Number of alerts.

    Returns
    -------
    Shape (size,).

    Raises
    ------
    TypeError, ValueError
        When the answer is not a boolean array, or not of the batch's length.
    Exception
        Whatever the clause raises.
    """
    raw = clause.holds({name: batch[name] for name in (*clause.inputs, *clause.optional)})
    if hasattr(raw, "to_numpy"):  # a pandas array: its nulls count as no
        raw = raw.to_numpy(dtype=object, na_value=False)
        raw = raw.astype(bool) if all(isinstance(value, bool | np.bool_) for value in raw) else raw
    flags = np.asarray(raw)
    if flags.dtype != np.bool_:
        raise TypeError(f"clause '{clause.name}' answered {flags.dtype}, not booleans")
    if flags.shape != (size,):
        raise ValueError(f"clause '{clause.name}' answered shape {flags.shape} for {size} alerts")
    return flags
