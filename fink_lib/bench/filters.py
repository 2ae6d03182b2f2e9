"""What many filters cost: distribute over the same silver with twenty of them and with more, one run after another."""

import datetime as dt
import shutil
import time
from collections.abc import Callable
from statistics import mean
from typing import Any

from confluent_kafka.admin import AdminClient

from fink_lib.bench.bed import Bed
from fink_lib.bench.stages import StageRun, has_distributed, read_run, rows_of, running, wait_for
from fink_lib.distribute.match import paths_of
from fink_lib.distribute.topics import client_config, output_topics
from fink_lib.enrich.schema import silver_spec
from fink_lib.errors import ConfigError
from fink_lib.filters.registry import active_filters, filters_of
from fink_lib.lake.tables import gold_published, gold_user_filters
from fink_lib.streaming.spec import Stage, StreamSpec
from fink_lib.surveys import Survey
from fink_lib.user_filters.store import Action, Event, record

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
    return len(active_filters(filters_of(survey.name), paths_of(silver_spec(survey).schema)))


def _activate(bed: Bed, count: int) -> None:
    """Let exactly so many users' filters be active."""
    shutil.rmtree(gold_user_filters().path(bed.settings.lake), ignore_errors=True)
    for number in range(count):
        for event, action in enumerate((Action.ADD, Action.ACTIVATE), 1):
            made = Event(
                bed.survey.name, f"made_{number:03d}", event, action, 1, owner="bench", description="Made up.",
                predicate=predicate(number), by="bench", at=dt.datetime.now(dt.UTC),
            )  # fmt: skip
            record(bed.settings.lake, made)


def _forget(bed: Bed, spec: StreamSpec) -> None:
    """Let distribute begin from nothing: no topics, no checkpoint, nothing published."""
    admin = AdminClient(client_config(bed.settings))
    topics = output_topics(admin, bed.survey.name)
    for done in admin.delete_topics(topics, operation_timeout=GONE_S).values() if topics else ():
        done.result(GONE_S)
    deadline = time.monotonic() + GONE_S
    while output_topics(admin, bed.survey.name) and time.monotonic() < deadline:
        time.sleep(0.1)
    for path in (spec.checkpoint, spec.paths.root, gold_published(bed.survey).path(bed.settings.lake)):
        shutil.rmtree(path, ignore_errors=True)


def _run(bed: Bed, count: int, timeout_s: float) -> tuple[StageRun, int]:
    own, spec = own_filters(bed.survey), StreamSpec(bed.survey.name, Stage.DISTRIBUTE, bed.settings)
    _forget(bed, spec)
    _activate(bed, count - own)
    with running(bed, [Stage.DISTRIBUTE]) as (spec,):
        wait_for(bed, [spec], lambda: has_distributed(spec, 0.0), time.monotonic() + timeout_s)
    run = read_run(spec.paths.log).of(rows_of(bed, "silver.alerts"))
    return run, rows_of(bed, "gold.published")


def compare_filters(bed: Bed, many: int, timeout_s: float, say: Callable[[str], None]) -> dict[str, Any]:
    """Run distribute with few and with many filters; return the rates and their ratio.

    Raises
    ------
    ConfigError
        When there are not more than the few, or fewer than the broker's own.
    """
    if many <= FEW or own_filters(bed.survey) > FEW:
        raise ConfigError(f"--filters must be more than {FEW}: the run with {FEW} is what it is compared with")
    rates: dict[int, list[float]] = {FEW: [], many: []}
    messages: dict[int, int] = {}
    for _ in range(ROUNDS):
        for count in (FEW, many):
            run, messages[count] = _run(bed, count, timeout_s)
            rates[count].append(run.figures["rate_steady"])
            say(f"  {count} filters: {rates[count][-1]} alerts/s; batch by batch: {run.progress}")
    return {
        "own": own_filters(bed.survey),
        "rates": {str(count): found for count, found in rates.items()},
        "messages": {str(count): found for count, found in messages.items()},
        "ratio": round(mean(rates[many]) / mean(rates[FEW]), 3) if all(rates[FEW]) else 0.0,
    }
