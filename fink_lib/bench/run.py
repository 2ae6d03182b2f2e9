"""The benchmarks of the streams: one stage after the stages before it have done their part, or all three at once."""

import operator
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from fink_lib.bench.environment import BenchEnvironment
from fink_lib.bench.filters import BATCHES, compare_filters
from fink_lib.bench.on_disk import bytes_per_message
from fink_lib.bench.report import Report, percentiles, rate, rate_steady
from fink_lib.bench.stages import (
    StageRun,
    chain_figures,
    has_distributed,
    has_enriched,
    has_ingested,
    read_run,
    rows_of,
    running,
    wait_for,
)
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.lake.delta import delta_table
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.tables import gold_published
from fink_lib.simulator.amplify import Amplifier
from fink_lib.simulator.packets import BRONZE, examine, messages_of
from fink_lib.simulator.reading import read_path
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import Survey, value_at
from fink_lib.surveys.checks import decode

Say = Callable[[str], None]
LEAST_BATCHES = 4  # steady is what comes after the first batch: of one batch there is no steady rate
FILES_PER_BATCH = 4  # a batch of ingest is one or two files
WARM_ALERTS = 2000  # what the drivers do before a burst comes, as they do in a night
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
}  # fmt: skip
COMPARISON_WORDS = 3


class Benchmark(StrEnum):
    """What can be measured."""

    INGEST = "ingest"
    ENRICH = "enrich"
    DISTRIBUTE = "distribute"
    NIGHT = "night"
    BURST = "burst"
    SCIENCE = "science"
    CROSSMATCH = "crossmatch"
    COMMITS = "commits"
    CLOSING = "closing"
    HISTORY = "history"
    API = "api"


@dataclass(frozen=True)
class BenchRequest:
    """One benchmark.

    Attributes
    ----------
    what
        Which one.
    survey, settings
        Whose packets; what the drivers run with.
    path
        Real packets to amplify.
    alerts
        How many.
    rate, latency_s
        ``night`` alone: alerts per second and seconds of the second part, in which latency is measured.
    seed
        Of the amplifier.
    timeout_s
        Longest time for each part.
    filters
        ``distribute`` alone: with so many filters it is run again, beside a run with twenty; 0 leaves it out.
    """

    what: Benchmark
    survey: Survey
    settings: Settings
    path: Path
    alerts: int
    rate: float = 50.0
    latency_s: float = 60.0
    seed: int = 0
    timeout_s: float = 1800.0
    filters: int = 0


def run_bench(request: BenchRequest, say: Say) -> Report:
    """Run one benchmark and stop everything that it started.

    A burst is what comes at once, at drivers that have been at work, in batches as they are set.

    Parameters
    ----------
    request
        One of the streams: ``ingest``, ``enrich``, ``distribute``, ``night`` or ``burst``.
    say
        Receives a line for each step.

    Raises
    ------
    ConfigError
        When there is nothing to amplify.
    StreamError
        When a driver fails or does not finish in time.
    """
    real = real_packets(request.path, request.survey)
    before, more = of_parts(request)
    total = before + more
    with BenchEnvironment(in_batches(request), request.survey, say) as bed:
        say(f"making {total} packets out of {len(real)} real ones")
        bed.prepare(Amplifier(real, request.survey, request.seed)(total), total)
        say(f"loading {before} into Kafka")
        bed.load(before)
        if request.what is Benchmark.BURST:  # what waits before it is one batch: no steady rate
            report = _burst(request, bed, len(real))
            return replace(report, decode_rate=_decode_rate(request, bed))
        measure = _night if request.what is Benchmark.NIGHT else _stage
        return measure(request, bed, len(real), _decode_rate(request, bed))


def _decode_rate(request: BenchRequest, bed: BenchEnvironment) -> float:
    """Return how many alerts a second are only decoded, of all that Kafka has by now."""
    bed.say("measuring the plain decode rate")
    plain = StageRun(0.0, bed.plain_decode(request.timeout_s).batches)
    found = rate_steady(plain.batches)
    bed.say(f"  {found} alerts/s; batch by batch: {plain.progress}")
    return found


def of_parts(request: BenchRequest) -> tuple[int, int]:
    """Return how many alerts wait when the drivers start, and how many come later."""
    if request.what is Benchmark.BURST:
        return WARM_ALERTS, request.alerts
    return request.alerts, round(request.rate * request.latency_s) if request.what is Benchmark.NIGHT else 0


def in_batches(request: BenchRequest) -> Settings:
    """Return the settings of the drivers with batches so small that each stage takes several of which some are steady.

    Everything that waits would be one batch, and its time that of a young driver.
    """
    if request.what is Benchmark.BURST:
        return request.settings
    least, files = (BATCHES, 1) if request.filters else (LEAST_BATCHES, FILES_PER_BATCH)
    offsets = min(request.settings.max_offsets_per_batch, max(1, request.alerts // least))
    files = min(request.settings.max_files_per_batch, files)
    return request.settings.model_copy(update={"max_offsets_per_batch": offsets, "max_files_per_batch": files})


def real_packets(path: Path, survey: Survey) -> list[bytes]:
    """Return the sound packets of a path that pass the cuts, one for each alert id.

    An alert that is cut costs next to nothing: with such alerts a stage would seem faster than it is.

    Parameters
    ----------
    path
        A file, folder or archive of packets.
    survey
        Whose packets and cuts.

    Raises
    ------
    ConfigError
        When there is none.
    """
    sound: dict[int | None, bytes] = {}
    for content in read_path(path):
        for message, _ in messages_of(content, survey):
            facts = examine(message, survey)
            if facts.expected == BRONZE and passes(decode(survey.framing.unwrap(message)), survey):
                sound.setdefault(facts.alert_id, message)
    if not sound:
        raise ConfigError(f"'{path}' holds no sound packet of {survey.name} to amplify that passes the cuts")
    return list(sound.values())


def passes(packet: Mapping[str, Any], survey: Survey) -> bool:
    """Tell whether a packet passes the cuts of its survey.

    Parameters
    ----------
    packet
        Decoded; without the value that a cut compares, it does not pass.
    survey
        Whose cuts.

    Raises
    ------
    ConfigError
        When a cut is more than the comparison of a field with a number: then only Spark can tell.
    """
    for cut in survey.cuts:
        if cut.flag:
            if value_at(packet, cut.flag):
                return False
            continue
        words = cut.keep.split()
        if len(words) != COMPARISON_WORDS or words[1] not in COMPARISONS:
            raise ConfigError(f"cut {cut.name} of {survey.name} is no plain comparison: {cut.keep}")
        value = value_at(packet, words[0])
        if value is None or not COMPARISONS[words[1]](value, float(words[2])):
            return False
    return True


def _stage(request: BenchRequest, bed: BenchEnvironment, derived_from: int, decode_rate: float) -> Report:
    """Run the chain one stage after the other, up to the one that is asked for."""
    chain = list(Stage)[: list(Stage).index(Stage(request.what)) + 1]
    runs: dict[str, StageRun] = {}
    for stage in chain:
        bed.say(f"running {stage}")
        with running(bed, [stage]) as (spec,):
            wait_for(bed, [spec], _done(bed, spec, request.alerts), time.monotonic() + request.timeout_s)
        runs[stage] = read_run(spec.paths.log).of(_rows_passed(bed, stage))
        bed.say(f"  {runs[stage].figures['rate_steady']} alerts/s; batch by batch: {runs[stage].progress}")
    run = runs[request.what]
    figures = run.figures
    more: dict[str, Any] = {}
    if request.what is Benchmark.DISTRIBUTE:
        bed.say("measuring bytes on the broker's disk")
        more["bytes_per_message"] = bytes_per_message(bed.settings, bed.survey.name)
        if request.filters:
            bed.say(f"running {Stage.DISTRIBUTE} with few filters and with {request.filters}")
            more["filters"] = compare_filters(bed, request.filters, request.timeout_s, bed.say)
    return Report(
        what=request.what,
        alerts=request.alerts,
        derived_from=derived_from,
        rate_steady=figures["rate_steady"],
        rate_total=figures["rate_total"],
        decode_rate=decode_rate,
        latency_s=percentiles([batch.seconds for batch in run.batches], [batch.rows for batch in run.batches]),
        latency_of="batch",
        latency_alerts=sum(batch.rows for batch in run.batches),
        peak_rss_mb=bed.memory.peak_mb,
        peak_own_mb=bed.memory.peak_own_mb,
        stages={stage: run.figures for stage, run in runs.items()},
        **more,
    )


def _done(bed: BenchEnvironment, spec: StreamSpec, total: int) -> Callable[[], bool]:
    if spec.stage is Stage.INGEST:
        return lambda: has_ingested(bed, total)
    if spec.stage is Stage.ENRICH:
        return lambda: has_enriched(bed, rows_of(bed, "bronze.alerts"))
    return lambda: has_distributed(spec, 0.0)


def _rows_passed(bed: BenchEnvironment, stage: Stage) -> int:
    """Return the alerts that a stage took in."""
    if stage is Stage.INGEST:
        return rows_of(bed, "bronze.alerts", "bronze.quarantine")
    return rows_of(bed, "bronze.alerts") if stage is Stage.ENRICH else rows_of(bed, "silver.alerts")


def _night(request: BenchRequest, bed: BenchEnvironment, derived_from: int, decode_rate: float) -> Report:
    """Run all three at once: first as fast as they can, then at a rate to see how long an alert takes."""
    with running(bed, list(Stage)) as specs:
        bed.say(f"running the chain on {request.alerts} alerts at once")
        _wait_for_chain(request, bed, specs, request.alerts)
        runs = {spec.stage: read_run(spec.paths.log).of(_rows_passed(bed, spec.stage)) for spec in specs}
        for stage, run in runs.items():
            bed.say(f"  {stage}, batch by batch: {run.progress}")
        chain = chain_figures(runs[Stage.INGEST], runs[Stage.DISTRIBUTE])
        bed.say(f"  {chain['rate_steady']} alerts/s; now {request.rate:g} alerts/s for {request.latency_s:g} s")
        since = datetime.now().astimezone()
        more = len(bed.waiting)
        bed.load(more, request.rate)
        _wait_for_chain(request, bed, specs, request.alerts + more)
        small = {spec.stage: read_run(spec.paths.log).small_batch_s for spec in specs}
    seconds = _published_seconds(bed, since)
    return Report(
        what=request.what,
        alerts=request.alerts,
        derived_from=derived_from,
        rate_steady=chain["rate_steady"],
        rate_total=chain["rate_total"],
        decode_rate=decode_rate,
        latency_s=percentiles(seconds),
        latency_of="kafka_to_topic",
        latency_alerts=len(seconds),
        latency_rate=request.rate,
        small_batch_s={stage: told for stage, told in small.items() if told is not None},
        peak_rss_mb=bed.memory.peak_mb,
        peak_own_mb=bed.memory.peak_own_mb,
        stages={stage: run.figures for stage, run in runs.items()},
    )


def _burst(request: BenchRequest, bed: BenchEnvironment, derived_from: int) -> Report:
    """Offer many alerts at once to drivers that are at work already; see how long it takes until all are on topics."""
    with running(bed, list(Stage)) as specs:
        bed.say(f"running the chain on {WARM_ALERTS} alerts")
        _wait_for_chain(request, bed, specs, WARM_ALERTS)
        bed.say(f"now {request.alerts} alerts at once")
        since = datetime.now().astimezone()
        bed.load(request.alerts)
        _wait_for_chain(request, bed, specs, WARM_ALERTS + request.alerts)
        runs = {spec.stage: read_run(spec.paths.log).of(_rows_passed(bed, spec.stage)) for spec in specs}
    for stage, run in runs.items():
        bed.say(f"  {stage}, batch by batch: {run.progress}")
    seconds, took_s = _published_seconds(bed, since), _published_within_s(bed, since)
    return Report(
        what=request.what,
        alerts=request.alerts,
        derived_from=derived_from,
        rate_steady=rate(request.alerts, took_s),
        rate_total=rate(request.alerts, took_s),
        decode_rate=0.0,
        latency_s=percentiles(seconds),
        latency_of="kafka_to_topic",
        latency_alerts=len(seconds),
        peak_rss_mb=bed.memory.peak_mb,
        peak_own_mb=bed.memory.peak_own_mb,
        stages={stage: run.figures for stage, run in runs.items()},
        burst_s=round(took_s, 1),
    )


def _wait_for_chain(request: BenchRequest, bed: BenchEnvironment, specs: list[StreamSpec], total: int) -> None:
    """Wait until each stage has done all that the one before it gave it."""
    deadline_s = time.monotonic() + request.timeout_s
    wait_for(bed, specs, lambda: has_ingested(bed, total), deadline_s)
    wait_for(bed, specs, lambda: has_enriched(bed, rows_of(bed, "bronze.alerts")), deadline_s)
    enriched_s = time.time()
    wait_for(bed, specs, lambda: has_distributed(specs[-1], enriched_s), deadline_s)


def _published_seconds(bed: BenchEnvironment, since: datetime) -> list[float]:
    """Return, for each message that left, the seconds from its arrival in Kafka to its stamp on the topic."""
    return [(sent - arrived).total_seconds() for arrived, sent in _published(bed, since)]


def _published_within_s(bed: BenchEnvironment, since: datetime) -> float:
    """Return the seconds from the first alert's arrival in Kafka to the last message's stamp."""
    times = _published(bed, since)
    return (max(sent for _, sent in times) - min(arrived for arrived, _ in times)).total_seconds() if times else 0.0


def _published(bed: BenchEnvironment, since: datetime) -> list[tuple[datetime, datetime]]:
    """Return, for each message of alerts that came since, when the alert arrived and when the message was sent."""
    table = delta_table(gold_published(bed.survey.name).path(bed.settings.lake))
    rows = dataset_of(table).to_table(columns=["kafka_time", "publish_time"]).to_pylist()
    return [(row["kafka_time"], row["publish_time"]) for row in rows if row["kafka_time"] >= since]
