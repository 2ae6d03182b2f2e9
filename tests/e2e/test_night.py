"""Whole nights: Kafka, three streams, a lake, under Airflow; what goes in is in exactly one place when it is over."""

import datetime as dt
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyspark.sql.functions as F
import pytest
from deltalake import DeltaTable

from fink_lib.config import Settings
from fink_lib.enrich import stream as enrich
from fink_lib.host.stack import connected
from fink_lib.ingest import stream as ingest
from fink_lib.simulator.sample import sample_night
from fink_lib.streams.heartbeat import read_heartbeat
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import get_survey
from tests.conftest import SHARED

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.e2e, pytest.mark.airflow, pytest.mark.kafka, pytest.mark.spark]

Books = dict[str, Any]
Place = tuple[str, int, int]
Truth = dict[Place, str]
NIGHT_KEYS = {
    "survey", "night", "offered", "bronze", "quarantine", "silver", "rejected", "repeats",
    "published", "equation_holds", "lost", "latency_s", "expectations",
}  # fmt: skip
COUNTS = ("offered", "bronze", "quarantine", "silver", "rejected", "repeats")
# Alerts of each night, and what enrich makes of them.
SAMPLE, EARLY, LATE = "2021-11-22", "2018-11-29", "2023-10-18"
ALERTS = {SAMPLE: 320, EARLY: 400, LATE: 549}
ARCHIVES = {EARLY: "ztf_public_20181129.tar.gz", LATE: "ztf_public_20231018.tar.gz"}
DUPLICATES, TRUNCATED, CORRUPT = 50, 20, 20
TIMES = {"ingest_time", "enrich_time", "quarantine_time"}
# Which of two equal packets came first is not for the content to say.
PLACE = {"kafka_topic", "kafka_partition", "kafka_offset", "kafka_time"}


@dataclass(frozen=True)
class Played:
    """What was played, and what came of it."""

    books: Books
    truth: Truth
    killed: tuple[int, ...]
    nights: tuple[str, ...]

    def of(self, night: str) -> dict[str, Any]:
        if night not in self.nights:
            pytest.skip(f"the alerts of {night} (../shared/data) are not on this machine")
        return next(books for books in self.books["nights"] if books["night"] == night)


@pytest.fixture(scope="module")
def played(play: Callable[..., Books], e2e_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Real nights with faults, and a file that is no alert, at once; the ingest driver is killed with -9 meanwhile."""
    folder = tmp_path_factory.mktemp("nights")
    (folder / "notes.txt").write_text("clear sky\n")
    for packet in sample_night(e2e_settings, get_survey("ztf")).iterdir():
        (folder / packet.name).symlink_to(packet)
    there = {night: SHARED / "ztf" / archive for night, archive in ARCHIVES.items()}
    for path in filter(Path.exists, there.values()):
        (folder / path.name).symlink_to(path)
    truth = folder.parent / "truth.jsonl"
    faults = {"--duplicates": DUPLICATES, "--truncated": TRUNCATED, "--corrupt": CORRUPT, "--truth": truth}
    killed: list[int] = []
    killer = threading.Thread(target=_kill_ingest, args=(e2e_settings, killed), daemon=True)
    killer.start()
    books = play(folder, "--rate", "25", *(str(word) for option in faults.items() for word in option))
    killer.join(5.0)
    assert killed, "the nights were over before the driver could be killed"
    return Played(
        books, truth_of(truth), tuple(killed), (SAMPLE, *(night for night, path in there.items() if path.exists()))
    )


def truth_of(path: Path) -> Truth:
    """Return where each message that was sent has to end, by its place in Kafka."""
    lines = [json.loads(line) for line in path.read_text().splitlines()][:-1]
    return {(line["topic"], line["partition"], line["offset"]): line["expected"] for line in lines}


def found_in(lake: Path) -> Truth:
    """Return where each message did end."""

    def rows(table: str, *more: str) -> list[dict[str, Any]]:
        columns = ["kafka_topic", "kafka_partition", "kafka_offset", *more]
        listed: list[dict[str, Any]] = DeltaTable(str(lake / table)).to_pyarrow_table(columns=columns).to_pylist()
        return listed

    def place(row: dict[str, Any]) -> Place:
        return row["kafka_topic"], row["kafka_partition"], row["kafka_offset"]

    found = {place(row): "bronze" for row in rows("bronze_ztf__alerts")}
    found |= {place(row): "repeat" for row in rows("silver_ztf__rejected", "is_duplicate") if row["is_duplicate"]}
    damaged = rows("bronze_ztf__quarantine", "error_class")
    assert not found.keys() & {place(row) for row in damaged}
    return found | {place(row): f"quarantine:{row['error_class']}" for row in damaged}


def test_every_message_and_every_fault_is_where_the_truth_says(played: Played, e2e_home: Path) -> None:
    assert played.books["ok"] is True
    total = Counter[str]()
    for night in played.books["nights"]:
        assert set(night) >= NIGHT_KEYS
        total.update({key: night[key] for key in COUNTS})
        assert night["equation_holds"] is True
        assert night["lost"] == []
    truth = Counter(expected.partition(":")[0] for expected in played.truth.values())
    alerts = sum(ALERTS[night] for night in played.nights)
    assert truth["quarantine"] == total["quarantine"] == TRUNCATED + CORRUPT
    assert total["offered"] == alerts + DUPLICATES + TRUNCATED + CORRUPT
    assert total["bronze"] == alerts + DUPLICATES
    assert total["repeats"] == truth["repeat"] == DUPLICATES
    assert total["silver"] + total["rejected"] == alerts
    assert found_in(e2e_home / "lake") == played.truth


@pytest.mark.parametrize(("night", "silver", "rejected"), [(EARLY, 232, 168), (LATE, 549, 0), (SAMPLE, 320, 0)])
def test_real_nights_are_counted_exactly(
    played: Played, e2e_home: Path, night: str, silver: int, rejected: int
) -> None:
    books = played.of(night)
    assert (books["silver"], books["rejected"]) == (silver, rejected)
    assert books["bronze"] - books["repeats"] == ALERTS[night] == silver + rejected
    versions = [path.name for path in (e2e_home / "nights" / "ztf" / night).glob("manifest.v*.json")]
    assert versions == ["manifest.v1.json"], "the night was taken for over while a batch was at work"


def test_a_night_has_a_report_and_a_manifest(played: Played, e2e_home: Path) -> None:
    assert SAMPLE in played.nights
    folder = e2e_home / "nights" / "ztf" / SAMPLE
    page = (folder / "report.html").read_text()
    assert SAMPLE in page
    for drawn in ('class="flow"', 'class="plot"', 'class="curve"', "data:image/png;base64,"):
        assert drawn in page
    manifest = json.loads((folder / "manifest.json").read_text())
    report = json.loads((folder / "report.json").read_text())
    assert manifest["equation_holds"] is True
    assert manifest["critical_failed"] == []
    assert report["night"] == SAMPLE
    assert {"ingest", "enrich"} <= set(manifest["latency_s"])


def test_a_killed_driver_changes_nothing(
    played: Played, e2e_settings: Settings, spark: "SparkSession", tmp_path: Path
) -> None:
    running = connected(e2e_settings)
    undisturbed = running.model_copy(update={"home": tmp_path / "home"})
    _stream_once(spark, undisturbed, played.nights)
    for table, aside in (("bronze_ztf__alerts", TIMES), ("bronze_ztf__quarantine", TIMES)):
        assert _rows(running, spark, table, aside) == _rows(undisturbed, spark, table, aside) != Counter()
    for table in ("silver_ztf__alerts", "silver_ztf__rejected"):
        aside = TIMES | PLACE
        assert _rows(running, spark, table, aside) == _rows(undisturbed, spark, table, aside) != Counter()
    assert read_heartbeat(StreamSpec("ztf", Stage.INGEST, running).paths.heartbeat).pid not in played.killed


def test_every_alert_left_once_by_each_filter(played: Played, e2e_home: Path) -> None:
    published = DeltaTable(str(e2e_home / "lake" / "gold_ztf__published"))
    rows = published.to_pyarrow_table(columns=["filter", "alert_id", "topic"]).to_pylist()
    sent = Counter((row["filter"], row["alert_id"]) for row in rows)
    assert set(sent.values()) == {1}
    topics = Counter(row["topic"] for row in rows)
    told = Counter[str]()
    for night in played.books["nights"]:
        told.update(night["published"])
    assert +told == topics


def _kill_ingest(settings: Settings, killed: list[int]) -> None:
    """Kill the ingest driver with -9 once it has taken part of the night."""
    spec = StreamSpec("ztf", Stage.INGEST, settings)
    before = read_heartbeat(spec.paths.heartbeat)
    rows = 0 if before is None else before.rows_total
    deadline = time.monotonic() + 1200  # a slow machine takes minutes to start everything
    while time.monotonic() < deadline:
        beat = read_heartbeat(spec.paths.heartbeat)
        if beat is not None and beat.rows_total > rows + 50:
            os.kill(beat.pid, signal.SIGKILL)
            killed.append(beat.pid)
            return
        time.sleep(0.2)


def _stream_once(spark: "SparkSession", settings: Settings, nights: Iterable[str]) -> None:
    """Run ingest and enrich over all that Kafka holds of the nights, once, without Airflow."""
    ztf = get_survey("ztf")
    survey = replace(
        ztf,
        input=replace(
            ztf.input, topic_pattern="|".join(ztf.topic_of(dt.date.fromisoformat(night)) for night in nights)
        ),
    )
    for stage, module in ((Stage.INGEST, ingest), (Stage.ENRICH, enrich)):
        spec = StreamSpec("ztf", stage, settings)
        query = module.plan(spark, spec, survey).start(available_now=True)
        query.awaitTermination(600)
        assert query.exception() is None


def _rows(settings: Settings, spark: "SparkSession", table: str, aside: set[str]) -> Counter[str]:
    """Count rows by their content, some columns aside."""
    content = spark.read.format("delta").load(str(settings.lake / table)).drop(*aside)
    return Counter(row[0] for row in content.select(F.sha2(F.to_json(F.struct(*content.columns)), 256)).collect())
