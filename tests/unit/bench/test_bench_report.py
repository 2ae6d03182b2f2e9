"""From batches and logs to figures."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fink_lib.bench.memory import TOGETHER, MemoryWatch, tree_rss_mb
from fink_lib.bench.report import Batch, Report, percentiles, rate_steady, scaled
from fink_lib.bench.stages import StageRun, chain_figures, read_run

BATCHES = [Batch(100, 20.0, 1020.0), Batch(400, 1.0, 1022.0), Batch(400, 2.0, 1024.0)]


def test_the_steady_rate_leaves_the_first_batch_out_and_counts_waiting() -> None:
    assert rate_steady(BATCHES) == 200.0
    assert rate_steady(BATCHES[:1]) == 5.0
    assert StageRun(1000.0, BATCHES).figures == {"rate_steady": 200.0, "rate_total": 37.5, "first_batch_s": 20.0}
    assert StageRun(0.0, []).figures["rate_total"] == 0.0


def test_what_a_batch_costs_by_itself_is_told_by_those_of_a_few_alerts() -> None:
    assert StageRun(0.0, BATCHES).small_batch_s is None
    small = [Batch(1, 0.5, 1.0), Batch(3, 0.9, 2.0), Batch(2, 0.7, 3.0)]
    assert StageRun(0.0, [*BATCHES, *small]).small_batch_s == 0.7


def test_a_chain_is_as_fast_as_all_its_stages_together() -> None:
    last = StageRun(1000.0, [Batch(900, 1.0, 1120.0)])  # one quick batch at the end makes no quick chain
    assert chain_figures(StageRun(1000.0, BATCHES), last) == {"rate_steady": 8.0, "rate_total": 7.5}
    assert chain_figures(StageRun(0.0, []), last)["rate_total"] == 0.0


def test_rows_counted_twice_are_scaled_to_what_the_tables_hold() -> None:
    doubled = [batch._replace(rows=2 * batch.rows) for batch in BATCHES]
    assert scaled(doubled, 900) == BATCHES
    assert scaled([], 900) == []


def test_percentiles_weigh_a_batch_by_its_alerts() -> None:
    assert percentiles([1.0, 9.0], [99, 1])["p50"] == 1.0
    assert percentiles([1.0, 9.0], [1, 99]) == {"p50": 9.0, "p95": 9.0, "p99": 9.0}
    assert percentiles([]) == {"p50": 0.0, "p95": 0.0, "p99": 0.0}


def test_a_drivers_log_is_read(tmp_path: Path) -> None:
    log = tmp_path / "driver.log"
    log.write_text(
        "WARN something of Spark\n"
        "2026-01-01 00:00:00,000 INFO fink_lib.streams.listener query started stream=ztf.ingest run_id=x\n"
        "2026-01-01 00:00:04,500 INFO fink_lib.streams.listener batch stream=ztf.ingest batch_id=0 rows=70 "
        "batch_s=4.250 rows_per_s=16.5 lag=0\n"
    )
    run = read_run(log)
    assert [(batch.rows, batch.seconds, batch.ended_s - run.began_s) for batch in run.batches] == [(70, 4.25, 4.5)]


def test_the_report_says_the_ratio() -> None:
    facts = {"latency_s": {}, "latency_of": "batch", "latency_alerts": 0, "peak_rss_mb": {}}
    report = Report("ingest", 10, 5, rate_steady=70.0, rate_total=30.0, decode_rate=100.0, **facts)
    assert json.loads(report.as_json())["ratio"] == report.ratio == 0.7


def test_memory_of_a_process_and_its_children_is_watched() -> None:
    code = "import subprocess, sys, time; b = bytearray(60 << 20); subprocess.run([sys.executable, '-c', "
    code += "'import time; b = bytearray(60 << 20); time.sleep(20)'])"
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    watch = MemoryWatch()
    watch.start()
    watch.add("both", process.pid)
    deadline = time.monotonic() + 15
    while watch.peak_mb.get("both", 0.0) < 120.0 and time.monotonic() < deadline:
        time.sleep(0.1)
    watch.close()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert watch.peak_mb["both"] >= 120.0
    assert 120.0 <= watch.peak_own_mb["both"] == watch.peak_own_mb[TOGETHER] <= watch.peak_mb["both"]
    assert tree_rss_mb(process.pid) == pytest.approx(0.0)
