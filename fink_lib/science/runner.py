"""Run science modules over a batch: each once, and a module that raises costs only the guilty alerts."""

import functools
import logging
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.errors import ConfigError, FinkError
from fink_lib.science.base import FAILED, NOT_RUN, Findings, Module, Output, Values
from fink_lib.science.batch import AlertBatch

logger = logging.getLogger(__name__)

Ints = npt.NDArray[np.int64]
Reasons = dict[int, str]

MAX_REASON_CHARS = 300


@dataclass(frozen=True)
class Outcome:
    """What the modules found.

    Attributes
    ----------
    columns
        One array for each declared output, one value an alert.
    errors
        Module name → alert row → why it has no result there.
    seconds
        Module name → wall-clock seconds that it computed; loading its catalogues and models is not in them.
    """

    columns: Mapping[str, pa.Array]
    errors: Mapping[str, Reasons]
    seconds: Mapping[str, float] = field(default_factory=dict)

    def error_maps(self, count: int) -> pa.MapArray:
        """Return the errors as one map (module → reason) an alert; empty where all went well."""
        entries = sorted((row, name, why) for name, reasons in self.errors.items() for row, why in reasons.items())
        rows = np.fromiter((row for row, _, _ in entries), dtype=np.int64, count=len(entries))
        offsets = np.searchsorted(rows, np.arange(count + 1)).astype(np.int32)
        keys = pa.array([name for _, name, _ in entries], type=pa.string())
        return pa.MapArray.from_arrays(
            pa.array(offsets), keys, pa.array([why for *_, why in entries], type=pa.string())
        )


@dataclass(frozen=True)
class Resource:
    """What a module loaded, or why it could not."""

    value: Any = None
    problem: str | None = None


@functools.cache
def resource_of(load: Callable[[Path], Any] | None, cache: str) -> Resource:
    """Load a module's catalogues and models, once a process."""
    if load is None:
        return Resource()
    try:
        return Resource(load(Path(cache)))
    except ConfigError as problem:
        logger.warning("science resource not loaded reason=%s", problem)
        return Resource(problem=f"{NOT_RUN}not loaded")  # nobody gave it: the log says so, the word stands in every row
    except Exception as problem:  # noqa: BLE001 - a damaged file may raise anything, and must not end the batch
        why = str(problem) if isinstance(problem, FinkError) else f"{type(problem).__name__}: {problem}"
        logger.warning("science resource not loaded reason=%s", why)
        return Resource(problem=f"{NOT_RUN}not loaded: {why}"[:MAX_REASON_CHARS])


def run(modules: Sequence[Module], batch: AlertBatch, cache: Path) -> Outcome:
    """Run modules, each after those that it needs, over a batch.

    Parameters
    ----------
    modules
        In an order in which each stands after those whose outputs it needs (the registry's order).
    batch
        Alerts.
    cache
        Folder that modules load their catalogues and models from.
    """
    columns: dict[str, pa.Array] = {}
    errors: dict[str, Reasons] = {}
    seconds: dict[str, float] = {}
    for module in modules:
        outside = {name: batch.results[name] for name in module.optional if name in batch.results}
        earlier = {name: columns[name] for name in module.optional if name in columns}
        given = replace(batch, results=outside | earlier | {name: columns[name] for name in module.needs})
        resource = resource_of(module.load, str(cache))
        begin = time.perf_counter()
        if resource.problem is not None or not len(batch):
            found, reasons = _nothing(module, len(batch)), dict.fromkeys(range(len(batch)), resource.problem or "")
        else:
            found, reasons = _bisect(module, given, resource.value)
        seconds[module.name] = time.perf_counter() - begin
        columns |= found
        if reasons:
            errors[module.name] = reasons
    return Outcome(columns, errors, seconds)


def versions(modules: Sequence[Module], cache: Path) -> dict[str, str]:
    """Return the version of each module, and of each catalogue and model that it uses."""
    facts: dict[str, str] = {}
    for module in modules:
        facts[module.name] = module.version
        resource = resource_of(module.load, str(cache))
        if module.provenance is not None and resource.problem is None:
            facts |= module.provenance(resource.value)
    return facts


def _bisect(module: Module, batch: AlertBatch, resource: Any) -> tuple[dict[str, pa.Array], Reasons]:
    """Compute a batch; where that raises, compute its halves, down to the alerts that raise alone."""
    try:
        return _compute(module, batch, resource)
    except Exception as problem:  # noqa: BLE001 - whatever a module raises, only its own alert may suffer
        if len(batch) == 1:
            why = f"{FAILED}{type(problem).__name__}: {problem}"[:MAX_REASON_CHARS]
            return _nothing(module, 1), {0: why}
    middle = len(batch) // 2
    left, left_reasons = _bisect(module, batch.take(np.arange(middle)), resource)
    right, right_reasons = _bisect(module, batch.take(np.arange(middle, len(batch))), resource)
    found = {name: pa.concat_arrays([left[name], right[name]]) for name in left}
    return found, left_reasons | {row + middle: why for row, why in right_reasons.items()}


def _compute(module: Module, batch: AlertBatch, resource: Any) -> tuple[dict[str, pa.Array], Reasons]:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        findings = module.compute(batch, resource)
    if not isinstance(findings, Findings):
        findings = Findings(findings)
    idle = np.zeros(len(batch), dtype=bool)
    reasons: Reasons = {}
    for flags, why in findings.not_run:
        reasons |= dict.fromkeys(np.flatnonzero(flags & ~idle).tolist(), f"{NOT_RUN}{why}")
        idle |= flags
    columns = {out.name: to_arrow(findings.columns[out.name], out, len(batch), idle) for out in module.outputs}
    return columns, reasons


def _nothing(module: Module, count: int) -> dict[str, pa.Array]:
    return {out.name: pa.nulls(count, out.type) for out in module.outputs}


def to_arrow(values: Values, output: Output, count: int, idle: npt.NDArray[np.bool_]) -> pa.Array:
    """Return a module's values as the declared type: NaN becomes null, and so does an idle alert.

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
    if idle.any():
        array = pc.if_else(pa.array(idle), pa.nulls(count, output.type), array)
    return array


def _leaf(values: Any, kind: pa.DataType) -> pa.Array:
    if isinstance(values, pa.Array):
        return values.cast(kind)
    return pa.array(values, type=kind, from_pandas=True)
