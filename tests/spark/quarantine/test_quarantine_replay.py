"""Replay: what is good now is in bronze exactly once, with the place it had in Kafka, and the books add up."""

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyspark.sql import SparkSession
from typer.testing import CliRunner

from fink_lib.cli.quarantine import app
from fink_lib.config import Settings
from fink_lib.enrich.stream import plan as enrich
from fink_lib.errors import ConfigError
from fink_lib.ingest.stream import BatchWriter, configure
from fink_lib.kafka.reading import Watermarks
from fink_lib.lake.pinned import Pinned
from fink_lib.lake.releases import read_releases
from fink_lib.lake.versions import Table
from fink_lib.nightly.reconcile.enriched import enriched_equation
from fink_lib.nightly.reconcile.offered import kept_messages, offered_account
from fink_lib.packets.spark.fields import packets
from fink_lib.quarantine import release
from fink_lib.quarantine.browse import Place, Selection
from fink_lib.quarantine.release import Decision, Outcome, replay
from fink_lib.streams.drain import nights_to_close, rows_by_night
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import ZTF
from fink_lib.surveys.tables import night_specs
from fink_lib.testing.nights import FakeKafka
from tests.unit.ingest.messages import CANDID, JD, ztf_message
from tests.unit.quarantine.planted_quarantine import AT, plant_quarantine

pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]
NIGHT = ZTF.night.night_of(JD)
WHY = Decision("ada", "the decoder was mended")
EVERYTHING = Selection()


@pytest.fixture
def planted(spark: SparkSession, settings: Settings) -> Settings:
    """Offsets 0 and 1 in bronze; 2, 3 and 5 quarantined by a bug; 4 cut short, of no night."""
    configure(spark)
    columns = "key binary, value binary, topic string, partition int, offset long, timestamp timestamp"
    columns += ", headers array<struct<key string, value binary>>"
    rows = [(b"key", bytearray(ztf_message(offset)), "t", 0, offset, AT, []) for offset in (0, 1)]
    writer = BatchWriter(spark, StreamSpec("ztf", Stage.INGEST, settings), ZTF)
    writer.write(spark.createDataFrame(rows, columns), 0)
    known = {"night": NIGHT, "error_class": "bad_value"}
    plant_quarantine(
        settings.lake,
        [
            {"kafka_offset": 2, "raw": ztf_message(2), **known, "alert_id": CANDID + 2},
            {"kafka_offset": 3, "raw": ztf_message(3)},
            {"kafka_offset": 4, "raw": ztf_message(4)[:-500], "error_class": "truncated"},
            {"kafka_offset": 5, "raw": ztf_message(5), **known, "alert_id": CANDID + 5},
        ],
    )
    return settings


def bronze(spark: SparkSession, settings: Settings) -> list[Any]:
    table = spark.read.format("delta").load(str(settings.lake / "bronze_ztf__alerts")).orderBy("kafka_offset")
    return table.select("kafka_offset", "alert_id", "kafka_topic", "kafka_time", "night", "object_id").collect()


def offered(spark: SparkSession, settings: Settings) -> tuple[str, bool, dict[str | None, Any]]:
    kafka = FakeKafka({("t", 0): Watermarks(0, 6)})
    tables = Pinned.now(night_specs(ZTF), settings.lake)
    found = offered_account(tables, kafka, ZTF, NIGHT, {("t", 0): Watermarks(0, 6)})  # type: ignore[arg-type]
    (topic,) = found.topics
    assert topic.adds_up
    return found.equation.text, found.equation.holds, dict(topic.by_night)


def test_what_is_good_now_is_in_bronze_once_and_the_books_add_up(spark: SparkSession, planted: Settings) -> None:
    assert offered(spark, planted)[:2] == ("4 offered = 2 bronze + 2 quarantine", True)
    outcome = replay(spark, planted, ZTF, EVERYTHING, WHY)
    assert outcome == Outcome(outcome.action, 4, 3, 0, {"truncated": 1}, {NIGHT.isoformat(): 3})
    rows = bronze(spark, planted)
    assert [(row.kafka_offset, row.alert_id) for row in rows] == [(n, CANDID + n) for n in (0, 1, 2, 3, 5)]
    assert {(row.kafka_topic, row.kafka_time.replace(tzinfo=dt.UTC), row.night) for row in rows} == {("t", AT, NIGHT)}
    assert all(row.object_id for row in rows)
    text, holds, nights = offered(spark, planted)
    assert (text, holds) == ("5 offered = 5 bronze + 0 quarantine", True)
    assert nights[None].quarantine == 1
    again = replay(spark, planted, ZTF, EVERYTHING, WHY)
    assert (again.messages, again.released, again.still_damaged) == (1, 0, {"truncated": 1})
    assert bronze(spark, planted) == rows
    kept = read_releases(planted.lake, ZTF.name).sort_by("kafka_offset").to_pylist()
    assert [(row["kafka_offset"], row["who"], row["why"]) for row in kept] == [
        (offset, "ada", "the decoder was mended") for offset in (2, 3, 5)
    ]
    kept = kept_messages(Pinned.now(night_specs(ZTF), planted.lake), pc.field("kafka_topic") == "t")
    undated = kept["night"].null_count
    assert undated == 1  # offset 3 was of no night while it was quarantined


def test_the_night_is_to_be_closed_again(spark: SparkSession, planted: Settings) -> None:
    night = NIGHT.isoformat()
    folder = planted.night_dir("ztf", night)
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text('{"partition_rows": {"bronze": 2, "quarantine": 2}}')
    assert nights_to_close(planted, "ztf") == {}
    replay(spark, planted, ZTF, Selection(places=(Place("t", 0, 3),)), WHY)
    assert list(nights_to_close(planted, "ztf")) == [night]
    tables = Pinned.now(night_specs(ZTF), planted.lake)
    # What reconcile will keep is what the log says, so that the night stays closed afterwards.
    assert tables.written(Table.QUARANTINE, ["night"], pc.field("night") == pa.scalar(NIGHT)).num_rows == 2
    assert rows_by_night(planted.lake / "bronze_ztf__quarantine") == {night: 2}


def test_enrich_picks_up_what_was_replayed(spark: SparkSession, planted: Settings) -> None:
    stream = enrich(spark, StreamSpec("ztf", Stage.ENRICH, planted), ZTF)
    checkpoint = str(planted.checkpoints / "enrich")

    def run() -> None:
        writer = stream.source.writeStream.foreachBatch(stream.write_batch).option("checkpointLocation", checkpoint)
        writer.trigger(availableNow=True).start().awaitTermination()

    run()
    replay(spark, planted, ZTF, EVERYTHING, WHY)
    run()
    equation = enriched_equation(Pinned.now(night_specs(ZTF), planted.lake), NIGHT)
    assert (equation.total, equation.holds) == (5, True)


def test_a_replay_killed_before_it_was_recorded_is_shown_and_healed(
    spark: SparkSession, planted: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(release, "record_releases", lambda *_: (_ for _ in ()).throw(RuntimeError("killed")))
        with pytest.raises(RuntimeError, match="killed"):
            replay(spark, planted, ZTF, EVERYTHING, WHY)
    assert not offered(spark, planted)[1]
    outcome = replay(spark, planted, ZTF, EVERYTHING, WHY)
    assert (outcome.released, outcome.healed, outcome.nights) == (3, 3, {})
    assert [row.kafka_offset for row in bronze(spark, planted)] == [0, 1, 2, 3, 5]
    assert offered(spark, planted)[:2] == ("5 offered = 5 bronze + 0 quarantine", True)


def test_what_enrich_quarantined_is_not_replayed(spark: SparkSession, planted: Settings) -> None:
    with pytest.raises(ConfigError, match="reprocess their night"):
        replay(spark, planted, ZTF, Selection(stage="enrich"), WHY)


def test_messages_of_a_schema_that_was_unknown_are_replayed_by_the_command_once_it_is_known(
    spark: SparkSession, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ingest of an older version asked for a field that these packets have under another name."""
    before = replace(ZTF, fields=replace(ZTF.fields, required=(*ZTF.fields.required, "candidate.score")))
    configure(spark)
    columns = "key binary, value binary, topic string, partition int, offset long, timestamp timestamp"
    columns += ", headers array<struct<key string, value binary>>"
    rows = [(b"key", bytearray(ztf_message(offset)), "t", 0, offset, AT, []) for offset in (0, 1)]
    writer = BatchWriter(spark, StreamSpec("ztf", Stage.INGEST, settings), before)
    writer.write(spark.createDataFrame(rows, columns), 0)
    (told,) = {(row["error_class"], row["reason"]) for row in listed(settings)}
    assert told == ("unknown_schema", "fields that every ztf alert has are missing: candidate.score")

    monkeypatch.setattr("fink_lib.lake.spark.session.build_session", lambda *_: spark)
    monkeypatch.setattr(SparkSession, "stop", lambda _: None)
    asked = ("--error-class", "unknown_schema", "--who", "ada")
    assert "2 messages: 2 decode now" in fink(settings, "replay", *asked, "--dry-run")
    with pytest.raises(ConfigError, match="needs a name and a reason"):
        fink(settings, "replay", *asked)
    said = fink(settings, "replay", *asked, "--why", "the score is no longer asked for")
    assert said.strip() == f"2 of 2 messages replayed; nights to be closed again: {NIGHT} (+2)"
    assert [(row.kafka_offset, row.alert_id) for row in bronze(spark, settings)] == [(n, CANDID + n) for n in (0, 1)]
    table = packets(spark, ZTF, settings.lake)
    assert table.where("publisher IS NOT NULL AND candidate.magpsf IS NOT NULL").count() == 2
    assert listed(settings) == []
    assert [row["why"] for row in read_releases(settings.lake, ZTF.name).to_pylist()] == [
        "the score is no longer asked for"
    ] * 2
    with pytest.raises(ConfigError, match="nothing is selected"):
        fink(settings, "replay", "--why", "all of it")
    assert "0 of 0 messages" in fink(settings, "replay", "--everything", "--why", "all of it")


def fink(settings: Settings, *words: str) -> str:
    done = CliRunner().invoke(app, [*words, "--home", str(settings.home)], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def listed(settings: Settings) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(fink(settings, "list", "--json"))
    return found
