"""A module that does something terrible to one alert, and real alerts for it to do that to."""

import ctypes
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import light_curve as lc
import numpy as np
import pyarrow as pa
from science_bench import CACHE

from fink_lib.science.framework.base import Cost, Module, Output
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.batch_builder import form_batch, struct_of_packets, wanted
from fink_lib.science.framework.isolation import Isolated, Limits
from fink_lib.science.framework.isolation.serve import Form
from fink_lib.science.framework.registry import modules_of
from fink_lib.surveys import get_survey
from fink_lib.surveys.inputs import inputs_of
from tests.builders.packet_rows import read_packets

Deed = Callable[[], Any]
NAME = "planted"
LIMITS = Limits(alert_s=3.0, load_s=60.0, search_s=60.0, memory_mb=1024)
INPUTS = inputs_of("ztf")


def segfault() -> None:
    ctypes.string_at(0)


def ask_for_20_gb() -> None:
    np.ones(20 * 2**30, dtype=np.uint8)


def ask_for_20_gb_natively() -> None:
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    ctypes.memset(libc.malloc(20 * 2**30) or 0, 1, 20 * 2**30)


def hold_the_gil() -> None:
    re.match(r"(a+)+$", "a" * 60 + "b")


def recurse() -> None:
    recurse()


def panic() -> None:
    lc.MaximumSlope()(np.zeros(3), np.arange(3.0), np.ones(3), sorted=True, check=False)


def raise_it(problem: BaseException) -> None:
    raise problem


def leave_a_child_behind() -> None:
    """End the process, with a child that holds all its connections open for a while."""
    if os.fork():
        os._exit(4)
    time.sleep(5.0)
    os._exit(0)


def lose_the_connection() -> None:
    os.closerange(3, 65_536)  # a test process that has been at work for long has hundreds open


# Deed → what its alert is told.
TERRIBLE: dict[str, tuple[Deed, str]] = {
    "segfault": (segfault, "the module ended its process (SIGSEGV)"),
    "abort": (os.abort, "the module ended its process (SIGABRT)"),
    "killed": (partial(signal.raise_signal, signal.SIGKILL), "the module ended its process (SIGKILL)"),
    "_exit": (partial(os._exit, 3), "the module ended its process (exit code 3)"),
    "_exit with a child": (leave_a_child_behind, "the module ended its process (exit code 4)"),
    "connection lost": (lose_the_connection, "the module ended its process (exit code 1)"),
    "20 GB": (ask_for_20_gb, f"asked for more than {LIMITS.memory_mb} MB"),
    "20 GB natively": (ask_for_20_gb_natively, "the module ended its process (SIGSEGV)"),
    "MemoryError": (partial(raise_it, MemoryError()), f"asked for more than {LIMITS.memory_mb} MB"),
    "holds the GIL": (hold_the_gil, "took longer than 3 s"),
    "sleeps": (partial(time.sleep, 1e6), "took longer than 3 s"),
    "sys.exit": (partial(sys.exit, 3), "SystemExit: 3"),
    "KeyboardInterrupt": (partial(raise_it, KeyboardInterrupt()), "KeyboardInterrupt: "),
    "RecursionError": (recurse, "RecursionError: maximum recursion depth exceeded"),
    "panic": (panic, "PanicException: All points of the light curve have the same time"),
    "wrong length": (lambda: np.zeros(99), "ValueError: output 'planted' has 99 values for 1 alerts"),
    "infinite": (lambda: np.full(1, np.inf), "'planted' is infinite"),
}


def planted(deed: Deed | None = None, guilty: Sequence[int] = (), **changes: Any) -> Module:
    """Return a module that counts detections, but has a deed for some alerts."""

    def compute(batch: AlertBatch, _resource: Any) -> Any:
        if deed is not None and np.isin(batch.alert_id, guilty).any():
            done = deed()
            if done is not None:
                return {NAME: done}
        return {NAME: batch.scalars["n_detections"]}

    module = Module(
        name=NAME,
        version="1.0",
        meaning="A module for tests.",
        reference="none",
        surveys=("ztf",),
        cost=Cost.CHEAP,
        scalars=("n_detections",),
        outputs=(Output(NAME, pa.float64(), "", "Detections, as the survey counts them."),),
        compute=compute,
    )
    return replace(module, **changes)


def reader() -> Module:
    """Return a module that reads what the planted one wrote."""

    def compute(batch: AlertBatch, _resource: Any) -> Any:
        return {"twice": batch.results[NAME].to_numpy(zero_copy_only=False) * 2}

    output = Output("twice", pa.float64(), "", "Twice that.")
    return planted(name="reader", needs=(NAME,), outputs=(output,), compute=compute)


def between(module: Module, *names: str) -> tuple[Module, ...]:
    """Return a module with real ones before and behind it, and one that reads it."""
    real = modules_of("ztf", names or ("detections", "light_curve_features", "magnitude_rate"))
    half = len(real) // 2
    return (*real[:half], module, reader(), *real[half:])


def alerts(shared: Path, count: int) -> list[dict[str, Any]]:
    """Return real packets."""
    return list(read_packets(shared / "ztf" / "ztf_public_20231018.tar.gz"))[:count]


def struct_of(packets: Sequence[dict[str, Any]], modules: Sequence[Module]) -> pa.StructArray:
    """Return packets as Spark hands them over."""
    return struct_of_packets(packets, wanted(modules, INPUTS), INPUTS)


def apart(modules: Sequence[Module], limits: Limits = LIMITS, form: Form | None = None) -> Isolated:
    """Return what runs modules in a process apart."""
    make = partial(form_batch, want=wanted(modules, INPUTS), inputs=INPUTS, survey=get_survey("ztf"))
    return Isolated(modules, form or make, CACHE, limits)
