"""All filters over one batch, in one pass; a filter that raises loses only the alerts it raised on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fink_lib.filters.base import Batch, Clause, Filter, flags_of

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Failure:
    """One alert that a filter could not judge: it counts as not selected, and is recorded.

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
        Every (filter, alert) that could not be judged: a clause raised, and no other one said no.
    """

    names: list[list[str]]
    failures: list[Failure]


@dataclass(frozen=True)
class Told:
    """What one clause said of a batch.

    Attributes
    ----------
    flags
        Where it holds; False where it raised.
    errors
        Row → type and text of what was raised.
    """

    flags: Flags
    errors: Mapping[int, str]


def evaluate(filters: Sequence[Filter], batch: Batch, size: int) -> Evaluation:
    """Evaluate every filter over a batch; a clause that several share is asked once.

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
    asked: dict[Clause, Told] = {}
    for chosen in filters:
        verdict, errors = _judge(chosen, batch, size, asked)
        failures += [Failure(chosen.name, row, error) for row, error in sorted(errors.items())]
        for row in np.flatnonzero(verdict):
            names[row].append(chosen.name)
    return Evaluation(names, failures)


def explain(chosen: Filter, batch: Batch, size: int) -> dict[str, Told]:
    """Ask every clause of one filter about every alert: why each was selected, or was not.

    Parameters
    ----------
    chosen
        The filter.
    batch
        At least the inputs that it declares.
    size
        Number of alerts.

    Returns
    -------
    Name of the clause → its answers; also clauses that come after one that said no are asked.
    """
    everyone = np.arange(size)
    return {clause.name: ask(clause, batch, everyone, size) for clause in chosen.clauses}


def ask(clause: Clause, batch: Batch, rows: NDArray[np.intp], size: int) -> Told:
    """Ask one clause about some alerts of a batch; the others count as no.

    Parameters
    ----------
    clause
        The clause; what it raises is noted, and is not raised here.
    batch
        At least its inputs; an optional column that is not there is None for each alert.
    rows
        Positions of the alerts in the batch.
    size
        Number of alerts in the batch.

    Returns
    -------
    Flags of shape (size,).
    """
    flags = np.zeros(size, dtype=np.bool_)
    errors: dict[int, str] = {}
    columns = {name: batch[name] for name in clause.inputs if name in batch}
    columns |= {name: batch.get(name, np.full(size, None, dtype=object)) for name in clause.optional}
    _ask(clause, columns, rows, flags, errors)
    return Told(flags, errors)


def _judge(chosen: Filter, batch: Batch, size: int, asked: dict[Clause, Told]) -> tuple[Flags, dict[int, str]]:
    """Return which alerts a filter selects, and those it cannot judge."""
    possible = np.ones(size, dtype=np.bool_)  # no clause has said no so far
    errors: dict[int, str] = {}
    for clause in _cheap_first(chosen.clauses):
        if clause.per_alert:
            told = ask(clause, batch, np.flatnonzero(possible), size)
        else:
            told = (
                asked[clause]
                if clause in asked
                else asked.setdefault(clause, ask(clause, batch, np.arange(size), size))
            )
        possible &= told.flags | _marked(told.errors, size)
        errors = {**told.errors, **errors}
    errors = {row: error for row, error in errors.items() if possible[row]}
    return possible & ~_marked(errors, size), errors


def _cheap_first(clauses: Sequence[Clause]) -> list[Clause]:
    return sorted(clauses, key=lambda clause: clause.per_alert)


def _marked(rows: Iterable[int], size: int) -> Flags:
    marks = np.zeros(size, dtype=np.bool_)
    marks[list(rows)] = True
    return marks


def _ask(clause: Clause, columns: Batch, rows: NDArray[np.intp], flags: Flags, errors: dict[int, str]) -> None:
    """Ask about some alerts; where the clause raises, halve until the guilty ones stand alone.

    Every innocent alert so gets the answer that it would get in any other batch.
    """
    if not len(rows):
        return
    try:
        flags[rows] = flags_of(clause, {name: column[rows] for name, column in columns.items()}, len(rows))
    except Exception as error:  # noqa: BLE001  a filter is a plug-in: whatever it raises must not stop the others
        if len(rows) == 1:
            errors[int(rows[0])] = f"{type(error).__name__}: {error}"
            return
        middle = len(rows) // 2
        _ask(clause, columns, rows[:middle], flags, errors)
        _ask(clause, columns, rows[middle:], flags, errors)
