"""Modules on a batch, whatever they do: who ended the process apart is searched for, and loses its columns alone.

What a module finds on an alert, or that it fails, does not depend on the batch. A batch only gives rise to a search:
it is cut into parts, and these again, down to the alert. The verdict is spoken on that alert alone, with that module
alone, in a process that has done nothing before.
"""

import itertools
import logging
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from fink_lib.science.framework.base import FAILED, Module
from fink_lib.science.framework.isolation.cell import Cell, Ended
from fink_lib.science.framework.isolation.found import Found, below, beside, without
from fink_lib.science.framework.isolation.limits import Limits
from fink_lib.science.framework.isolation.serve import Form, Job
from fink_lib.science.framework.isolation.shared import FORMING
from fink_lib.science.framework.runner import Step

logger = logging.getLogger(__name__)

# Halves would end a dozen processes for each guilty alert of a batch of 2,000, and wait a dozen times for one that
# hangs; of 64 parts, and these in single alerts, it is three.
PARTS = 64

Results = Mapping[str, pa.Array]


class Isolated:
    """Runs modules in a process apart.

    Parameters
    ----------
    modules
        In an order in which each stands after those that it needs.
    form
        Makes a batch of packets.
    cache
        Folder that modules load their catalogues and models from.
    limits
        What no module may exceed.
    """

    def __init__(self, modules: Sequence[Module], form: Form, cache: Path, limits: Limits) -> None:
        self._cell = Cell(Job(modules, form, cache, limits))
        self._limits = limits
        self._modules = modules

    def run(self, packets: pa.StructArray) -> Found:
        """Run all modules on packets."""
        return self._found(packets, range(len(self._modules)), {})

    def close(self) -> None:
        """End the process apart; the next run starts another one."""
        self._cell.close()

    def _found(
        self, packets: pa.StructArray, chosen: Sequence[int], results: Results, until_s: float = math.inf
    ) -> Found:
        """Run modules; where one ends the process, those before it, it on parts of the batch, and those behind it."""
        try:
            return self._ask(packets, chosen, results)
        except Ended as end:
            at = end.place.module
            logger.warning("science process ended at=%s alerts=%d why=%s", self._name(at), len(packets), end.why)
        until_s = min(until_s, time.monotonic() + self._limits.search_s)
        if at == FORMING:
            return self._apart(packets, chosen, results, until_s)
        place = chosen.index(at)
        before = self._found(packets, chosen[:place], results) if place else None
        known = {**results, **(before.columns if before else {})}
        guilty = self._apart(packets, chosen[place : place + 1], known, until_s)
        behind = chosen[place + 1 :]
        after = self._found(packets, behind, {**known, **guilty.columns}) if behind else None
        return beside([part for part in (before, guilty, after) if part is not None])

    def _apart(self, packets: pa.StructArray, chosen: Sequence[int], results: Results, until_s: float) -> Found:
        """Run modules on parts of a batch, one after the other."""
        if len(packets) < 2:  # noqa: PLR2004 - nothing to cut
            return self._alone(packets, chosen, results)
        edges = np.linspace(0, len(packets), min(len(packets), PARTS) + 1).astype(int).tolist()
        parts = []
        for begin, end in itertools.pairwise(edges):
            if time.monotonic() > until_s:
                why = f"not tried: others of its batch held up the module for {self._limits.search_s:g} s"
                parts.append(self._without(end - begin, chosen, why))
                continue
            known = {name: array.slice(begin, end - begin) for name, array in results.items()}
            parts.append(self._found(packets.slice(begin, end - begin), chosen, known, until_s))
        return below(parts)

    def _alone(self, packets: pa.StructArray, chosen: Sequence[int], results: Results) -> Found:
        """Run modules on one alert, first of all in a new process: if that ends too, the alert is guilty."""
        self._cell.close()
        try:
            return self._ask(packets, chosen, results)
        except Ended as end:
            names, alerts = [self._modules[number].name for number in chosen], packets.field("alert_id").to_pylist()
            logger.warning("science failed alert_id=%s modules=%s why=%s", alerts, ",".join(names), end.why)
            return self._without(1, chosen, end.why)

    def _ask(self, packets: pa.StructArray, chosen: Sequence[int], results: Results) -> Found:
        """Ask the process, again where all that ended it was a module that could not be loaded."""
        while True:
            try:
                return self._cell.ask(packets, chosen, results)
            except Ended as end:
                if end.place.step is not Step.LOAD:
                    raise
                logger.warning("science resource not loaded module=%s why=%s", self._name(end.place.module), end.why)
                self._cell.refuse(end.place.module, end.why)

    def _without(self, count: int, chosen: Sequence[int], why: str) -> Found:
        return without([self._modules[number] for number in chosen], count, f"{FAILED}{why}")

    def _name(self, number: int) -> str:
        return "forming" if number == FORMING else self._modules[number].name
