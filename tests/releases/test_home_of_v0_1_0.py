"""A home of v0.1.0 with alerts waiting in every stage, upgraded: today's streams go on with what its streams began."""

import datetime as dt
import hashlib
import itertools
import json
import re
import shutil
import statistics as statistics_of
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from confluent_kafka.admin import AdminClient
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from fink_lib.config import Settings
from fink_lib.distribute.counter import is_counter_topic
from fink_lib.distribute.forget import forget
from fink_lib.distribute.stream import plan as distribute
from fink_lib.enrich.stream import plan as enrich
from fink_lib.errors import LakeError
from fink_lib.ingest.stream import plan as ingest
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.reading import TopicReader
from fink_lib.lake import cumulative, read, table_names
from fink_lib.lake.content import lake_digests
from fink_lib.lake.digest import content_digest, table_digest
from fink_lib.lake.formats import require_current_lake
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.spark.table import ensure_table
from fink_lib.lake.versions import Table
from fink_lib.lake.writer_schemas import WriterSchemas
from fink_lib.maintenance import old_bronze
from fink_lib.maintenance.readers import waiting
from fink_lib.maintenance.upgrade import upgrade
from fink_lib.nightly import manifest
from fink_lib.nightly.job import NightContext, perform
from fink_lib.nightly.reconcile import step as reconcile
from fink_lib.nightly.report import step as report
from fink_lib.nightly.results import Step
from fink_lib.nightly.statistics import step as statistics
from fink_lib.packets.reading import PacketReader
from fink_lib.reprocess import promote, steps
from fink_lib.reprocess.folder import RequestFolder
from fink_lib.reprocess.request import Request
from fink_lib.simulator.player import play
from fink_lib.simulator.request import PlayRequest
from fink_lib.simulator.sample import sample_night
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import get_survey
from fink_lib.surveys.tables import bronze_spec, packet_schema
from tests.releases.another_night import moved_a_day_back
from tests.releases.differences import differing, is_latency, within_a_grain
from tests.releases.releases import V0_1_0
from tests.releases.table_states import State, fields, states

pytestmark = [
    pytest.mark.spark,
    pytest.mark.kafka,
    # pyspark leaves the socket of a `collect` to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

NIGHT, EARLIER = dt.date(2021, 11, 22), dt.date(2021, 11, 21)
# Alerts that passed all streams of v0.1.0, that wait for distribute, for enrich and for ingest, and that came later
FIRST, WAITING, SENT_AGAIN = 30, (6, 5, 4), 5
LATER = 20 - sum(WAITING)
# The night before went through all streams and was closed; some of its packets came twice
BEFORE, BEFORE_AGAIN = 12, 2
REQUEST = "of-the-release"
BRONZE, REJECTED, PUBLISHED = "bronze_ztf__alerts", "silver_ztf__rejected", "gold_ztf__published"
SILVER = "silver_ztf__alerts"
RENAMED = {"gold__upkeep": "gold__table_stats"}
STREAMS = {Stage.INGEST: ingest, Stage.ENRICH: enrich, Stage.DISTRIBUTE: distribute}
UPGRADED = {BRONZE, "bronze_ztf__quarantine", REJECTED}
KEPT = ("night", "alert_id", "object_id", "time", "ra", "dec", "band", "kafka_time", "ingest_time", "code_version")
PLACE = ("kafka_topic", "kafka_partition", "kafka_offset")
STREAMED = {  # table → the columns that name a row of it
    "bronze_ztf__alerts": PLACE,
    "silver_ztf__alerts": PLACE,
    "silver_ztf__rejected": PLACE,
    "gold_ztf__published": ("topic", "partition", "offset"),
}


@dataclass(frozen=True)
class OldHome:
    """A home that v0.1.0 filled.

    Attributes
    ----------
    settings
        Of the home.
    tables
        Each table as v0.1.0 left it.
    said
        Digest of what each table but bronze said, by table and night.
    """

    settings: Settings
    tables: Mapping[str, State]
    said: Mapping[tuple[str, str], str]

    def context(self, run_id: str, night: dt.date = NIGHT) -> NightContext:
        return NightContext(self.settings, get_survey("ztf"), night, run_id)

    @property
    def request(self) -> RequestFolder:
        return RequestFolder(self.settings, REQUEST)


def said(lake: Path) -> dict[tuple[str, str], str]:
    """Return what people and science see of a lake; bronze keeps packets in another form and is compared by itself."""
    names = [name for name in table_names(lake) if not name.startswith("bronze_")]
    return {(one.table, one.night): one.digest for one in lake_digests(lake, names)}


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
    """Have v0.1.0 play, stream and close two nights, promote a reprocessing, and leave alerts in every stage."""
    folder = tmp_path_factory.mktemp("v0.1.0")
    settings = Settings(home=folder / "home", kafka_bootstrap=own_kafka)
    code = V0_1_0.lay_out(folder / "code")
    ends = list(itertools.accumulate((FIRST, *WAITING)))
    parts = [packets[begin:end] for begin, end in itertools.pairwise([0, *ends])]
    folders = [copied(part, folder / f"part-{number}") for number, part in enumerate(parts)]
    folders.insert(1, moved_a_day_back(packets[:BEFORE], folder / "earlier", BEFORE_AGAIN))
    words = ["run-1", REQUEST, stricter_cut(packets[:BEFORE]), *map(str, folders)]
    told = V0_1_0.run(code, Path(__file__).with_name("v0_1_0_night.py"), *words, settings=settings)
    assert told.splitlines()[-1] == str(code)  # it was the old code that ran
    return OldHome(settings, states(settings.lake), said(settings.lake))


def stricter_cut(packets: Sequence[Path]) -> str:
    """Return a cut that about half of some packets pass."""
    scores = [record["candidate"]["rb"] for path in packets for record in fastavro.reader(path.open("rb"))]  # type: ignore[index, call-overload]
    return f"candidate.rb >= {statistics_of.median(scores)}"


class KilledError(BaseException):
    """The upgrade dies."""


@pytest.fixture(scope="module")
def upgraded(old_home: OldHome) -> OldHome:
    """Upgrade the home, killed between two nights of bronze and between two tables; then it goes on."""
    settings, nights, append = old_home.settings, [0], old_bronze._append
    with pytest.raises(LakeError, match=r"bronze_ztf__alerts in .* was written by v0\.1\.0.*run `fink lake upgrade`"):
        ensure_table(bronze_spec(get_survey("ztf")), None, settings.lake)  # type: ignore[arg-type]  # no session yet

    def dying(*words: Any) -> None:
        if nights[0] == 1:
            raise KilledError
        nights[0] += 1
        append(*words)

    def die_at_names(line: str) -> None:
        if line.startswith(REJECTED):
            raise KilledError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(old_bronze, "_append", dying)
        with pytest.raises(KilledError):
            upgrade(settings)
        assert said(settings.lake) == old_home.said
        nights[0] = -1
        with pytest.raises(KilledError):
            upgrade(settings, die_at_names)
        assert nights[0] == 0, "the night that was done is done again"
        with pytest.raises(LakeError, match=r"was not finished"):
            require_current_lake(settings.lake)
    assert [one.table for one in upgrade(settings)] == [
        f"candidate_{REQUEST}/{REJECTED}",
        REJECTED,
        "gold__table_stats",
    ]
    assert upgrade(settings) == []
    require_current_lake(settings.lake)
    return old_home


@pytest.fixture(scope="module")
def continued(
    upgraded: OldHome, packets: list[Path], spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> OldHome:
    """Send alerts more and five again to the upgraded home, and have today's streams go on."""
    old_home = upgraded
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


def test_the_upgraded_home_says_what_it_said(upgraded: OldHome) -> None:
    lake = upgraded.settings.lake
    assert said(lake) == {(RENAMED.get(table, table), night): one for (table, night), one in upgraded.said.items()}
    assert [DeltaTable(str(lake / name)).protocol().min_reader_version for name in table_names(lake)] == [1] * len(
        table_names(lake)
    )


def test_every_packet_of_the_upgraded_bronze_reads_as_its_columns_did(upgraded: OldHome) -> None:
    lake, ztf, version = upgraded.settings.lake, get_survey("ztf"), upgraded.tables[BRONZE].version
    columns = packet_schema(ztf, cutouts=True)
    old = read("bronze", "ztf", "alerts", version=version, lake=lake, columns=[*PLACE, *KEPT, *columns.names])
    now = read("bronze", "ztf", "alerts", lake=lake).combine_chunks()
    (rows_now,) = now.to_batches()
    reader = PacketReader(ztf, columns, WriterSchemas(lake).text)
    packet = reader.read(*(rows_now.column(name) for name in ("schema_sha256", "head", "tail")))
    decoded = pa.RecordBatch.from_arrays(
        [*(rows_now.column(name) for name in (*PLACE, *KEPT)), *packet.columns], names=old.schema.names
    )
    assert content_digest([decoded]) == content_digest(old.to_batches())


def test_a_night_closed_by_the_release_is_closed_again_with_the_same_numbers(upgraded: OldHome) -> None:
    lake, context = upgraded.settings.lake, upgraded.context("run-again", EARLIER)
    before = numbers(lake)
    perform(context, Step.RECONCILE, reconcile.run)
    perform(context, Step.STATISTICS, statistics.run)
    again = manifest.run(context).result
    now = numbers(lake)
    first, last = closings(lake)
    assert again["night"] == str(EARLIER)
    # Filters and modules have other versions by now, and are counted by them; the release knew no latency of nights.
    same = {name: now.get(name) for name in before}
    unlike = {name: values for name, values in differing(before, same).items() if not name[0].startswith("version:")}
    assert [name for name, values in unlike.items() if not (is_latency(name) and within_a_grain(*values))] == []
    added = {name[0].partition(":")[0] for name in now.keys() - before.keys()}
    assert added == {"observed", "version"}
    assert not {*manifest.COUNTS, "published", "equations", "equation_holds", "lost"} & set(differing(first, last))


def numbers(lake: Path) -> dict[tuple[str, str], float]:
    """Return the statistics of the earlier night."""
    return {(row["measure"], row["name"]): row["value"] for row in of_night(lake / "gold__statistics").to_pylist()}


def closings(lake: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return first and last manifest of the earlier night."""
    told = sorted(of_night(lake / "gold__nights").to_pylist(), key=lambda row: row["version"])
    return json.loads(told[0]["manifest"]), json.loads(told[-1]["manifest"])


def test_streams_go_on_in_the_tables_that_are_there(continued: OldHome) -> None:
    now = states(continued.settings.lake)
    old = {RENAMED.get(name, name): state for name, state in continued.tables.items()}
    assert {*STREAMED, "gold__nights", "gold__table_stats"} <= set(old) <= set(now)
    for name, before in old.items():
        assert now[name].table_id == before.table_id, f"{name} is another table"
        grown = {*UPGRADED, PUBLISHED, SILVER}  # the last two by their streams, when they start
        assert name in grown or now[name].columns == before.columns, name
        assert name in UPGRADED or set(fields(before)) <= set(fields(now[name])), name
        assert now[name].version >= before.version + (name in STREAMED), name


def test_what_the_release_wrote_is_kept_and_nothing_is_done_twice(continued: OldHome) -> None:
    lake = continued.settings.lake
    found = {name: rows(lake, name) for name in STREAMED}
    for name in STREAMED:
        old = rows(lake, name, continued.tables[name].version)
        assert len(old) < len(found[name])
        same = {
            key: {column: row[column] for column in row if column in KEPT or name not in UPGRADED}
            for key, row in old.items()
        }
        assert {key: {column: found[name][key][column] for column in row} for key, row in same.items()} == same
    bronze, silver, rejected, published = found.values()
    earlier = BEFORE + BEFORE_AGAIN
    assert len(bronze) == earlier + FIRST + SENT_AGAIN + sum(WAITING) + LATER
    assert sum(bool(row["rebuilt"]) for row in bronze.values()) == earlier + FIRST + sum(WAITING[:2])
    assert sorted(bronze) == sorted([*silver, *rejected])
    assert sum(row["is_duplicate"] for row in rejected.values()) == SENT_AGAIN + BEFORE_AGAIN
    sent = [(row["alert_id"], row["filter"]) for row in published.values()]
    assert len(sent) == len(set(sent))
    tonight = {row["alert_id"] for row in silver.values() if row["night"] == NIGHT}
    assert {row["alert_id"] for row in published.values() if row["night"] == NIGHT} == tonight
    with TopicReader(Connection.of(continued.settings)) as reader:
        marks = {topic: [reader.watermarks(topic, part) for part in parts] for topic, parts in reader.topics().items()}
    told = Counter(topic for topic, _, _ in published)
    assert {topic: sum(mark.high for mark in marks[topic]) for topic in told} == told


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
    assert nights.filter(pc.field("night") == NIGHT)["bronze"].to_pylist() == [30, 55]
    total = {
        (row["measure"], row["name"]): row["total"]
        for row in cumulative("ztf", lake=continued.settings.lake).to_pylist()
    }
    assert total["count", "bronze"] == 55 + BEFORE + BEFORE_AGAIN


def of_night(folder: Path) -> pa.Table:
    return dataset_of(DeltaTable(str(folder))).to_table(filter=pc.field("night") == pa.scalar(EARLIER))


def test_the_promotion_of_the_release_is_undone(continued: OldHome) -> None:
    lake, planned = continued.settings.lake, continued.request.read("plan")["versions"]
    where, names = f"night = DATE '{EARLIER}'", {"silver": "silver_ztf__alerts", "rejected": REJECTED}
    replaced = {name: table_digest(lake / table, planned[name], where) for name, table in names.items()}
    promoted = {name: table_digest(lake / table, None, where) for name, table in names.items()}
    assert not set(promoted.values()) & set(replaced.values())
    promote.undo(continued.request, promote.Person("vera", "a mistake", dt.datetime.now(dt.UTC)))
    assert {name: table_digest(lake / table, None, where) for name, table in names.items()} == replaced
    assert sum(of_night(lake / REJECTED)["is_duplicate"].to_pylist()) == BEFORE_AGAIN


def test_bronze_of_the_release_is_reprocessed_as_it_was(continued: OldHome, spark: SparkSession) -> None:
    """The undone night comes out of a version that the release wrote with the same alerts and the same packets."""
    lake = continued.settings.lake
    version = continued.tables[BRONZE].version
    folder = steps.plan(continued.settings, Request("ztf", EARLIER, EARLIER, bronze_version=version))
    found = steps.run(folder, spark.newSession())
    assert (found["alerts"], found["repeats"]) == (BEFORE + BEFORE_AGAIN, BEFORE_AGAIN)
    columns = ["alert_id", *PLACE, *packet_schema(get_survey("ztf"), cutouts=False).names]
    assert content_digest(of_night(folder.candidate_of(Table.SILVER)).select(columns).to_batches()) == (
        content_digest(of_night(lake / "silver_ztf__alerts").select(columns).to_batches())
    )
    assert table_digest(folder.candidate_of(Table.REJECTED)) == table_digest(
        lake / REJECTED, None, f"night = DATE '{EARLIER}'"
    )
    assert {(move["from"], move["to"]) for move in steps.diff(folder)["moves"] if move["from"] != move["to"]} == set()


def test_a_topic_of_the_release_is_forgotten(continued: OldHome) -> None:
    told = Counter(topic for topic, _, _ in rows(continued.settings.lake, PUBLISHED) if not is_counter_topic(topic))
    topic, count = told.most_common(1)[0]
    admin = AdminClient({"bootstrap.servers": continued.settings.kafka_bootstrap})
    admin.delete_topics([topic], operation_timeout=30)[topic].result()
    assert forget(continued.settings, topic) == count
    assert topic not in {one for one, _, _ in rows(continued.settings.lake, PUBLISHED)}
