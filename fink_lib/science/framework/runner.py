"""Run science modules over a batch: each once, and a module that raises costs only the guilty alerts."""

import functools
import logging
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from fink_lib.errors import ConfigError, FinkError
from fink_lib.science.framework.base import FAILED, NOT_RUN, Module
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.returned import Reasons, columns_of, nothing

logger = logging.getLogger(__name__)

MAX_REASON_CHARS = 300
# A signal's handler raises them, to end the process that the science runs in.
ENDINGS: tuple[type[BaseException], ...] = (KeyboardInterrupt, SystemExit)


class Step(IntEnum):
    """What is done with a module."""

    LOAD = 0
    COMPUTE = 1


Watch: TypeAlias = Callable[[Module, Step], None]


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
    """Load a module's catalogues and models, once a process.

    Parameters
    ----------
    load
        The module's own loader; without one there is nothing to load and no problem.
    cache
        The settings' cache folder.

    Returns
    -------
    Resource
        What was loaded, or the words that each alert is told in its place. Nothing that a loader raises is raised on,
        except what ends the process.
    """
    if load is None:
        return Resource()
    try:
        return Resource(load(Path(cache)))
    except ConfigError as problem:
        logger.warning("science resource not loaded reason=%s", problem)
        return Resource(problem=f"{NOT_RUN}not loaded")  # nobody gave it: the log says so, the word stands in every row
    except ENDINGS:
        raise
    except BaseException as problem:  # noqa: BLE001 - a damaged file may raise anything, and must not end the batch
        why = str(problem) if isinstance(problem, FinkError) else sentence(problem)
        logger.warning("science resource not loaded reason=%s", why)
        return Resource(problem=f"{NOT_RUN}not loaded: {why}"[:MAX_REASON_CHARS])


def run(
    modules: Sequence[Module],
    batch: AlertBatch,
    cache: Path,
    *,
    watch: Watch | None = None,
    passing: tuple[type[BaseException], ...] = ENDINGS,
) -> Outcome:
    """Run modules, each after those that it needs, over a batch.

    Parameters
    ----------
    modules
        In an order in which each stands after those whose outputs it needs (the registry's order).
    batch
        Alerts; its results are those of modules that ran before, and facts from outside.
    cache
        Folder that modules load their catalogues and models from.
    watch
        Told what is about to be done.
    passing
        What is not taken for the failure of one alert when a module raises it, but raised on.
    """
    columns: dict[str, pa.Array] = {}
    errors: dict[str, Reasons] = {}
    seconds: dict[str, float] = {}
    for module in modules:
        known = {**batch.results, **columns}
        optional = {name: known[name] for name in module.optional if name in known}
        given = replace(batch, results=optional | {name: known[name] for name in module.needs})
        if watch is not None:
            watch(module, Step.LOAD)
        resource = resource_of(module.load, str(cache))
        if watch is not None:
            watch(module, Step.COMPUTE)
        begin = time.perf_counter()
        if resource.problem is not None or not len(batch):
            found, reasons = nothing(module, len(batch)), dict.fromkeys(range(len(batch)), resource.problem or "")
        else:
            found, reasons = _bisect(module, given, resource.value, passing)
        seconds[module.name] = time.perf_counter() - begin
        columns |= found
        if reasons:
            errors[module.name] = reasons
    return Outcome(columns, errors, seconds)


def versions(modules: Sequence[Module], cache: Path) -> dict[str, str]:
    """Return the version of each module, and of each catalogue and model that it uses.

    Parameters
    ----------
    modules
        What of them cannot be loaded has no version of catalogues and models.
    cache
        Folder that they load their catalogues and models from.
    """
    facts: dict[str, str] = {}
    for module in modules:
        facts[module.name] = module.version
        resource = resource_of(module.load, str(cache))
        if module.provenance is not None and resource.problem is None:
            facts |= module.provenance(resource.value)
    return facts


def sentence(problem: BaseException) -> str:
    """Return an exception as text that a table can hold, whatever it makes of itself."""
    try:
        text = f"{type(problem).__name__}: {problem}"
    except Exception:  # noqa: BLE001 - the exception of native code may not even have a text
        text = type(problem).__name__
    return text.encode("utf-8", "replace").decode()[:MAX_REASON_CHARS]


def _bisect(
    module: Module, batch: AlertBatch, resource: Any, passing: tuple[type[BaseException], ...]
) -> tuple[dict[str, pa.Array], Reasons]:
    """Compute a batch; where that raises, compute its halves, down to the alerts that raise alone."""
    try:
        return _compute(module, batch, resource)
    except passing:
        raise
    except BaseException as problem:  # noqa: BLE001 - a panic of native code is no Exception
        if len(batch) == 1:
            return nothing(module, 1), {0: f"{FAILED}{sentence(problem)}"}
    middle = len(batch) // 2
    left, left_reasons = _bisect(module, batch.take(np.arange(middle)), resource, passing)
    right, right_reasons = _bisect(module, batch.take(np.arange(middle, len(batch))), resource, passing)
    found = {name: pa.concat_arrays([left[name], right[name]]) for name in left}
    return found, left_reasons | {row + middle: why for row, why in right_reasons.items()}


def _compute(module: Module, batch: AlertBatch, resource: Any) -> tuple[dict[str, pa.Array], Reasons]:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        returned = module.compute(batch, resource)
    return columns_of(module, returned, len(batch))
