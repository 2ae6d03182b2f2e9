"""Clauses of one comparison; a missing value meets none of them."""

from collections.abc import Container, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from fink_lib.filters.base import Batch, Clause, flags_of


def above(column: str, limit: float) -> Clause:
    """Return the clause ``column > limit``.

    Parameters
    ----------
    column
        Column of silver, a number.
    limit
        In the unit of the column.
    """
    return Clause(f"{column} > {limit:g}", (column,), lambda batch: batch[column] > limit)


def at_least(column: str, limit: float) -> Clause:
    """Return the clause ``column >= limit``.

    Parameters
    ----------
    column
        Column of silver, a number.
    limit
        In the unit of the column.
    """
    return Clause(f"{column} >= {limit:g}", (column,), lambda batch: batch[column] >= limit)


def below(column: str, limit: float) -> Clause:
    """Return the clause ``column < limit``.

    Parameters
    ----------
    column
        Column of silver, a number.
    limit
        In the unit of the column.
    """
    return Clause(f"{column} < {limit:g}", (column,), lambda batch: batch[column] < limit)


def at_most(column: str, limit: float) -> Clause:
    """Return the clause ``column <= limit``.

    Parameters
    ----------
    column
        Column of silver, a number.
    limit
        In the unit of the column.
    """
    return Clause(f"{column} <= {limit:g}", (column,), lambda batch: batch[column] <= limit)


def equals(column: str, value: float) -> Clause:
    """Return the clause ``column = value`` for a number.

    Parameters
    ----------
    column
        Column of silver, a number.
    value
        In the unit of the column.
    """
    return Clause(f"{column} = {value:g}", (column,), lambda batch: batch[column] == value)


def differs(column: str, *values: float) -> Clause:
    """Return the clause that a number is there and is none of some others."""
    words = ", ".join(f"{value:g}" for value in values)
    return Clause(f"{column} is not {words}", (column,), partial(_differs, column=column, values=values))


def one_of(name: str, column: str, words: Iterable[str]) -> Clause:
    """Return the clause that a text is one of some words.

    Parameters
    ----------
    name
        The condition in a few words.
    column
        Column of silver, a text.
    words
        Texts that are wanted, in the same case.
    """
    return Clause(name, (column,), partial(_one_of, column=column, words=frozenset(words)))


def is_true(column: str, name: str = "") -> Clause:
    """Return the clause that a flag is set.

    Parameters
    ----------
    column
        Column of silver, a boolean.
    name
        The condition in a few words; the name of the column when empty.
    """
    return Clause(name or column, (column,), lambda batch: batch[column])


def is_false(column: str, name: str = "") -> Clause:
    """Return the clause that a flag is there and is not set.

    Parameters
    ----------
    column
        Column of silver, a boolean.
    name
        The condition in a few words; ``not`` and the name of the column when empty.
    """
    return Clause(name or f"not {column}", (column,), lambda batch: ~batch[column])


def any_of(name: str, *clauses: Clause) -> Clause:
    """Return the clause that at least one of several holds."""
    return Clause(
        name,
        tuple(dict.fromkeys(path for clause in clauses for path in clause.inputs)),
        partial(_any, clauses=clauses),
        tuple(dict.fromkeys(path for clause in clauses for path in clause.optional)),
        per_alert=any(clause.per_alert for clause in clauses),
    )


def among(values: Any, words: Container[object]) -> Any:
    """Return where texts are among some words; a null is not.

    Parameters
    ----------
    values
        Texts, one an alert.
    words
        Texts that are wanted, in the same case.

    Returns
    -------
    Booleans, shape (alerts,).
    """
    return np.array([value in words for value in values], dtype=bool)


def _differs(batch: Batch, column: str, values: tuple[float, ...]) -> Any:
    found = batch[column]
    return ~np.isnan(found) & ~np.isin(found, values)


def _one_of(batch: Batch, column: str, words: frozenset[str]) -> Any:
    return among(batch[column], words)


def _any(batch: Batch, clauses: Sequence[Clause]) -> Any:
    size = len(next(iter(batch.values())))
    return np.logical_or.reduce([flags_of(clause, batch, size) for clause in clauses])
