"""How fast the science modules are: each by itself and all together, beside the plain decode rate of the same machine.

Two processes share the alerts, each with one thread, as two workers of a stream would. Batches are formed before the
clock starts; catalogues and models are loaded, and each module has run once.
"""

import json
import multiprocessing
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from fink_lib.bench.bed import Bed, Say
from fink_lib.bench.report import rate, rate_steady
from fink_lib.bench.run import BenchRequest, real_packets
from fink_lib.offline.run import batches_of
from fink_lib.science.base import Module
from fink_lib.science.batch import AlertBatch
from fink_lib.science.registry import modules_of
from fink_lib.science.runner import run
from fink_lib.simulator.amplify import Amplifier
from fink_lib.surveys.checks import decode

CORES = 2
YOUNG_DAYS = 10.0
YOUNG_DETECTIONS = 9.0


@dataclass(frozen=True)
class Load:
    """What one kind of alerts costs.

    Attributes
    ----------
    alerts_per_s
        All modules together, on two cores.
    ratio
        That over the plain decode rate.
    modules
        Name → ``alerts_per_s`` on two cores, ``ms_per_alert`` and ``cpu_ms_per_alert`` on one, and the share of
        alerts ``with_result``.
    """

    alerts_per_s: float
    ratio: float
    modules: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class ScienceReport:
    """Figures of one run.

    Attributes
    ----------
    survey, alerts, derived_from
        Whose packets; how many, made out of how many real ones.
    decode_rate
        The yard-stick: alerts per second that Spark decodes from Kafka into files, on the same machine before.
    whole, young
        The alerts as they are; and the same alerts as young ones near no star, so that every gate on age, number of
        detections and host is open.
    """

    survey: str
    alerts: int
    derived_from: int
    decode_rate: float
    whole: Load
    young: Load
    what: str = "science"
    cores: int = CORES

    def as_json(self) -> str:
        """Return everything as a JSON object; the figures of the alerts as they are stand on top."""
        top = {"alerts_per_s": self.whole.alerts_per_s, "ratio": self.whole.ratio, "modules": self.whole.modules}
        facts = {name: value for name, value in asdict(self).items() if name != "whole"}
        return json.dumps({**facts, **top}, indent=1)


@dataclass
class Timing:
    """What one worker measured, in seconds; `busy` is the processor's time, which other work does not stretch."""

    alerts: int
    seconds: float = 0.0
    modules: dict[str, float] = field(default_factory=dict)
    busy: dict[str, float] = field(default_factory=dict)
    found: dict[str, int] = field(default_factory=dict)


def run_science_bench(request: BenchRequest, say: Say) -> ScienceReport:
    """Measure the plain decode rate, then the modules on the same packets.

    Raises
    ------
    ConfigError
        When there is nothing to amplify.
    """
    real = real_packets(request.path, request.survey)
    with Bed(request.settings, request.survey, say) as bed:
        say(f"making {request.alerts} packets out of {len(real)} real ones")
        bed.prepare(Amplifier(real, request.survey, request.seed)(request.alerts), request.alerts)
        slots = list(bed.waiting)
        bed.load(request.alerts)
        say("measuring the plain decode rate")
        decode_rate = rate_steady(bed.plain_decode(request.timeout_s).batches)
        say(f"  {decode_rate} alerts/s")
        packets = (decode(request.survey.framing.unwrap(bed.spool.read(slot))) for slot in slots)
        batches = list(batches_of(packets, modules_of(request.survey.name), request.survey))
    loads = []
    for kind, each in (("alerts as they are", batches), ("the same, all young", [young(batch) for batch in batches])):
        say(f"measuring the modules: {kind}")
        loads.append(measure(each, request.survey.name, request.settings.cache, decode_rate))
    return ScienceReport(request.survey.name, request.alerts, len(real), decode_rate, whole=loads[0], young=loads[1])


def young(batch: AlertBatch) -> AlertBatch:
    """Return the alerts as if each had been found ten days ago, where SIMBAD has nothing."""
    scalars = dict(batch.scalars)
    if "first_time" in scalars:
        scalars["first_time"] = scalars["time"] - YOUNG_DAYS
    if "n_detections" in scalars:
        scalars["n_detections"] = np.minimum(scalars["n_detections"], YOUNG_DETECTIONS)
    nothing = pa.array(["Unknown"] * len(batch))
    return replace(batch, scalars=scalars, results={**batch.results, "cdsxmatch": nothing}, _memo={})


def measure(batches: Sequence[AlertBatch], survey: str, cache: Path, decode_rate: float) -> Load:
    """Run all modules over batches in two processes at once.

    Parameters
    ----------
    batches
        Alerts; dealt out in turn.
    survey, cache
        Whose modules; folder of catalogues and models.
    decode_rate
        The yard-stick, alerts per second.
    """
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(CORES)
    shares = [list(batches[number::CORES]) for number in range(CORES)]
    with ProcessPoolExecutor(CORES, mp_context=context, initializer=_keep, initargs=(barrier,)) as pool:
        timings = list(pool.map(_work, shares, [survey] * CORES, [str(cache)] * CORES))
    alerts = sum(timing.alerts for timing in timings)
    together = rate(alerts, max(timing.seconds for timing in timings))
    return Load(together, _ratio(together, decode_rate), _by_module(timings, alerts))


def _by_module(timings: Sequence[Timing], alerts: int) -> dict[str, dict[str, float]]:
    found = {}
    for name in timings[0].modules:
        seconds = sum(timing.modules[name] for timing in timings)
        found[name] = {
            "alerts_per_s": rate(alerts, seconds / CORES),
            "ms_per_alert": round(1000.0 * seconds / alerts, 4),
            "cpu_ms_per_alert": round(1000.0 * sum(timing.busy[name] for timing in timings) / alerts, 4),
            "with_result": round(sum(timing.found[name] for timing in timings) / alerts, 4),
        }
    return found


def _ratio(alerts_per_s: float, decode_rate: float) -> float:
    return round(alerts_per_s / decode_rate, 3) if decode_rate else 0.0


_START: list[Any] = []


def _keep(barrier: Any) -> None:
    """Keep what the two processes wait for each other at."""
    _START.append(barrier)


def _work(batches: Sequence[AlertBatch], survey: str, cache: str) -> Timing:
    """Run the modules over one worker's batches, each module under a clock of its own."""
    timing = Timing(sum(map(len, batches)))
    modules = modules_of(survey)
    run(modules, batches[0].take(np.arange(min(len(batches[0]), 20))), Path(cache))
    clocked = [_clocked(module, timing) for module in modules]
    _START[0].wait()
    begin = time.perf_counter()
    outcomes = [run(clocked, batch, Path(cache)) for batch in batches]
    timing.seconds = time.perf_counter() - begin
    for module in modules:
        idle = sum(len(outcome.errors.get(module.name, {})) for outcome in outcomes)
        timing.found[module.name] = timing.alerts - idle
    return timing


def _clocked(module: Module, timing: Timing) -> Module:
    timing.modules[module.name] = timing.busy[module.name] = 0.0

    def compute(batch: AlertBatch, resource: Any) -> Any:
        begin, busy = time.perf_counter(), time.thread_time()
        try:
            return module.compute(batch, resource)
        finally:
            timing.modules[module.name] += time.perf_counter() - begin
            timing.busy[module.name] += time.thread_time() - busy

    return replace(module, compute=compute)
