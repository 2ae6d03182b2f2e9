"""What closing a night costs: its steps as new processes, one after the other, on a made night of any size."""

import datetime as dt
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from fink_lib.bench.environment import BenchEnvironment
from fink_lib.bench.made_night import PARTITIONS, MadeNight
from fink_lib.bench.memory import tree_rss_mb
from fink_lib.config import Settings
from fink_lib.errors import HostError
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.producing import INPUT_CONFIG, ReportingProducer
from fink_lib.kafka.topics import create_missing
from fink_lib.lake.content import lake_digests
from fink_lib.nightly.results import Step
from fink_lib.streams.runner import settings_environment
from fink_lib.surveys import Survey, value_at
from fink_lib.surveys.checks import decode

Say = Callable[[str], None]
RUN_ID = "bench"
LOOK_EVERY_S = 0.1
NEVER_COMPACT = {"cleanup.policy": "delete", "retention.ms": "-1"}


@dataclass(frozen=True)
class StepCost:
    """What one step took.

    Attributes
    ----------
    wall_s, cpu_s
        Seconds, and processor seconds of the process and its children.
    peak_mb
        Highest resident memory of the process and its children, in MiB.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float


@dataclass(frozen=True)
class ClosingReport:
    """The steps of one night.

    Attributes
    ----------
    alerts
        Of the night.
    steps
        By name of the step, in their order.
    digests
        What the tables say afterwards, by table and night: equal for equal nights, whoever did the parts.
    """

    alerts: int
    steps: Mapping[str, StepCost]
    digests: Mapping[str, str]

    def as_json(self) -> str:
        """Return the figures as JSON."""
        whole = round(sum(one.wall_s for one in self.steps.values()), 2)
        return json.dumps({"alerts": self.alerts, "wall_s": whole, **asdict(self)}, indent=1)


def run_closing(settings: Settings, survey: Survey, message: bytes, alerts: int, say: Say) -> ClosingReport:
    """Make a night, and close it.

    Parameters
    ----------
    settings
        What the steps run with; home and Kafka are of the bench's own, and gone afterwards.
    survey, message
        Whose night, and a real packet whose columns its alerts have.
    alerts
        How many.
    say
        Receives a line for each step.

    Raises
    ------
    HostError
        When a step fails, with its last line.
    """
    packet = decode(survey.framing.unwrap(message))
    night = survey.night.night_of(float(value_at(packet, survey.fields.time) or 0.0))
    made = MadeNight(survey, night, alerts, packet)
    with BenchEnvironment(settings, survey, say) as bed:
        say(f"making a night of {alerts} alerts")
        made.write(bed.settings.lake)
        fill_topics(bed.settings, made.ends, survey.topic_of(night))
        costs: dict[str, StepCost] = {}
        for step in Step:
            costs[step] = _timed(bed, step, night)
            say(f"  {step}: {costs[step].wall_s:.1f} s, {costs[step].peak_mb:.0f} MB")
        say("reading what the tables say")
        digests = {f"{one.table} {one.night}": one.digest for one in lake_digests(bed.settings.lake)}
    return ClosingReport(alerts, costs, digests)


def fill_topics(settings: Settings, ends: Mapping[str, int], arriving: str) -> None:
    """Put as many messages, empty ones, on the topics as the tables name; the survey's has the night's partitions.

    Parameters
    ----------
    settings
        Tell where Kafka is.
    ends
        Topic → how many messages.
    arriving
        The topic that the survey's alerts arrive on; every other one has one partition.
    """
    for topic, count in ends.items():
        here = Connection.of(settings)
        partitions = PARTITIONS if topic == arriving else 1
        create_missing(here, {topic: partitions}, NEVER_COMPACT)
        sender: ReportingProducer[None] = ReportingProducer(here, INPUT_CONFIG, lambda *_: None)
        for number in range(count):
            sender.send(None, topic, number % partitions, b"")
        sender.finish()


def _timed(bed: BenchEnvironment, step: Step, night: dt.date) -> StepCost:
    job = Path(bed.settings.project) / "jobs" / "nightly" / f"{step}.py"
    words = ["--survey", bed.survey.name, "--night", night.isoformat(), "--run-id", RUN_ID]
    begin, peak = time.monotonic(), 0.0
    before = os.times()
    with (bed.home / f"{step}.log").open("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", str(job), *words], stdout=log, stderr=log, env=settings_environment(bed.settings)
        )
        while process.poll() is None:
            peak = max(peak, tree_rss_mb(process.pid))
            time.sleep(LOOK_EVERY_S)
        wall_s, after = time.monotonic() - begin, os.times()
        if process.returncode:
            log.seek(0)
            raise HostError(f"{step} failed: {(log.read().strip().splitlines() or ['it said nothing'])[-1]}")
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return StepCost(round(wall_s, 2), round(cpu_s, 2), peak)
