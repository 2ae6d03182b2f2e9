"""How fast the science is: all modules in the real enrich stream, and each by itself, beside the plain decode rate.

Twice: for alerts as they are, and for young ones that pass the gate of every module. The stream is the broker's own,
with Kafka, ingest and Delta tables. By itself, a module runs in two processes with one thread each, as two workers of
a stream would; batches are formed before the clock starts, catalogues and models are loaded, each has run once.
"""

import json
import multiprocessing
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from fink_lib.bench.environment import BenchEnvironment, Say
from fink_lib.bench.report import rate, rate_steady
from fink_lib.bench.run import BenchRequest, real_packets
from fink_lib.bench.stages import StageRun, has_enriched, has_ingested, read_run, rows_of, running, wait_for
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.lake.delta import delta_table
from fink_lib.offline.run import batches_of
from fink_lib.science.framework.base import Module
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.registry import modules_of, stream_modules
from fink_lib.science.framework.runner import resource_of, run
from fink_lib.simulator.amplify import Amplifier
from fink_lib.streams.spec import Stage
from fink_lib.surveys import Survey
from fink_lib.surveys.checks import decode
from fink_lib.surveys.simulated import Change
from fink_lib.surveys.tables import bronze_spec

CORES = 2
BATCHES = 5  # at least so many, so that some are left when the first one, of a cold driver, is not counted
MODULE_ALERTS = 1000  # that each module is measured on by itself
MODULE_BATCH = 250
KINDS = ("alerts as they are", "young alerts")


@dataclass(frozen=True)
class Load:
    """What one kind of alerts costs.

    Attributes
    ----------
    alerts_per_s
        Alerts of silver a second with all modules, in the enrich stream, after its first batch.
    ratio
        That over the plain decode rate.
    decode_rate
        The yard-stick: alerts per second that Spark decodes from Kafka into files, on the same packets just before.
    batches
        Alerts a second of each batch of the stream.
    modules
        Name → ``alerts_per_s`` on two cores, ``ms_per_alert`` and ``cpu_ms_per_alert`` on one, and the share of
        alerts ``with_result``, which passed the gates of the module.
    """

    alerts_per_s: float
    ratio: float
    decode_rate: float = 0.0
    batches: Sequence[float] = ()
    modules: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class ScienceReport:
    """Figures of one run.

    Attributes
    ----------
    survey, alerts, derived_from
        Whose packets; how many of each kind, made out of how many real ones.
    whole, young
        The alerts as they are, and young ones.
    """

    survey: str
    alerts: int
    derived_from: int
    whole: Load
    young: Load
    what: str = "science"
    cores: int = CORES

    def as_json(self) -> str:
        """Return everything as a JSON object; the figures of the alerts as they are stand on top."""
        facts = {name: value for name, value in asdict(self).items() if name != "whole"}
        return json.dumps({**facts, **asdict(self.whole)}, indent=1)


@dataclass
class Timing:
    """What one worker measured, in seconds; `busy` is the processor's time, which other work does not stretch."""

    alerts: int
    seconds: float = 0.0
    modules: dict[str, float] = field(default_factory=dict)
    busy: dict[str, float] = field(default_factory=dict)
    found: dict[str, int] = field(default_factory=dict)


def run_science_bench(request: BenchRequest, say: Say) -> ScienceReport:
    """Measure alerts as they are, then young ones.

    Parameters
    ----------
    request
        Which packets, and how many of each kind.
    say
        Receives a line for each step.

    Raises
    ------
    ConfigError
        When there is nothing to amplify, or a catalogue or model of a module is not on this machine.
    """
    request = replace(request, settings=with_catalogs(request.settings))
    check_loaded(stream_modules(request.survey.name), request.settings.cache)
    real = real_packets(request.path, request.survey)
    loads = []
    for kind, change in zip(KINDS, (None, _young_of(request.survey)), strict=True):
        say(f"measuring {kind}: making {request.alerts} packets out of {len(real)} real ones")
        loads.append(_load(request, Amplifier(real, request.survey, request.seed, change), say))
    return ScienceReport(request.survey.name, request.alerts, len(real), whole=loads[0], young=loads[1])


def _young_of(survey: Survey) -> Change:
    if survey.simulated.young is None:
        raise ConfigError(f"young transients of {survey.name} cannot be made: measure another survey")
    return survey.simulated.young


def with_catalogs(settings: Settings) -> Settings:
    """Return the settings with a folder of catalogues: their own, or the one among the extra data."""
    extra = (settings.shared_data or settings.project.parent / "shared" / "data") / "catalogs"
    if settings.catalogs is None and extra.is_dir():
        settings = settings.model_copy(update={"catalogs": extra})
    if settings.catalogs is not None:
        os.environ["FINK_CATALOGS"] = str(settings.catalogs)  # for what this process and its workers load
    return settings


def check_loaded(modules: Sequence[Module], cache: Path) -> None:
    """Refuse to measure modules that would have nothing to do.

    Parameters
    ----------
    modules
        Those that are to be measured.
    cache
        Folder of catalogues and models.

    Raises
    ------
    ConfigError
        Naming them.
    """
    missing = [module.name for module in modules if resource_of(module.load, str(cache)).problem is not None]
    if missing:
        raise ConfigError(f"not loaded, and so not to be measured: {', '.join(missing)}; set FINK_CATALOGS")


def _load(request: BenchRequest, amplifier: Amplifier, say: Say) -> Load:
    few = min(request.settings.max_offsets_per_batch, -(-request.alerts // BATCHES))
    settings = request.settings.model_copy(update={"max_offsets_per_batch": few})
    with BenchEnvironment(settings, request.survey, say) as bed:
        bed.prepare(amplifier(request.alerts), request.alerts)
        slots = bed.waiting[:MODULE_ALERTS]
        bed.load(request.alerts)
        say("  the plain decode rate")
        decode_rate = rate_steady(bed.plain_decode(request.timeout_s).batches)
        say(f"  {decode_rate} alerts/s; now ingest, then enrich with all modules")
        stream = _enriched(bed, request)
        per_batch = [rate(batch.rows, batch.seconds) for batch in stream.batches]
        together = rate_steady(stream.batches)
        say(f"  {together} alerts/s, batch by batch {per_batch}; now each module by itself")
        packets = [decode(request.survey.framing.unwrap(bed.spool.read(slot))) for slot in slots]
        size = max(min(MODULE_BATCH, len(packets) // (2 * CORES)), 1)
        names = [module.name for module in stream_modules(request.survey.name)]
        batches = list(batches_of(packets, modules_of(request.survey.name, names), request.survey, size))
        modules = measure(batches, request.survey.name, request.settings.cache)
    return Load(together, _ratio(together, decode_rate), decode_rate, per_batch, modules)


def _enriched(bed: BenchEnvironment, request: BenchRequest) -> StageRun:
    """Run ingest, then enrich in at least `BATCHES` batches; return the batches with the rows of silver."""
    deadline_s = time.monotonic() + request.timeout_s
    with running(bed, [Stage.INGEST]) as specs:
        wait_for(bed, specs, lambda: has_ingested(bed, request.alerts), deadline_s)
    files = len(delta_table(bronze_spec(bed.survey).path(bed.settings.lake)).file_uris())
    limit = min(bed.settings.max_files_per_batch, max(files // BATCHES, 1))
    bed.settings = bed.settings.model_copy(update={"max_files_per_batch": limit})
    bronze = rows_of(bed, "bronze.alerts")
    with running(bed, [Stage.ENRICH]) as (spec,):
        wait_for(bed, [spec], lambda: has_enriched(bed, bronze), time.monotonic() + request.timeout_s)
    return read_run(spec.paths.log).of(rows_of(bed, "silver.alerts"))


def measure(batches: Sequence[AlertBatch], survey: str, cache: Path) -> dict[str, dict[str, float]]:
    """Run all modules of a stream over batches in two processes at once.

    Parameters
    ----------
    batches
        Alerts; dealt out in turn, at least one for each process.
    survey, cache
        Whose modules; folder of catalogues and models.

    Returns
    -------
    dict
        Module → figures, see `Load`.

    Raises
    ------
    ConfigError
        When there are fewer batches than processes, which would wait for each other for ever.
    """
    if len(batches) < CORES:
        raise ConfigError(f"{len(batches)} batches for {CORES} processes: measure on more alerts")
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(CORES)
    shares = [list(batches[number::CORES]) for number in range(CORES)]
    with ProcessPoolExecutor(CORES, mp_context=context, initializer=_keep, initargs=(barrier,)) as pool:
        timings = list(pool.map(_work, shares, [survey] * CORES, [str(cache)] * CORES))
    return _by_module(timings, sum(timing.alerts for timing in timings))


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
    modules = stream_modules(survey)
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
