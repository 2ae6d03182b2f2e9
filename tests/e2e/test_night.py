"""Whole nights: Kafka, three streams, a lake, under Airflow; what goes in is in exactly one place when it is over."""

import datetime as dt
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyspark.sql.functions as F
import pytest
from deltalake import DeltaTable

from fink_lib.cli.host.stack import connected
from fink_lib.config import Settings
from fink_lib.enrich import stream as enrich
from fink_lib.ingest import stream as ingest
from fink_lib.streaming.heartbeat import read_heartbeat
from fink_lib.streaming.spec import Stage, StreamSpec
from fink_lib.surveys import get_survey

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.e2e, pytest.mark.airflow, pytest.mark.kafka, pytest.mark.spark]

Books = dict[str, Any]
NIGHT_KEYS = {
    "survey", "night", "offered", "bronze", "quarantine", "silver", "rejected", "repeats",
    "published", "equation_holds", "lost", "latency_s", "expectations",
}  # fmt: skip
NIGHTS = {"2018-11-29": "ztf_public_20181129.tar.gz", "2023-10-18": "ztf_public_20231018.tar.gz"}
TIMES = {"ingest_time", "enrich_time"}


def by_night(books: Books) -> dict[str | None, dict[str, Any]]:
    return {night["night"]: night for night in books["nights"]}


def truth_of(path: Path) -> Counter[str]:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return Counter(line["expected"] for line in lines if "expected" in line and "offset" in line)


def test_sample_night_with_faults_ends_where_the_truth_says(
    play: Callable[..., Books], e2e_home: Path, tmp_path: Path
) -> None:
    truth = tmp_path / "truth.jsonl"
    faults = ("--duplicates", "50", "--truncated", "20", "--corrupt", "20", "--truth", str(truth))
    books = play("sample", *faults)
    assert books["ok"] is True
    assert set(books["nights"][0]) >= NIGHT_KEYS
    expected = truth_of(truth)
    total = Counter[str]()
    for night in books["nights"]:
        total.update({key: night[key] for key in ("offered", "bronze", "quarantine", "silver", "rejected", "repeats")})
        assert night["equation_holds"] is True
        assert night["lost"] == []
    damaged = sum(count for place, count in expected.items() if place.startswith("quarantine"))
    assert damaged == 40
    assert total["offered"] == 320 + 90
    assert total["quarantine"] == damaged
    assert total["bronze"] == 370
    assert total["repeats"] == expected["repeat"] == 50
    assert total["silver"] + total["rejected"] == 320
    rows = DeltaTable(str(e2e_home / "lake" / "bronze_ztf__quarantine")).to_pyarrow_table(columns=["error_class"])
    classes = Counter(f"quarantine:{name}" for name in rows["error_class"].to_pylist())
    assert classes == {place: count for place, count in expected.items() if place.startswith("quarantine")}


def test_the_night_has_a_report_and_a_manifest(play: Callable[..., Books], e2e_home: Path) -> None:
    folder = e2e_home / "nights" / "ztf" / "2021-11-22"
    page = (folder / "report.html").read_text()
    assert "2021-11-22" in page
    assert "<svg" in page or "data:image/png" in page
    manifest = json.loads((folder / "manifest.json").read_text())
    report = json.loads((folder / "report.json").read_text())
    assert manifest["equation_holds"] is True
    assert manifest["critical_failed"] == []  # the planted faults fail a warning, as they should
    assert report
    assert {"ingest", "enrich"} <= set(manifest["latency_s"])


@pytest.fixture(scope="module")
def disturbed(
    play: Callable[..., Books], e2e_settings: Settings, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Books:
    """Two real nights and a file that is no alert, played at once; the ingest driver is killed with -9 meanwhile."""
    folder = tmp_path_factory.mktemp("two-nights")
    (folder / "notes.txt").write_text("clear sky\n")
    for archive in NIGHTS.values():
        (folder / archive).symlink_to(shared_data / "ztf" / archive)
    killed: list[int] = []
    killer = threading.Thread(target=_kill_ingest, args=(e2e_settings, killed))
    killer.start()
    books = play(folder, "--rate", "25")
    killer.join()
    assert killed, "the nights were over before the driver could be killed"
    return books


def test_real_nights_are_counted_exactly(disturbed: Books, e2e_home: Path) -> None:
    assert disturbed["ok"] is True
    early, late = (by_night(disturbed)[night] for night in NIGHTS)
    assert (early["offered"], early["bronze"], early["quarantine"]) == (400, 400, 0)
    assert (early["silver"], early["rejected"], early["repeats"]) == (232, 168, 0)
    assert (late["offered"], late["bronze"], late["silver"]) == (549, 549, 549)
    for night in NIGHTS:
        versions = [path.name for path in (e2e_home / "nights" / "ztf" / night).glob("manifest.v*.json")]
        assert versions == ["manifest.v1.json"], "the night was taken for over while a batch was at work"


def test_a_killed_driver_changes_nothing(
    disturbed: Books, e2e_settings: Settings, spark: "SparkSession", tmp_path: Path
) -> None:
    assert disturbed["ok"] is True
    running = connected(e2e_settings)
    undisturbed = running.model_copy(update={"home": tmp_path / "home"})
    _stream_once(spark, undisturbed)
    for table in ("bronze_ztf__alerts", "silver_ztf__alerts", "silver_ztf__rejected"):
        assert _rows(running, spark, table) == _rows(undisturbed, spark, table) != Counter()


def _kill_ingest(settings: Settings, killed: list[int]) -> None:
    """Kill the ingest driver with -9 once it has taken part of the night, and wait until it is back."""
    spec = StreamSpec("ztf", Stage.INGEST, settings)
    before = read_heartbeat(spec.paths.heartbeat)
    rows = 0 if before is None else before.rows_total
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        beat = read_heartbeat(spec.paths.heartbeat)
        if beat is not None and beat.rows_total > rows + 50:
            os.kill(beat.pid, signal.SIGKILL)
            killed.append(beat.pid)
            return
        time.sleep(0.2)


def _stream_once(spark: "SparkSession", settings: Settings) -> None:
    """Run ingest and enrich over all that Kafka holds of the two nights, once, without Airflow."""
    ztf = get_survey("ztf")
    survey = replace(ztf, topic_pattern="|".join(ztf.topic_of(dt.date.fromisoformat(night)) for night in NIGHTS))
    for stage, module in ((Stage.INGEST, ingest), (Stage.ENRICH, enrich)):
        spec = StreamSpec("ztf", stage, settings)
        query = module.plan(spark, spec, survey).start(available_now=True)
        query.awaitTermination(600)
        assert query.exception() is None


def _rows(settings: Settings, spark: "SparkSession", table: str) -> Counter[str]:
    """Count the rows of the two nights by their content; only the times of processing may differ."""
    frame = spark.read.format("delta").load(str(settings.lake / table)).where(F.col("night").isin(*NIGHTS))
    content = frame.drop(*TIMES)
    return Counter(row[0] for row in content.select(F.sha2(F.to_json(F.struct(*content.columns)), 256)).collect())
