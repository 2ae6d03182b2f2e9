"""A third survey as a folder and nothing else: its seven packets through the three streams, and its night closed."""

import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from expectations.served import SERVED
from expectations.suites import SUITES
from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.distribute.stream import plan as distribute
from fink_lib.enrich.stream import plan as enrich
from fink_lib.ingest.stream import plan as ingest
from fink_lib.nightly import compact, crossmatch, manifest, objects
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
from fink_lib.surveys import get_survey

NAME = "winter"
FOLDER = f"fink_lib/surveys/{NAME}/"
MOST_LINES = 150
WHERE = ("fink_lib", "jobs", "dags", "expectations", "docs", "docker")
STREAMS = {Stage.INGEST: ingest, Stage.ENRICH: enrich, Stage.DISTRIBUTE: distribute}
STEPS = {
    Step.RECONCILE: reconcile.run,
    Step.QUALITY: partial(quality.run, suites=SUITES),
    Step.CROSSMATCH: partial(crossmatch.run, broken_matches=partial(broken_matches, expected=SUITES.matches)),
    Step.OBJECTS: objects.run,
    Step.COMPACT: compact.run,
    Step.STATISTICS: statistics.run,
    Step.SERVE: partial(serve.run, broken_rows=partial(broken_rows, expected=SERVED)),
    Step.REPORT: report.run,
    Step.MANIFEST: manifest.run,
}


def git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=PROJECT_DIR, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    return done.stdout.split()


def test_no_other_file_mentions_it_and_its_folder_is_small() -> None:
    own = git("ls-files", FOLDER)
    named = git("grep", "--ignore-case", "--files-with-matches", NAME, "--", *WHERE)
    called = [name for name in git("ls-files", *WHERE) if NAME in name.lower()]
    assert sorted({*named, *called}) == sorted(own)
    assert {Path(name).name for name in own} == {"__init__.py", "reader.avsc"}
    assert sum(len((PROJECT_DIR / name).read_text().splitlines()) for name in own) < MOST_LINES


@dataclass(frozen=True)
class Closed:
    """The night, and what each of its steps found."""

    settings: Settings
    sent: PlayResult
    context: NightContext
    facts: dict[Step, dict[str, Any]]

    def rows(self, layer: str, table: str, *columns: str) -> list[dict[str, Any]]:
        found = DeltaTable(str(self.settings.lake / f"{layer}_{NAME}__{table}")).to_pyarrow_dataset()
        rows: list[dict[str, Any]] = found.to_table(columns=list(columns)).to_pylist()
        return rows


@pytest.fixture(scope="module")
def closed(spark: SparkSession, own_kafka: str, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Closed:
    """Play the packets, run the three streams until they have caught up, close the night."""
    settings = Settings(home=tmp_path_factory.mktemp(NAME) / "home", kafka_bootstrap=own_kafka, surveys=NAME)
    survey = get_survey(NAME)
    sent = play(PlayRequest(shared_data / "third" / NAME, survey, settings))
    for stage, plan in STREAMS.items():
        with closing(plan(spark.newSession(), StreamSpec(NAME, stage, settings), survey)) as planned:
            planned.start(available_now=True).awaitTermination()
    (night,) = sent.nights
    assert night is not None
    context = NightContext(settings, survey, night, "run-1")
    return Closed(settings, sent, context, {step: perform(context, step, work) for step, work in STEPS.items()})


@pytest.mark.spark
@pytest.mark.kafka
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # pyspark's sockets
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Great Expectations' own idioms
class TestNight:
    def test_each_packet_has_its_outcome(self, closed: Closed, capsys: pytest.CaptureFixture[str]) -> None:
        silver = {row["alert_id"] for row in closed.rows("silver", "alerts", "alert_id")}
        topics: dict[int, list[str]] = {}
        for row in closed.rows("gold", "published", "alert_id", "topic", "filter"):
            topics.setdefault(row["alert_id"], []).append(row["topic"])
        alerts = closed.rows("bronze", "alerts", "alert_id", "object_id", "band", "night")
        lines = [f"{'alert':>9} {'object':<12} band  outcome"]
        for row in sorted(alerts, key=lambda row: row["alert_id"]):
            outcome = ["silver"] * (row["alert_id"] in silver) + sorted(topics.get(row["alert_id"], []))
            lines.append(f"{row['alert_id']:>9} {row['object_id']:<12} {row['band']:<5} {', '.join(outcome)}")
        with capsys.disabled():
            sys.stdout.write("\n" + "\n".join(lines) + "\n")
        assert len(alerts) == closed.sent.sent == 7
        assert {(row["band"], str(row["night"])) for row in alerts} == {("J", "2024-03-11")}
        assert all(row["object_id"].startswith("WNTR") for row in alerts)
        assert len(silver) >= 5
        chosen = {alert for alert, sent in topics.items() if f"fink_new_sources_{NAME}" in sent}
        # 3608704 and 3608741 were first seen on the night before, with nothing of Pan-STARRS within 7 arcsec; but none
        # of these packets says whether a minor planet is near.
        assert chosen == set()

    def test_the_science_that_needs_no_survey_ran(self, closed: Closed) -> None:
        rows = closed.rows("silver", "alerts", "alert_id", "nalerthist", "vsx", "ps1_sep_arcsec", "science_errors")
        assert {row["alert_id"]: row["nalerthist"] for row in rows} == {
            **dict.fromkeys((3608701, 3608721, 3608892), 3),
            **dict.fromkeys((3608704, 3608741, 3608756, 3608792), 2),
        }
        assert all(row["vsx"] and row["ps1_sep_arcsec"] > 3.0 for row in rows)
        assert all("failed" not in why for row in rows for _, why in row["science_errors"])

    def test_the_night_is_closed(self, closed: Closed) -> None:
        told = closed.facts[Step.MANIFEST]
        assert told["ok"]
        assert told["equation_holds"]
        assert told["offered"] == told["bronze"] == told["silver"] + told["rejected"] == 7
        assert closed.facts[Step.QUALITY]["critical_failed"] == []
        assert (closed.context.folder / "manifest.v1.json").is_file()
        assert (closed.context.folder / "report.html").is_file()
