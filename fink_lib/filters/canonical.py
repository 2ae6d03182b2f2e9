"""Filters over canonical inputs, bound to the packets of one survey.

A clause of such a filter names its inputs in braces, ``{first_time}``, and is given them under these names. Numbers
are what the packet says, a sign is 1 for a positive and 0 for a negative subtraction, NaN where the packet has none.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from fink_lib.errors import ConfigError
from fink_lib.filters.base import Batch, Clause, Filter
from fink_lib.surveys.inputs import POSITIVE, Reading, SurveyInputs

READINGS = (Reading.NUMBER, Reading.SIGN)


def is_canonical(path: str) -> bool:
    """Tell whether a declared input is a canonical one."""
    return path.startswith("{") and path.endswith("}")


def names_of(one: Filter) -> tuple[str, ...]:
    """Return the canonical inputs that a filter reads."""
    return tuple(path[1:-1] for path in one.inputs if is_canonical(path))


def feeds(inputs: SurveyInputs, one: Filter) -> bool:
    """Tell whether a survey's packets carry all canonical inputs of a filter."""
    return all(name in inputs.scalars and inputs.carries(name) for name in names_of(one))


def bound(one: Filter, survey: str, inputs: SurveyInputs) -> Filter:
    """Return a filter as it reads the packets of a survey.

    Raises
    ------
    ConfigError
        When it reads an input in a way that filters have no array for.
    """
    for name in names_of(one):
        if inputs.scalars[name][1] not in READINGS:
            raise ConfigError(f"filter '{one.name}' reads '{name}', which is neither a number nor a sign")
    return replace(one, survey=survey, clauses=tuple(_bound(clause, inputs) for clause in one.clauses))


def _bound(clause: Clause, inputs: SurveyInputs) -> Clause:
    canonical = [path[1:-1] for path in clause.inputs if is_canonical(path)]
    if not canonical:
        return clause
    fields = {name: inputs.scalars[name] for name in canonical}
    paths = tuple(fields[path[1:-1]][0] if is_canonical(path) else path for path in clause.inputs)
    return replace(clause, inputs=paths, holds=partial(_asked, clause=clause, fields=fields))


def _asked(batch: Batch, clause: Clause, fields: Mapping[str, tuple[str, Reading]]) -> Any:
    read = {name: _sign(batch[path]) if kind is Reading.SIGN else batch[path] for name, (path, kind) in fields.items()}
    return clause.holds({**batch, **read})


def _sign(values: Any) -> Any:
    return np.array([np.nan if pd.isna(value) else float(str(value).lower() in POSITIVE) for value in values])
