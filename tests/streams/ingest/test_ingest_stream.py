"""The stream itself, from a real Kafka."""

import csv
import dataclasses
import re
import shutil
import tarfile
import uuid
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import TopicPartition
from pyspark.errors import StreamingQueryException

from fink_lib.config import Settings
from fink_lib.ingest.stream import plan
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.reading import TopicReader
from fink_lib.lake.places import Places
from fink_lib.lake.spark.table import read_table
from fink_lib.lake.tables import quarantine
from fink_lib.lake.topics import current_names, read_topics
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import LSST, ZTF, Survey
from fink_lib.surveys.framing import ConfluentFraming, FolderSchemas
from fink_lib.surveys.tables import bronze_spec
from tests.unit.ingest.messages import CANDID, ztf_message

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [
    pytest.mark.spark,
    pytest.mark.kafka,
    # Spark's Python side leaves sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def send(bootstrap: str, topic: str, messages: Sequence[bytes | None]) -> None:
    from confluent_kafka import Producer

    failures: list[object] = []
    producer = Producer({"bootstrap.servers": bootstrap})
    for message in messages:
        producer.produce(topic, message, key=b"k", on_delivery=lambda error, _: failures.append(error))
        producer.poll(0)
    assert producer.flush(60) == 0
    assert set(failures) == {None}


def delete(connection: Connection, topic: str) -> None:
    admin = connection.admin()  # kept until its answer is there: it ends with it
    (done,) = admin.delete_topics([topic], operation_timeout=30).values()
    done.result(30)


def drain(spark: "SparkSession", spec: StreamSpec, survey: Survey) -> None:
    """Take everything that is there, as a driver that is started anew would."""
    query = plan(spark, spec, survey).start(available_now=True)
    try:
        assert query.awaitTermination(300)
    except StreamingQueryException as end:
        # Spark 4.1.1 ends a query whose only batch is a replay when it counts its lag, after the batch is committed.
        if "IterableOps.map" not in str(end):
            raise
        assert plan(spark, spec, survey).start(available_now=True).awaitTermination(300)


def test_two_runs_take_every_message_once(spark: "SparkSession", kafka: str, settings: Settings) -> None:
    topic = f"once_{uuid.uuid4().hex}"
    survey = dataclasses.replace(ZTF, input=dataclasses.replace(ZTF.input, topic_pattern=topic))
    settings = settings.model_copy(update={"kafka_bootstrap": kafka, "max_offsets_per_batch": 6})
    spec = StreamSpec("ztf", Stage.INGEST, settings)
    send(kafka, topic, [*(ztf_message(number) for number in range(7)), None, b"junk"])
    drain(spark, spec, survey)
    send(kafka, topic, [ztf_message(number) for number in range(7, 10)])
    drain(spark, spec, survey)
    drain(spark, spec, survey)
    bronze = read_table(bronze_spec(survey), spark, settings.lake).select("alert_id").collect()
    assert sorted(row.alert_id for row in bronze) == [CANDID + number for number in range(10)]
    damaged = read_table(quarantine(survey.name), spark, settings.lake).select("error_class").collect()
    assert sorted(row.error_class for row in damaged) == ["no_record", "not_a_packet"]


def test_tasks_write_what_spark_writes(spark: "SparkSession", kafka: str, settings: Settings, tmp_path: Path) -> None:
    """A batch that tables may hold a part of goes through Spark's source: its rows are the same, column by column."""
    from confluent_kafka import Producer

    topic = f"alike_{uuid.uuid4().hex}"
    survey = dataclasses.replace(ZTF, input=dataclasses.replace(ZTF.input, topic_pattern=topic))
    settings = settings.model_copy(update={"kafka_bootstrap": kafka})
    producer = Producer({"bootstrap.servers": kafka})
    for number in range(6):
        headers = [("trace", b"\x00\xff"), ("empty", None)] if number % 2 else None
        producer.produce(topic, ztf_message(number), key=None if number == 3 else b"k%d" % number, headers=headers)
    assert producer.flush(60) == 0
    columns = [name for name in bronze_spec(survey).schema.names if name != "ingest_time"]
    found = []
    for home, may_hold in ((tmp_path / "tasks", False), (tmp_path / "spark", True)):
        with pytest.MonkeyPatch.context() as patch:
            if may_hold:
                patch.setattr(Places, "may_hold", lambda *_: True)
            spec = StreamSpec("ztf", Stage.INGEST, settings.model_copy(update={"home": home}))
            drain(spark, spec, survey)
        rows = read_table(bronze_spec(survey), spark, spec.settings.lake).select(columns)
        found.append(rows.toArrow().sort_by("alert_id"))
    assert found[0].num_rows == 6
    assert found[0].equals(found[1])


def test_a_batch_whose_commit_was_lost_is_not_doubled(spark: "SparkSession", kafka: str, settings: Settings) -> None:
    topic = f"crash_{uuid.uuid4().hex}"
    survey = dataclasses.replace(ZTF, input=dataclasses.replace(ZTF.input, topic_pattern=topic))
    settings = settings.model_copy(update={"kafka_bootstrap": kafka})
    spec = StreamSpec("ztf", Stage.INGEST, settings)
    send(kafka, topic, [*(ztf_message(number) for number in range(3)), None])
    drain(spark, spec, survey)
    last = max((spec.checkpoint / "commits").glob("[0-9]*"), key=lambda file: int(file.name))
    last.unlink()
    last.with_name(f".{last.name}.crc").unlink()
    drain(spark, spec, survey)
    assert read_table(bronze_spec(survey), spark, settings.lake).count() == 3
    assert read_table(quarantine(survey.name), spark, settings.lake).count() == 1


def test_messages_of_a_transaction_that_was_given_up_are_none(
    spark: "SparkSession", kafka: str, settings: Settings
) -> None:
    from confluent_kafka import Producer

    topic = f"mirrored_{uuid.uuid4().hex}"
    survey = dataclasses.replace(ZTF, input=dataclasses.replace(ZTF.input, topic_pattern=topic))
    settings = settings.model_copy(update={"kafka_bootstrap": kafka})
    producer = Producer({"bootstrap.servers": kafka, "transactional.id": topic})
    producer.init_transactions(60)
    for numbers, end in (((0, 1), "commit"), ((2, 3), "abort"), ((2,), "commit"), ((4,), "abort")):
        producer.begin_transaction()
        for number in numbers:
            producer.produce(topic, ztf_message(number))
        assert producer.flush(60) == 0
        getattr(producer, f"{end}_transaction")(60)
        drain(spark, StreamSpec("ztf", Stage.INGEST, settings), survey)
    bronze = read_table(bronze_spec(survey), spark, settings.lake).select("alert_id").collect()
    assert sorted(row.alert_id for row in bronze) == [CANDID, CANDID + 1, CANDID + 2]
    with TopicReader(Connection.of(settings)) as reader:
        ends = {part: reader.watermarks(topic, part).high for part in reader.topics()[topic]}
        found = [raw for part, end in ends.items() for raw in reader.messages(topic, part, 0, end - 1)]
    assert len(found) == 3 < sum(ends.values())


@pytest.mark.parametrize("restored", [False, True])
def test_a_checkpoint_that_is_lost_or_older_doubles_and_loses_nothing(
    spark: "SparkSession", kafka: str, settings: Settings, tmp_path: Path, *, restored: bool
) -> None:
    topic = f"moved_{uuid.uuid4().hex}"
    survey = dataclasses.replace(ZTF, input=dataclasses.replace(ZTF.input, topic_pattern=topic))
    settings = settings.model_copy(update={"kafka_bootstrap": kafka})
    spec = StreamSpec("ztf", Stage.INGEST, settings)
    for number in range(3):
        send(kafka, topic, [ztf_message(2 * number), ztf_message(2 * number + 1), None])
        drain(spark, spec, survey)
        if not number:
            shutil.copytree(spec.checkpoint, tmp_path / "copy")
    shutil.rmtree(spec.checkpoint)
    if restored:
        shutil.copytree(tmp_path / "copy", spec.checkpoint)
    for number in (6, 7):
        send(kafka, topic, [ztf_message(number)])
        drain(spark, spec, survey)
    bronze = read_table(bronze_spec(survey), spark, settings.lake).select("alert_id").collect()
    assert sorted(row.alert_id for row in bronze) == [CANDID + number for number in range(8)]
    assert read_table(quarantine(survey.name), spark, settings.lake).count() == 3


def test_a_topic_that_is_deleted_after_it_was_read_stops_nothing(
    spark: "SparkSession", kafka: str, settings: Settings
) -> None:
    stem = f"nightly_{uuid.uuid4().hex}"
    survey = dataclasses.replace(ZTF, input=dataclasses.replace(ZTF.input, topic_pattern=f"{stem}_\\d"))
    settings = settings.model_copy(update={"kafka_bootstrap": kafka})
    spec, admin = StreamSpec("ztf", Stage.INGEST, settings), Connection.of(settings).admin()
    for number in range(3):
        send(kafka, f"{stem}_{number}", [ztf_message(2 * number), ztf_message(2 * number + 1)])
        drain(spark, spec, survey)
        if number == 1:  # the messages of the second night expire before a part of them was read
            send(kafka, f"{stem}_1", [ztf_message(number) for number in range(10, 14)])
            with TopicReader(Connection.of(settings)) as reader:
                parts = reader.topics()[f"{stem}_1"]
                (where,) = (part for part in parts if reader.watermarks(f"{stem}_1", part).high)
            (done,) = admin.delete_records([TopicPartition(f"{stem}_1", where, 4)]).values()
            done.result(30)
        else:
            delete(Connection.of(settings), f"{stem}_{number}")
    drain(spark, spec, survey)
    bronze = read_table(bronze_spec(survey), spark, settings.lake).select("alert_id").collect()
    assert sorted(row.alert_id - CANDID for row in bronze) == [0, 1, 2, 3, 4, 5, 12, 13]
    assert len(list(spec.checkpoint.parent.glob("v1.until-*"))) == 3


@pytest.mark.parametrize("again", [1, 6], ids=["shorter", "longer"])
def test_a_topic_that_is_made_anew_is_another_topic(
    spark: "SparkSession", kafka: str, settings: Settings, again: int
) -> None:
    topic = f"anew_{uuid.uuid4().hex}"
    survey = dataclasses.replace(ZTF, input=dataclasses.replace(ZTF.input, topic_pattern=topic))
    settings = settings.model_copy(update={"kafka_bootstrap": kafka})
    spec, connection = StreamSpec("ztf", Stage.INGEST, settings), Connection.of(settings)
    send(kafka, topic, [ztf_message(number) for number in range(3)])
    drain(spark, spec, survey)
    delete(connection, topic)
    send(kafka, topic, [ztf_message(10 + number) for number in range(again)])
    with closing(plan(spark, spec, survey)) as planned:
        assert not planned.outdated()
    for _ in range(2):  # a driver that is started again changes nothing
        drain(spark, spec, survey)
    bronze = read_table(bronze_spec(survey), spark, settings.lake).select("alert_id", "kafka_topic").collect()
    kept = sorted((row.alert_id - CANDID, row.kafka_topic) for row in bronze)
    assert kept == [(n, topic) for n in range(3)] + [(10 + n, f"{topic}~2") for n in range(again)]
    with TopicReader(connection, names=current_names(read_topics(settings.lake, "ztf"))) as reader:
        there = reader.topics()
        assert topic not in there
        marks = [reader.watermarks(f"{topic}~2", one).high for one in there[f"{topic}~2"]]
    assert sum(marks) == again


def test_a_running_ingest_sees_that_a_topic_was_made_anew(
    spark: "SparkSession", kafka: str, settings: Settings
) -> None:
    topic = f"anew_{uuid.uuid4().hex}"
    survey = dataclasses.replace(ZTF, input=dataclasses.replace(ZTF.input, topic_pattern=f"{topic}.*"))
    settings = settings.model_copy(update={"kafka_bootstrap": kafka})
    planned = plan(spark, StreamSpec("ztf", Stage.INGEST, settings), survey)
    send(kafka, topic, [ztf_message(1)])
    assert not planned.outdated()
    assert [one.topic for one in read_topics(settings.lake, "ztf")] == [topic]
    delete(Connection.of(settings), topic)
    send(kafka, topic, [ztf_message(2), ztf_message(3)])
    assert planned.outdated()
    assert plan(spark, StreamSpec("ztf", Stage.INGEST, settings), survey).outdated() is False


def test_rubin_alerts_by_the_same_code(
    spark: "SparkSession", kafka: str, settings: Settings, shared_data: Path
) -> None:
    topic = f"lsst_{uuid.uuid4().hex}"
    framing = ConfluentFraming(FolderSchemas(shared_data / "schemas" / "lsst"))
    survey = dataclasses.replace(LSST, framing=framing, input=dataclasses.replace(LSST.input, topic_pattern=topic))
    settings = settings.model_copy(update={"kafka_bootstrap": kafka})
    with tarfile.open(shared_data / "lsst" / "lsst_v10_0_wire.tar.gz") as packed:
        files = [packed.extractfile(member) for member in packed if member.isfile()]
        messages = [file.read() for file in files if file is not None]
    damaged = [messages[0] + b"x", messages[0][:-1], b"\x00\x00\x01\x00\x00" + messages[0][5:]]
    send(kafka, topic, [*messages, *damaged])
    drain(spark, StreamSpec("lsst", Stage.INGEST, settings), survey)
    rows = read_table(bronze_spec(survey), spark, settings.lake).collect()
    with (shared_data / "lsst" / "index.csv").open() as file:
        index = {int(line["diaSourceId"]): line for line in csv.DictReader(file)}
    assert len(rows) == len(messages) == 136
    assert {row.alert_id for row in rows} == set(index)
    for row in rows:
        line = index[row.alert_id]
        moving = re.fullmatch(r"SSO[1-9]\d*", row.object_id or "")  # one that moves has no object of the sky
        assert row.object_id == (line["diaObjectId"] or (moving and moving[0]))
        assert (row.time, row.ra, row.dec) == tuple(float(line[name]) for name in ("mjd_tai", "ra", "dec"))
        assert (row.band, row.schema_version) == (line["band"], "10.0")
        assert row.night == LSST.night.night_of(row.time)
    errors = read_table(quarantine(survey.name), spark, settings.lake).select("error_class").collect()
    assert sorted(row.error_class for row in errors) == ["trailing_garbage", "truncated", "unknown_schema"]
