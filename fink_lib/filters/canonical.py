"""Filters over canonical inputs, bound to the packets of one survey.

A clause of such a filter names its inputs in braces, ``{first_time}``, and is given them under these names, as a
science module is: NaN where the packet has no value, infinity for a neighbour of which it says that none is there.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from fink_lib.errors import ConfigError
from fink_lib.filters.base import Batch, Clause, Filter
from fink_lib.surveys.inputs import Reading, SurveyInputs
from fink_lib.surveys.missing import known_scalar, sign_of

READINGS = (Reading.NUMBER, Reading.SIGNED, Reading.SIGN)


def is_canonical(path: str) -> bool:
    """Tell whether a declared input is a canonical one."""
    return path.startswith("{") and path.endswith("}")


def names_of(one: Filter) -> tuple[str, ...]:
    """Return the canonical inputs that a filter reads."""
    return tuple(path[1:-1] for path in one.inputs if is_canonical(path))


def feeds(inputs: SurveyInputs, one: Filter) -> bool:
    """Tell whether a survey's packets carry all canonical inputs of a filter.

    Parameters
    ----------
    inputs
        What the survey's packets carry.
    one
        The filter; one without canonical inputs is fed by every survey.
    """
    return all(name in inputs.scalars and inputs.carries(name) for name in names_of(one))


def bound(one: Filter, survey: str, inputs: SurveyInputs) -> Filter:
    """Return a filter as it reads the packets of a survey.

    Parameters
    ----------
    one
        The filter; its clauses without canonical inputs stay as they are.
    survey
        Its name.
    inputs
        What the survey's packets carry; `feeds` is to be true.

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
    return replace(clause, inputs=paths, holds=partial(_asked, clause=clause, names=canonical, inputs=inputs))


def _asked(batch: Batch, clause: Clause, names: Sequence[str], inputs: SurveyInputs) -> Any:
    read = {}
    for name in names:
        path, kind = inputs.scalars[name]
        values = batch[path]
        read[name] = _sign(values) if kind is Reading.SIGN else known_scalar(np.asarray(values, float), name, inputs)
    return clause.holds({**batch, **read})


def _sign(values: Any) -> Any:
    return np.array([np.nan if pd.isna(value) else sign_of(str(value)) for value in values])
