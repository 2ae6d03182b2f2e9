"""Alerts made by hand, typed as silver types them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from fink_lib.filters.base import Batch, Filter
from fink_lib.filters.columns import as_array
from fink_lib.filters.evaluate import Told, explain
from fink_lib.filters.facts import columns_of

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Absent:
    """Optional columns that silver does not have.

    Attributes
    ----------
    columns
        Which.
    change
        Of the alert, besides.
    fails
        Clauses that keep the alert back then; none where it is selected still.
    """

    columns: Sequence[str]
    change: Row
    fails: Sequence[str] = ()


@dataclass(frozen=True)
class Case:
    """A filter's truth table.

    Attributes
    ----------
    passes
        An alert that it selects: every column that it reads.
    fails
        Clause → changes of that alert, each of which makes this clause fail and no other.
    also
        Changes after which it still selects the alert.
    absent
        What becomes of the alert where a service was never asked; one entry or more for each optional column.
    """

    passes: Row
    fails: Mapping[str, Sequence[Row]]
    also: Sequence[Row] = ()
    absent: Sequence[Absent] = ()


def batch_of_rows(survey: str, paths: Iterable[str], rows: Sequence[Row]) -> Batch:
    """Return rows as a batch; a column that a row does not name is an error, unless it is named as None."""
    types = columns_of(survey)
    return {path: as_array(pa.array([row[path] for row in rows], types[path].type)) for path in paths}


def verdict(chosen: Filter, row: Row) -> dict[str, bool]:
    """Ask a filter about one alert: each clause's answer; whatever raises is raised."""
    here = [path for path in chosen.optional if path in row]
    told = explain(chosen, batch_of_rows(chosen.survey, (*chosen.inputs, *here), [row]), 1)
    return {name: _answer(one) for name, one in told.items()}


def _answer(told: Told) -> bool:
    assert not told.errors, told.errors
    return bool(told.flags[0])
