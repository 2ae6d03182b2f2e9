"""Values and files as SQL: everything that comes from outside passes through `literal`."""

import datetime as dt
import math
from collections.abc import Collection, Iterable

from fink_lib.storage import LakePath


def literal(value: str | float | dt.date) -> str:
    """Return a value as SQL.

    Raises
    ------
    ValueError
        When it is a number that is not finite.
    """
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, dt.date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        raise ValueError(f"{value} is no finite number")
    return f"{value!r}::DOUBLE"


def one_of(name: str, values: Iterable[str | int]) -> str:
    """Return the condition that a column has one of some values.

    Parameters
    ----------
    name
        The column, as SQL: it is not quoted here.
    values
        All texts or all numbers; where there is none, no row fulfils the condition.
    """
    listed = [literal(value) for value in values]
    if len(listed) == 1:
        return f"{name} = {listed[0]}"
    return f"{name} IN ({', '.join(listed)})" if listed else "false"


def quoted(name: str) -> str:
    """Return the name of a column as SQL."""
    return '"' + name.replace('"', '""') + '"'


def all_of(conditions: Iterable[str]) -> str:
    """Return the condition that all of some hold."""
    return " AND ".join(f"({one})" for one in conditions) or "true"


def parquet(files: Collection[LakePath], *, alike: bool = False) -> str:
    """Return the rows of some files, with the columns of all of them.

    Parameters
    ----------
    files
        At least one.
    alike
        All have the same columns: then only one of them is looked at before the question is planned.
    """
    listed = ", ".join(literal(str(path)) for path in files)
    by_name = "" if alike else "union_by_name = true, "
    return f"read_parquet([{listed}], {by_name}hive_partitioning = false)"
