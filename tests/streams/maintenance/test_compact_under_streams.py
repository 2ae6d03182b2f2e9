"""The three streams at full speed on a real Kafka while every table is compacted and vacuumed again and again.

No trigger pauses, and a further part of the night waits in Kafka whenever the tables are compacted: each stream is
always in a micro-batch.

`FINK_TEST_COMPACTIONS` is how often, at least (5; 20 is the long form).
"""

import datetime as dt
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession
from pyspark.sql.streaming import StreamingQuery

from fink_lib.config import Settings
from fink_lib.distribute.stream import plan as distribute
from fink_lib.enrich.stream import plan as enrich
from fink_lib.ingest.stream import plan as ingest
from fink_lib.maintenance.vacuum import vacuum_lake
from fink_lib.nightly import compact
from fink_lib.nightly.job import NightContext
from fink_lib.simulator.player import play
from fink_lib.simulator.request import Fault, PlayRequest
from fink_lib.simulator.sample import sample_night
from fink_lib.streams.plan import StreamPlan
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import get_survey

pytestmark = [
    pytest.mark.spark,
    pytest.mark.kafka,
    pytest.mark.timeout(3600),
    # pyspark leaves the socket of a `collect` to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
ZTF = get_survey("ztf")
STREAMS = {Stage.INGEST: ingest, Stage.ENRICH: enrich, Stage.DISTRIBUTE: distribute}
COMPACTIONS = int(os.environ.get("FINK_TEST_COMPACTIONS", "5"))
DONE_S = 240.0
PAUSE_S = 0.2


@dataclass
class Busy:
    """Streams at work, and what compaction did meanwhile."""

    settings: Settings
    session: SparkSession
    plans: list[StreamPlan] = field(default_factory=list)
    queries: list[StreamingQuery] = field(default_factory=list)
    compactions: list[dict[str, int]] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def keep_compacting(self, night: dt.date) -> None:
        """Compact and vacuum until told to stop."""
        context = NightContext(self.settings, ZTF, night, "again")
        try:
            while not self.over.is_set():
                done = compact.run(context).result["tables"]
                self.compactions.append(
                    {name: one["before"]["files"] - one["after"]["files"] for name, one in done.items()}
                )
                vacuum_lake(self.settings, dt.datetime.now(dt.UTC))
                self.over.wait(PAUSE_S)
        except BaseException as error:  # noqa: BLE001 - told to the test, which runs in another thread
            self.errors.append(error)


@pytest.fixture
def busy(spark: SparkSession, own_kafka: str, tmp_path: Path) -> Iterator[Busy]:
    """Start the three streams without a pause between their batches, a few alerts each."""
    settings = Settings(
        home=tmp_path / "home", kafka_bootstrap=own_kafka, max_offsets_per_batch=40, max_files_per_batch=2
    )
    settings = settings.model_copy(
        update=dict.fromkeys(("ingest_trigger_s", "enrich_trigger_s", "distribute_trigger_s"), 0.0)
    )
    work = Busy(settings, spark)
    for stage, plan in STREAMS.items():
        work.plans.append(plan(spark.newSession(), StreamSpec("ztf", stage, settings), ZTF))
        work.queries.append(work.plans[-1].start())
    yield work
    work.over.set()
    for query in work.queries:
        query.stop()
    for planned in work.plans:
        planned.close()


COLUMNS = ("topic", "filter", "kafka_partition", "kafka_offset", "alert_id")


def rows(settings: Settings, table: str) -> list[dict[str, object]]:
    rows = DeltaTable(str(settings.lake / table)).to_pyarrow_dataset()
    have = [name for name in COLUMNS if name in rows.schema.names]
    found: list[dict[str, object]] = rows.to_table(columns=have).to_pylist()
    return found


def placed(settings: Settings) -> int:
    """Count what enrich has put somewhere."""
    return sum(
        len(rows(settings, name))
        for name in ("silver_ztf__alerts", "silver_ztf__rejected")
        if (settings.lake / name / "_delta_log").exists()
    )


def wait_until_placed(busy: Busy, count: int) -> None:
    pause = threading.Event()
    for _ in range(int(DONE_S)):
        assert not [query.exception() for query in busy.queries if query.exception()]
        if placed(busy.settings) >= count:
            return
        pause.wait(1.0)
    pytest.fail(f"{placed(busy.settings)} of {count} alerts placed after {DONE_S:.0f} s")


@pytest.fixture
def parts(busy: Busy, tmp_path: Path) -> list[Path]:
    """The sample night in as many parts as there are compactions."""
    packets = sorted(sample_night(busy.settings, ZTF).glob("*.avro"))
    folders = [tmp_path / "parts" / str(number) for number in range(COMPACTIONS)]
    for number, folder in enumerate(folders):
        folder.mkdir(parents=True)
        for packet in packets[number::COMPACTIONS]:
            shutil.copy(packet, folder)
    return folders


def send_while_compacting(busy: Busy, parts: list[Path]) -> int:
    """Send each part, one of its alerts twice, as soon as the tables were compacted since the last; count messages."""
    sent = 0
    for number, folder in enumerate(parts):
        sent += play(PlayRequest(folder, ZTF, busy.settings, faults={Fault.DUPLICATE: 1}, seed=number)).sent
        end = time.monotonic() + DONE_S
        while len(busy.compactions) <= number and not busy.errors:
            assert time.monotonic() < end, f"no compaction {number + 1} after {DONE_S:.0f} s"
            time.sleep(PAUSE_S)
    return sent


def test_streams_lose_and_double_nothing_while_their_tables_are_compacted(busy: Busy, parts: list[Path]) -> None:
    compactor = threading.Thread(target=busy.keep_compacting, args=(dt.date(2021, 11, 22),))
    compactor.start()
    sent = send_while_compacting(busy, parts)
    wait_until_placed(busy, 320 + COMPACTIONS)
    for query in busy.queries:
        query.processAllAvailable()
    busy.over.set()
    compactor.join()
    assert busy.errors == []
    assert all(query.isActive and query.exception() is None for query in busy.queries)
    assert len(busy.compactions) >= COMPACTIONS
    removed = Counter[str]()
    for one in busy.compactions:
        removed.update(one)
    assert removed["bronze"] > 0, "no compaction of bronze happened while the streams ran"
    assert removed["silver"] > 0, "no compaction of silver happened while the streams ran"
    bronze = rows(busy.settings, "bronze_ztf__alerts")
    assert len(bronze) == sent == 320 + COMPACTIONS
    assert len({(row["kafka_partition"], row["kafka_offset"]) for row in bronze}) == len(bronze)
    silver, rejected = (rows(busy.settings, name) for name in ("silver_ztf__alerts", "silver_ztf__rejected"))
    assert len(silver) + len(rejected) == len(bronze)
    assert len({row["alert_id"] for row in silver}) == len(silver)
    published = rows(busy.settings, "gold_ztf__published")
    assert len({(row["filter"], row["alert_id"]) for row in published}) == len(published) > 0
    assert {row["alert_id"] for row in published} <= {row["alert_id"] for row in silver}
