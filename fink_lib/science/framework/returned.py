"""What a module returned, as the columns that it declares; what does not fit the declaration is refused."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.science.framework.base import FAILED, NOT_RUN, Module, ModuleResult, Output, Values

Flags = npt.NDArray[np.bool_]
Reasons = dict[int, str]


def columns_of(module: Module, returned: Any, count: int) -> tuple[dict[str, pa.Array], Reasons]:
    """Return a module's columns for a batch, and why some alerts have no result.

    An alert for which the module did not apply, or for which any of its numbers is infinite, is null in all of
    the module's columns.

    Parameters
    ----------
    module
        Which one; its outputs say what must be there.
    returned
        What its `compute` returned.
    count
        Alerts of the batch.

    Raises
    ------
    Exception
        Of whatever kind, when a column is missing, of another type, or not one value an alert.
    """
    findings = returned if isinstance(returned, ModuleResult) else ModuleResult(returned)
    idle, reasons = _idle(findings, count)
    lacking = [out.name for out in module.outputs if out.name not in findings.columns]
    if lacking:
        raise ValueError(f"no output '{lacking[0]}' was returned, there are {', '.join(findings.columns) or 'none'}")
    columns = {out.name: to_arrow(findings.columns[out.name], out, count, idle) for out in module.outputs}
    wrong: Flags = np.zeros(count, dtype=bool)
    for name, array in columns.items():
        found = infinite(array)
        if found is not None:
            reasons |= dict.fromkeys(np.flatnonzero(found & ~wrong).tolist(), f"{FAILED}'{name}' is infinite")
            wrong |= found
    if wrong.any():
        columns = {name: _null_where(wrong, array) for name, array in columns.items()}
    return columns, reasons


def nothing(module: Module, count: int) -> dict[str, pa.Array]:
    """Return a module's columns, null for each of `count` alerts.

    Parameters
    ----------
    module
        Its outputs name the columns and their types.
    count
        Number of alerts.
    """
    return {out.name: pa.nulls(count, out.type) for out in module.outputs}


def _idle(findings: ModuleResult, count: int) -> tuple[Flags, Reasons]:
    idle: Flags = np.zeros(count, dtype=bool)
    reasons: Reasons = {}
    for flags, why in findings.not_run:
        if np.shape(flags) != (count,):  # numpy would spread a single flag over all alerts
            raise ValueError(f"'{NOT_RUN}{why}' has flags of shape {np.shape(flags)} for {count} alerts")
        reasons |= dict.fromkeys(np.flatnonzero(flags & ~idle).tolist(), f"{NOT_RUN}{why}")
        idle |= flags
    return idle, reasons


def to_arrow(values: Values, output: Output, count: int, idle: Flags) -> pa.Array:
    """Return a module's values as the declared type: NaN becomes null, and so does an idle alert.

    Parameters
    ----------
    values
        One an alert; for a struct, field → values.
    output
        The declaration: name and type.
    count
        Number of alerts.
    idle
        Alerts for which the module did not apply; shape (count,).

    Raises
    ------
    ValueError
        When there is not exactly one value an alert.
    """
    if isinstance(values, Mapping):
        names = [output.type.field(i).name for i in range(output.type.num_fields)]
        leaves = [_leaf(values[name], output.type.field(name).type) for name in names]
        array = pa.StructArray.from_arrays(leaves, fields=[output.type.field(name) for name in names])
    else:
        array = _leaf(values, output.type)
    if len(array) != count:
        raise ValueError(f"output '{output.name}' has {len(array)} values for {count} alerts")
    return _null_where(idle, array) if idle.any() else array


def infinite(array: pa.Array) -> Flags | None:
    """Tell which values are infinite, or hold a number that is; None where no value is."""
    if pa.types.is_floating(array.type):
        found = pc.is_inf(array)
        return pc.fill_null(found, False).to_numpy(zero_copy_only=False) if pc.any(found).as_py() else None
    if pa.types.is_struct(array.type):
        flags = [each for each in map(infinite, array.flatten()) if each is not None]
        return np.logical_or.reduce(flags) if flags else None
    if pa.types.is_list(array.type):
        inner = infinite(array.flatten())
        if inner is not None:
            owners = pc.list_parent_indices(array).to_numpy(zero_copy_only=False)
            return np.bincount(owners[inner], minlength=len(array)).astype(bool)
    return None


def _null_where(flags: Flags, array: pa.Array) -> pa.Array:
    return pc.if_else(pa.array(flags), pa.nulls(len(array), array.type), array)


def _leaf(values: Any, kind: pa.DataType) -> pa.Array:
    if isinstance(values, pa.Array):
        return values.cast(kind)
    return pa.array(values, type=kind, from_pandas=True)
