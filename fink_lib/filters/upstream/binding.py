"""Columns of alerts as the arguments of Fink's filters; which column each is stands in a file a survey beside this.

They are what Spark hands to them there: pandas series with the index 0 to n-1, histories as arrays with the current
point last and NaN for null, and Fink's own words where a module or service has nothing to say.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from fink_lib.errors import ConfigError
from fink_lib.filters.columns import as_array
from fink_lib.science.framework.base import NO_MATCH


@dataclass(frozen=True)
class Argument:
    """One argument.

    Attributes
    ----------
    paths
        Columns that it is made of; those that are not there are null.
    build
        (Table with these columns, paths) → what the filter is given.
    """

    paths: tuple[str, ...]
    build: Callable[[pa.Table, tuple[str, ...]], Any]


class Binding(Protocol):
    """What the file of a survey, ``fink_lib/filters/upstream/<survey>.py``, holds."""

    FOLDER: str
    ARGUMENTS: Mapping[str, Argument]


def survey_binding(survey: str) -> Binding:
    """Return what is known of Fink's filters of a survey.

    Raises
    ------
    ConfigError
        When the survey has no file.
    """
    name = f"{__package__}.{survey}"
    if find_spec(name) is None:
        raise ConfigError(f"nothing is known of Fink's filters of {survey}: it has no file fink_lib/filters/upstream")
    return cast("Binding", import_module(name))


def arguments(names: tuple[str, ...], table: pa.Table, survey: str) -> dict[str, Any]:
    """Return the arguments of these names for the alerts of a table.

    Parameters
    ----------
    names
        Names of a filter's arguments.
    table
        Rows of silver; columns that are not there are null.
    survey
        Its name.

    Returns
    -------
    Name → what the filter is given, one value an alert.

    Raises
    ------
    ConfigError
        When nothing is known of a name.
    """
    known = survey_binding(survey).ARGUMENTS
    strangers = [name for name in names if name not in known]
    if strangers:
        raise ConfigError(
            f"no column for the argument '{strangers[0]}': add it to fink_lib/filters/upstream/{survey}.py"
        )
    return {name: known[name].build(table, known[name].paths) for name in names}


def paths_of(names: tuple[str, ...], survey: str) -> tuple[str, ...]:
    """Return the columns that some arguments are made of.

    Parameters
    ----------
    names
        Names of arguments; unknown ones are passed over.
    survey
        Its name.

    Returns
    -------
    Dotted paths in silver, each once, sorted.
    """
    known = survey_binding(survey).ARGUMENTS
    return tuple(sorted({path for name in names if name in known for path in known[name].paths}))


def _values(table: pa.Table, path: str) -> list[Any]:
    return table[path].to_pylist() if path in table.column_names else [None] * table.num_rows


def _series(table: pa.Table, paths: tuple[str, ...], null: Any) -> Any:
    values = _values(table, paths[0])
    return pd.Series([null if value is None else value for value in values], dtype=None if values else object)


def _text(table: pa.Table, paths: tuple[str, ...], null: Any) -> Any:
    return _series(table, paths, null).astype(object)


def history(table: pa.Table, paths: tuple[str, ...]) -> Any:
    """Return histories of which the last point is the current one.

    Parameters
    ----------
    table
        Rows of silver, one an alert.
    paths
        Column of the earlier points, then that of the current one.

    Returns
    -------
    Series of arrays, one an alert: float, NaN for null, or objects where any value is a text.
    """
    past, now = (_values(table, path) for path in paths)
    joined = [[*(old or ()), new] for old, new in zip(past, now, strict=True)]
    if any(isinstance(value, str) for row in joined for value in row):
        return pd.Series([np.array(row, dtype=object) for row in joined])
    return pd.Series([np.array(row, dtype=np.float64) for row in joined])


def stamps(table: pa.Table, paths: tuple[str, ...]) -> Any:
    """Return stamps as the one column of a frame.

    Parameters
    ----------
    table
        Rows of silver with stamps, one an alert.
    paths
        The column of the stamps.
    """
    return pd.DataFrame({"stampData": _values(table, paths[0])})


def record(table: pa.Table, paths: tuple[str, ...]) -> Any:
    """Return a struct as a frame with a column for each field; a flag that is null is not set.

    Parameters
    ----------
    table
        Rows of silver, one an alert.
    paths
        Columns of the fields, each below the same root.

    Returns
    -------
    One row an alert; columns are named without the root, and one that is not there is NaN.
    """
    columns = {}
    for path in paths:
        values: Any = as_array(table[path]) if path in table.column_names else np.full(table.num_rows, np.nan)
        flag = isinstance(values, pd.arrays.BooleanArray)
        columns[path.partition(".")[2]] = values.to_numpy(dtype=bool, na_value=False) if flag else values
    return pd.DataFrame(columns)


def records(table: pa.Table, paths: tuple[str, ...]) -> Any:
    """Return arrays of structs as lists of mappings.

    Parameters
    ----------
    table
        Rows of silver, one an alert.
    paths
        Columns of the fields, each below the same root.

    Returns
    -------
    Series with one value an alert, which is None where all the columns are null.
    """
    fields = [path.partition(".")[2] for path in paths]
    columns = [_values(table, path) for path in paths]
    found = pd.Series([None] * table.num_rows, dtype=object)
    found[:] = [_mappings(fields, row) for row in zip(*columns, strict=True)]
    return found


def _mappings(fields: list[str], row: tuple[list[Any] | None, ...]) -> list[dict[str, Any]] | None:
    size = next((len(values) for values in row if values is not None), None)
    if size is None:
        return None
    items = zip(*(values if values is not None else [None] * size for values in row), strict=True)
    return [dict(zip(fields, item, strict=True)) for item in items]


def first_seen(table: pa.Table, paths: tuple[str, ...]) -> Any:
    """Return the time of the first detection of each alert.

    Parameters
    ----------
    table
        Rows of silver, one an alert.
    paths
        Column of the times of earlier points, then that of the current one.

    Returns
    -------
    Series in the unit of the columns.
    """
    past, now = (_values(table, path) for path in paths)
    return pd.Series([min([*(old or ()), new]) for old, new in zip(past, now, strict=True)])


def name_or_none(table: pa.Table, paths: tuple[str, ...]) -> Any:
    """Return names, None for a place without one.

    Parameters
    ----------
    table
        Rows of silver, one an alert.
    paths
        The column of the names.
    """
    found = pd.Series([None] * table.num_rows, dtype=object)
    found[:] = [None if name == NO_MATCH else name for name in _values(table, paths[0])]
    return found


def number(path: str, null: Any = np.nan) -> Argument:
    """Return the argument that one numeric column is.

    Parameters
    ----------
    path
        The column.
    null
        What the filter is given in place of null.
    """
    return Argument((path,), partial(_series, null=null))


def word(path: str, null: Any) -> Argument:
    """Return the argument that one column of texts or objects is.

    Parameters
    ----------
    path
        The column.
    null
        What the filter is given in place of null.
    """
    return Argument((path,), partial(_text, null=null))
