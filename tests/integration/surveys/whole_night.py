"""A survey's packets from Kafka to closed nights, in this process: the three streams, then every step of each night."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from deltalake import DeltaTable
from pyspark.sql import SparkSession

from expectations.served import SERVED
from expectations.suites import SUITES
from fink_lib.config import Settings
from fink_lib.distribute.stream import plan as distribute
from fink_lib.enrich.stream import plan as enrich
from fink_lib.ingest.stream import plan as ingest
from fink_lib.nightly import compact, crossmatch, events, manifest, objects
from fink_lib.nightly.job import NightContext, perform
from fink_lib.nightly.reconcile import step as reconcile
from fink_lib.nightly.report import step as report
from fink_lib.nightly.results import Step
from fink_lib.nightly.serve import step as serve
from fink_lib.nightly.statistics import step as statistics
from fink_lib.quality import step as quality
from fink_lib.quality.matches import broken_matches
from fink_lib.quality.served import broken_rows
from fink_lib.simulator.player import play
from fink_lib.simulator.request import PlayRequest, PlayResult
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import Survey, get_survey

STREAMS = {Stage.INGEST: ingest, Stage.ENRICH: enrich, Stage.DISTRIBUTE: distribute}
STEPS = {
    Step.RECONCILE: reconcile.run,
    Step.QUALITY: partial(quality.run, suites=SUITES),
    Step.CROSSMATCH: partial(crossmatch.run, broken_matches=partial(broken_matches, expected=SUITES.matches)),
    Step.OBJECTS: objects.run,
    Step.EVENTS: events.run,
    Step.COMPACT: compact.run,
    Step.STATISTICS: statistics.run,
    Step.SERVE: partial(serve.run, broken_rows=partial(broken_rows, expected=SERVED)),
    Step.REPORT: report.run,
    Step.MANIFEST: manifest.run,
}
Facts = Mapping[Step, dict[str, Any]]


@dataclass(frozen=True)
class Broker:
    """The streams and the nights of one survey in a home.

    Attributes
    ----------
    spark
        Whose sessions the streams run in.
    settings
        Of the home and its Kafka.
    survey
        The one survey.
    closed
        What each step found, by night.
    """

    spark: SparkSession
    settings: Settings
    survey: Survey
    closed: dict[Any, Facts] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, spark: SparkSession, kafka: str, home: Path) -> "Broker":
        """Return the broker of a survey in a new home."""
        return cls(spark, Settings(home=home, kafka_bootstrap=kafka, surveys=name), get_survey(name))

    def play(self, path: Path, **facts: Any) -> PlayResult:
        """Send packets to their topics."""
        return play(PlayRequest(path, self.survey, self.settings, **facts))

    def catch_up(self, stages: Iterable[Stage] = STREAMS) -> None:
        """Run streams until each has done what there is."""
        for stage in stages:
            spec = StreamSpec(self.survey.name, stage, self.settings)
            with closing(STREAMS[stage](self.spark.newSession(), spec, self.survey)) as planned:
                planned.start(available_now=True).awaitTermination()

    def close(self, nights: Iterable[Any]) -> None:
        """Take each night through every step."""
        for night in nights:
            context = self.context(night)
            self.closed[night] = {step: perform(context, step, work) for step, work in STEPS.items()}

    def context(self, night: Any) -> NightContext:
        """Return the context of a night's steps."""
        return NightContext(self.settings, self.survey, night, "run-1")

    def rows(self, layer: str, table: str, *columns: str) -> list[dict[str, Any]]:
        """Return the rows of a table of the survey; all columns where none is named."""
        found = DeltaTable(str(self.settings.lake / f"{layer}_{self.survey.name}__{table}")).to_pyarrow_dataset()
        rows: list[dict[str, Any]] = found.to_table(columns=list(columns) or None).to_pylist()
        return rows
