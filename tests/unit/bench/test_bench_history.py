"""What an alert costs beside a history: what was opened is counted, and the lakes are what they say they are."""

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from fink_lib.bench import history
from fink_lib.bench.history import FIRST, LATER, LONG, UNCLEANED, HistoryReport, measure, prepare
from fink_lib.bench.history_lake import TONIGHT, MadeLake, lengthen
from fink_lib.bench.opened import Counts, Watched
from fink_lib.bench.stamped import CONTAINERS, Stamped, judge_stamped
from fink_lib.config import Settings
from fink_lib.lake.log import LOG, newest_version
from fink_lib.surveys import ZTF
from tests.unit.ingest.messages import ztf_message

STAMPED = Stamped(CONTAINERS, 1, 0, 1.0, 1.0)


def test_the_kernel_counts_what_is_opened(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    entry, other = tmp_path / "folder" / f"{7:020}.json", tmp_path / "other"
    entry.write_text("x" * 100_000)
    other.write_text("")
    counts = Counts()
    with Watched(tmp_path) as watched:
        for _ in range(2):
            with watched.counting(counts):
                entry.read_text()
                other.read_text()
                list(tmp_path.iterdir())
    assert (counts.files, counts.entries, counts.folders) == (4, 2, 2)
    assert 200_000 <= counts.bytes < 300_000
    assert counts.per(4).entries == 0.5


def test_a_log_that_is_made_long_holds_what_it_held(tmp_path: Path) -> None:
    for number in range(3):
        write_deltalake(tmp_path, pa.table({"id": [number]}), mode="append")
    lengthen(tmp_path, 500, 30.0)
    assert newest_version(tmp_path) == DeltaTable(tmp_path).version() == 499
    assert len(list((tmp_path / LOG).glob("*.json"))) == 500
    assert sorted(DeltaTable(tmp_path).to_pyarrow_table()["id"].to_pylist()) == [0, 1, 2]
    write_deltalake(tmp_path, pa.table({"id": [3]}), mode="append")
    assert DeltaTable(tmp_path).version() == 500


@pytest.mark.parametrize("name", [FIRST, LATER, LONG, UNCLEANED])
def test_a_night_of_each_lake(settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(history, "NIGHTS", 4)
    monkeypatch.setattr(history, "BATCH", 20)
    lake = MadeLake(settings, ZTF, 100)
    prepare(lake, name, 1000)
    counts = measure(lake, ztf_message())
    assert set(counts) == {"start", "judged", "batches", "closing"}
    assert all(one.files > 0 and one.bytes > 0 for one in counts.values())
    published = DeltaTable(lake.published.path(settings.lake))
    nights = 1 if name == FIRST else 4
    assert published.to_pyarrow_table().num_rows == 105 * nights
    entries = len(list((lake.published.path(settings.lake) / LOG).glob("*.json")))
    assert (entries >= 1000) == (name == UNCLEANED)
    assert (published.version() >= 1000) == (name in {LONG, UNCLEANED})


def test_the_verdict_is_of_counts_within_a_tenth() -> None:
    def report(ratio: float) -> HistoryReport:
        return HistoryReport(1, 2, {FIRST: {"start": Counts()}}, {FIRST: Counts()}, {"files": ratio}, {}, STAMPED)

    assert report(1.1).holds
    assert not report(1.11).holds
    assert json.loads(report(1.0).as_json())["holds"]


def test_arrivals_of_a_made_night_are_at_the_offsets_of_their_ids(settings: Settings) -> None:
    lake = MadeLake(settings, ZTF, 10)
    lake.arrive(TONIGHT, np.arange(10))
    lake.add_night(TONIGHT - dt.timedelta(days=1))
    rows = DeltaTable(lake.bronze.path(settings.lake)).to_pyarrow_table(columns=["night", "kafka_offset"])
    assert sorted(rows["kafka_offset"].to_pylist()) == sorted([*range(10), *range(10)])


def test_containers_whose_headers_all_differ_share_one_decoder() -> None:
    found = judge_stamped(ZTF, ztf_message())
    assert (found.containers, found.decoders, found.misfits) == (CONTAINERS, 1, 0)
    assert found.ms_each > 0
