"""A home of v0.1.0 with alerts waiting in every stage, upgraded: today's streams go on with what its streams began."""

import datetime as dt
import hashlib
import itertools
import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from fink_lib.config import Settings
from fink_lib.distribute.counter import is_counter_topic
from fink_lib.distribute.stream import plan as distribute
from fink_lib.enrich.stream import plan as enrich
from fink_lib.errors import LakeError
from fink_lib.ingest.stream import plan as ingest
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.reading import TopicReader
from fink_lib.lake import cumulative, read, table_names
from fink_lib.maintenance.readers import waiting
from fink_lib.maintenance.upgrade import upgrade
from fink_lib.nightly import manifest
from fink_lib.nightly.job import NightContext, perform
from fink_lib.nightly.reconcile import step as reconcile
from fink_lib.nightly.report import step as report
from fink_lib.nightly.results import Step
from fink_lib.nightly.statistics import step as statistics
from fink_lib.simulator.player import play
from fink_lib.simulator.request import PlayRequest
from fink_lib.simulator.sample import sample_night
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import get_survey
from tests.releases.releases import V0_1_0

pytestmark = [
    pytest.mark.spark,
    pytest.mark.kafka,
    # pyspark leaves the socket of a `collect` to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

NIGHT = dt.date(2021, 11, 22)
# Alerts that passed all streams of v0.1.0, that wait for distribute, for enrich and for ingest, and that came later
FIRST, WAITING, SENT_AGAIN = 30, (6, 5, 4), 5
LATER = 20 - sum(WAITING)
BRONZE, PUBLISHED = "bronze_ztf__alerts", "gold_ztf__published"
STREAMS = {Stage.INGEST: ingest, Stage.ENRICH: enrich, Stage.DISTRIBUTE: distribute}
UPGRADED = {BRONZE, "bronze_ztf__quarantine"}
KEPT = ("night", "alert_id", "object_id", "time", "ra", "dec", "band", "kafka_time", "ingest_time", "code_version")
PLACE = ("kafka_topic", "kafka_partition", "kafka_offset")
STREAMED = {  # table → the columns that name a row of it
    "bronze_ztf__alerts": PLACE,
    "silver_ztf__alerts": PLACE,
    "silver_ztf__rejected": PLACE,
    "gold_ztf__published": ("topic", "partition", "offset"),
}


@dataclass(frozen=True)
class State:
    """A table at one moment.

    Attributes
    ----------
    table_id, columns
        Of its metadata: another id is another table.
    version
        Its newest one.
    """

    table_id: str
    columns: str
    version: int


@dataclass(frozen=True)
class OldHome:
    """A home that v0.1.0 filled.

    Attributes
    ----------
    settings
        Of the home.
    tables
        Each table as v0.1.0 left it.
    """

    settings: Settings
    tables: Mapping[str, State]

    def context(self, run_id: str) -> NightContext:
        return NightContext(self.settings, get_survey("ztf"), NIGHT, run_id)


def states(lake: Path) -> dict[str, State]:
    found = {name: DeltaTable(str(lake / name)) for name in table_names(lake)}
    return {
        name: State(str(table.metadata().id), table.schema().to_json(), table.version())
        for name, table in found.items()
    }


def rows(lake: Path, table: str, version: int | None = None) -> dict[tuple[Any, ...], Any]:
    """Return the rows of a table that a stream writes, by what names them; each once."""
    layer, survey, name = re.fullmatch(r"([a-z]+)_([a-z]+)__([a-z]+)", table).groups()  # type: ignore[union-attr]
    found = read(layer, survey, name, version=version, lake=lake).to_pylist()
    named = {tuple(row[column] for column in STREAMED[table]): row for row in found}
    assert len(named) == len(found), f"{table} has a row twice"
    return named


def copied(packets: Sequence[Path], folder: Path) -> Path:
    folder.mkdir()
    for packet in packets:
        shutil.copy(packet, folder)
    return folder


@pytest.fixture(scope="module")
def packets() -> list[Path]:
    return sorted(sample_night(Settings(), get_survey("ztf")).glob("*.avro"))


@pytest.fixture(scope="module")
def old_home(own_kafka: str, packets: list[Path], tmp_path_factory: pytest.TempPathFactory) -> OldHome:
    """Have v0.1.0 play, stream and close a night of thirty alerts, and leave some in every stage."""
    folder = tmp_path_factory.mktemp("v0.1.0")
    settings = Settings(home=folder / "home", kafka_bootstrap=own_kafka)
    code = V0_1_0.lay_out(folder / "code")
    ends = list(itertools.accumulate((FIRST, *WAITING)))
    parts = [packets[begin:end] for begin, end in itertools.pairwise([0, *ends])]
    folders = [str(copied(part, folder / f"part-{number}")) for number, part in enumerate(parts)]
    told = V0_1_0.run(code, Path(__file__).with_name("v0_1_0_night.py"), "run-1", *folders, settings=settings)
    assert told.splitlines()[-1] == str(code)  # it was the old code that ran
    return OldHome(settings, states(settings.lake))


@pytest.fixture(scope="module")
def continued(
    old_home: OldHome, packets: list[Path], spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> OldHome:
    """Upgrade the home, send alerts more and five again, and have today's streams go on."""
    with pytest.raises(LakeError, match=r"bronze_ztf__alerts was written by v0\.1\.0.*run `fink lake upgrade`"):
        ingest(spark.newSession(), StreamSpec("ztf", Stage.INGEST, old_home.settings), get_survey("ztf"))
    (done,) = upgrade(old_home.settings)
    assert (done.table, done.rows) == (BRONZE, FIRST + sum(WAITING[:2]))
    assert upgrade(old_home.settings) == []
    assert waiting(DeltaTable(str(old_home.settings.lake / BRONZE)), old_home.settings.checkpoints) == []
    begin = FIRST + sum(WAITING)
    chosen = [*packets[:SENT_AGAIN], *packets[begin : begin + LATER]]
    later = copied(chosen, tmp_path_factory.mktemp("later") / "packets")
    play(PlayRequest(later, get_survey("ztf"), old_home.settings))
    for stage, plan in STREAMS.items():
        spec = StreamSpec("ztf", stage, old_home.settings)
        with closing(plan(spark.newSession(), spec, get_survey("ztf"))) as planned:
            planned.start(available_now=True).awaitTermination()
    return old_home


def test_streams_go_on_in_the_tables_that_are_there(continued: OldHome) -> None:
    now = states(continued.settings.lake)
    assert {*STREAMED, "gold__nights"} <= set(continued.tables) <= set(now)
    for name, before in continued.tables.items():
        assert now[name].table_id == before.table_id, f"{name} is another table"
        assert name in UPGRADED or now[name].columns == before.columns, name
        assert now[name].version >= before.version + (name in STREAMED), name


def test_what_the_release_wrote_is_kept_and_nothing_is_done_twice(continued: OldHome) -> None:
    lake = continued.settings.lake
    found = {name: rows(lake, name) for name in STREAMED}
    for name in STREAMED:
        old = rows(lake, name, continued.tables[name].version)
        assert len(old) < len(found[name])
        same = {
            key: {column: row[column] for column in row if column in KEPT or name != BRONZE} for key, row in old.items()
        }
        assert {key: {column: found[name][key][column] for column in row} for key, row in same.items()} == same
    bronze, silver, rejected, published = found.values()
    assert len(bronze) == FIRST + SENT_AGAIN + sum(WAITING) + LATER
    assert sum(bool(row["rebuilt"]) for row in bronze.values()) == FIRST + sum(WAITING[:2])
    assert sorted(bronze) == sorted([*silver, *rejected])
    assert sum(row["is_repeat"] for row in rejected.values()) == SENT_AGAIN
    sent = [(row["alert_id"], row["filter"]) for row in published.values()]
    assert len(sent) == len(set(sent))
    assert {alert for alert, _ in sent} == {row["alert_id"] for row in silver.values()}


def test_a_message_proves_the_bytes_of_what_arrived_since_and_of_nothing_older(continued: OldHome) -> None:
    lake = continued.settings.lake
    old, now = (rows(lake, "gold_ztf__published", version) for version in (continued.tables[PUBLISHED].version, None))
    bronze = {row["alert_id"]: row for row in rows(lake, BRONZE).values()}
    proven: dict[bool, int] = {True: 0, False: 0}
    with TopicReader(Connection.of(continued.settings)) as reader:
        for place in sorted(set(now) - set(old)):
            if is_counter_topic(place[0]):
                continue
            (message,) = reader.messages(*place, place[2])
            packet, headers = bronze[now[place]["alert_id"]], dict(message.headers or ())
            datum = packet["head"] + (packet["tail"] or b"")
            assert (message.value or b"").startswith(datum)
            assert int(headers["datum_bytes"]) == len(datum)
            digest = None if packet["rebuilt"] else hashlib.sha256(datum).hexdigest().encode()
            assert headers.get("datum_sha256") == digest
            proven[digest is not None] += 1
    assert min(proven.values()) > 0


def test_the_night_is_closed_again(continued: OldHome) -> None:
    context = continued.context("run-2")
    counts = perform(context, Step.RECONCILE, reconcile.run)["counts"]
    assert (counts["offered"], counts["bronze"], counts["repeats"]) == (55, 55, SENT_AGAIN)
    assert perform(context, Step.STATISTICS, statistics.run)["counts"]["bronze"] == 55
    perform(context, Step.REPORT, report.run)
    assert manifest.run(context).result["version"] == 2
    nights = read("gold", None, "nights", lake=continued.settings.lake).sort_by("version")
    assert nights["bronze"].to_pylist() == [30, 55]
    total = {
        (row["measure"], row["name"]): row["total"]
        for row in cumulative("ztf", lake=continued.settings.lake).to_pylist()
    }
    assert total["count", "bronze"] == 55
