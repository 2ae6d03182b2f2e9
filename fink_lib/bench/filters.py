"""What many filters cost: distribute over the same silver with twenty of them and with more, one run after another."""

import datetime as dt
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fink_lib.bench.environment import BenchEnvironment
from fink_lib.bench.memory import tree_cpu_s
from fink_lib.bench.stages import has_distributed, read_run, rows_of, running, wait_for
from fink_lib.distribute.output_topics import output_topics
from fink_lib.errors import ConfigError
from fink_lib.filters.registry import active_filters, filters_of
from fink_lib.filters.users.store import Action, Event, record
from fink_lib.kafka.connection import Connection
from fink_lib.lake.tables import gold_published, gold_user_filters
from fink_lib.science.framework.silver import silver_spec
from fink_lib.storage import on_disk
from fink_lib.streams.heartbeat import read_heartbeat
from fink_lib.streams.runners import runner_of
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import Survey

FEW = 20  # filters of the run that the others are compared with
ROUNDS = 2  # each twice, in turns: a machine drifts
BATCHES = 8
GONE_S = 30.0


def predicate(number: int) -> str:
    """Return the predicate of one made user: clauses over the packet as users write them, each number another one.

    A slice of the sky one degree wide and a cut or three: amplified packets lie at every right ascension, so that a
    predicate selects some hundred thousandths to thousandths of them.
    """
    ra = (number * 137) % 359
    kinds = (
        f"candidate.magpsf < {17 + number % 4} AND candidate.drb > 0.{50 + number % 45}",
        f"candidate.rb >= 0.{55 + number % 40} AND candidate.jd - candidate.jdstarthist < {10 + number}",
        f"candidate.fid = {1 + number % 2} AND candidate.ndethist <= {2 + number % 9} AND roid < 2",
        f"abs(candidate.magnr - candidate.magpsf) > {0.1 * (number % 12):.1f} AND candidate.distnr < {1 + number % 5}",
        f"candidate.classtar > 0.{10 + number % 80} AND candidate.isdiffpos IN ('t', '1') AND candidate.nbad = 0",
    )
    return f"candidate.ra BETWEEN {ra} AND {ra + 1} AND {kinds[number % len(kinds)]}"


def own_filters(survey: Survey) -> int:
    """Return how many filters of the broker run on silver as it is."""
    return len(active_filters(filters_of(survey.name), silver_spec(survey).paths))


def _activate(bed: BenchEnvironment, count: int) -> None:
    """Let exactly so many users' filters be active."""
    shutil.rmtree(gold_user_filters().path(on_disk(bed.settings.lake, "a bench")), ignore_errors=True)
    for number in range(count):
        for event, action in enumerate((Action.ADD, Action.ACTIVATE), 1):
            made = Event(
                bed.survey.name, f"made_{number:03d}", event, action, 1, owner="bench", description="Made up.",
                predicate=predicate(number), by="bench", at=dt.datetime.now(dt.UTC),
            )  # fmt: skip
            record(bed.settings.lake, made)


def _forget(bed: BenchEnvironment, spec: StreamSpec) -> None:
    """Let distribute begin from nothing: no topics, no checkpoint, nothing published."""
    kafka = Connection.of(bed.settings)
    topics, admin = output_topics(kafka, bed.survey.name), kafka.admin()
    for done in admin.delete_topics(topics, operation_timeout=GONE_S).values() if topics else ():
        done.result(GONE_S)
    deadline = time.monotonic() + GONE_S
    while output_topics(kafka, bed.survey.name) and time.monotonic() < deadline:
        time.sleep(0.1)
    for path in (
        spec.checkpoint,
        spec.paths.root,
        gold_published(bed.survey.name).path(on_disk(bed.settings.lake, "a bench")),
    ):
        shutil.rmtree(path, ignore_errors=True)


@dataclass(frozen=True)
class Cost:
    """What one run cost.

    Attributes
    ----------
    rate
        Steady, alerts per second.
    cpu_ms
        Processor time of the driver, its JVM and its workers for an alert, after the first batch: what else runs on
        the machine moves it less than the rate.
    messages
        That left.
    progress
        Alerts per second of each batch.
    """

    rate: float
    cpu_ms: float
    messages: int
    progress: str


def _has_begun(spec: StreamSpec) -> bool:
    beat = read_heartbeat(spec.paths.heartbeat)
    return beat is not None and beat.rows_total > 0


def _run(bed: BenchEnvironment, count: int, timeout_s: float) -> Cost:
    own, spec = own_filters(bed.survey), StreamSpec(bed.survey.name, Stage.DISTRIBUTE, bed.settings)
    _forget(bed, spec)
    _activate(bed, count - own)
    deadline_s = time.monotonic() + timeout_s
    with running(bed, [Stage.DISTRIBUTE]) as (spec,):
        handle = runner_of(bed.settings).find(spec)
        wait_for(
            bed, [spec], lambda: bool((beat := read_heartbeat(spec.paths.heartbeat)) and beat.rows_total), deadline_s
        )
        begun_s = tree_cpu_s(handle.pid) if handle else 0.0
        wait_for(bed, [spec], lambda: has_distributed(spec, 0.0), deadline_s)
        cpu_s = (tree_cpu_s(handle.pid) if handle else 0.0) - begun_s
    run = read_run(spec.paths.log).of(rows_of(bed, "silver.alerts"))
    rows = sum(batch.rows for batch in run.batches[1:])
    cpu_ms = round(1000 * cpu_s / rows, 3) if rows else 0.0
    return Cost(run.figures["rate_steady"], cpu_ms, rows_of(bed, "gold.published"), run.progress)


def compare_filters(bed: BenchEnvironment, many: int, timeout_s: float, say: Callable[[str], None]) -> dict[str, Any]:
    """Run distribute with few and with many filters.

    Parameters
    ----------
    bed
        Its silver is filled.
    many
        How many filters, the broker's own included.
    timeout_s
        Seconds that a run may take.
    say
        Receives a line for each run.

    Returns
    -------
    ``ratio``: steady rate with many over that with few; ``cpu_ratio``: processor time with few over that with many;
    both of the best run of each, since another load on the machine only ever makes a run worse.

    Raises
    ------
    ConfigError
        When there are not more than the few, or fewer than the broker's own.
    """
    own = own_filters(bed.survey)
    if many <= FEW or own > FEW:
        raise ConfigError(f"--filters must be more than {FEW}: the run with {FEW} is what it is compared with")
    costs: dict[int, list[Cost]] = {FEW: [], many: []}
    for _ in range(ROUNDS):
        for count, found in costs.items():
            found.append(one := _run(bed, count, timeout_s))
            say(f"  {count} filters: {one.rate} alerts/s, {one.cpu_ms} ms of processor an alert; {one.progress}")
    rate = {count: max(one.rate for one in found) for count, found in costs.items()}
    cpu = {count: min(one.cpu_ms for one in found) for count, found in costs.items()}
    return {
        "own": own,
        "rates": {str(count): [one.rate for one in found] for count, found in costs.items()},
        "cpu_ms": {str(count): [one.cpu_ms for one in found] for count, found in costs.items()},
        "messages": {str(count): found[-1].messages for count, found in costs.items()},
        "ratio": round(rate[many] / rate[FEW], 3) if rate[FEW] else 0.0,
        "cpu_ratio": round(cpu[FEW] / cpu[many], 3) if cpu[many] else 0.0,
    }
