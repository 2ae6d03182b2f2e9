"""The stream on a real Kafka: the right messages, in the right place, once.

The tests share one home; each leaves topics and tables as it found them, in agreement.
"""

import io
import json
import shutil
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import fastavro
import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext
from pyspark.errors import StreamingQueryException

from fink_lib.bench.on_disk import measured, read_alerts
from fink_lib.config import Settings
from fink_lib.distribute.counter import COUNTER
from fink_lib.distribute.forget import forget
from fink_lib.distribute.stream import plan
from fink_lib.errors import ConfigError
from fink_lib.kafka.topics import ensure_topics, partition_of
from fink_lib.lake.spark.table import read_table
from fink_lib.lake.tables import gold_published
from fink_lib.surveys import ZTF
from tests.spark.distribute.planted import Packet, sample_packets
from tests.spark.distribute.same import differences
from tests.streams.distribute.conftest import COMPACT, EMBEDDED, Bench, broker_of, forget_topics

ALIKE = 35  # alerts whose numbers differ by it have the same science

pytestmark = [pytest.mark.spark, pytest.mark.kafka]


@pytest.fixture(autouse=True, scope="module")
def _first_run(bench: Bench) -> None:
    """Let the stream do what is there; the checkpoint, or what a test left of it, decides what that is."""
    bench.run()


def test_every_selected_public_alert_stands_on_its_topics_and_in_published(bench: Bench, packets: list[Packet]) -> None:
    bench.check(packets)
    public = {packet["candid"] for packet in packets if packet["candidate"]["programid"] == 1}
    standing = [sent for sent in bench.standing() if sent.facts.filter != COUNTER]
    assert len(standing) > 40
    assert {sent.facts.alert_id for sent in standing} < public
    assert {sent.facts.filter for sent in standing} >= {"sso_ztf_candidates", "sso_fink_candidates", "variable_stars"}


def test_the_alerts_of_an_object_share_a_partition(bench: Bench) -> None:
    by_object = defaultdict(list)
    for sent in bench.standing():
        assert sent.facts.object_id is not None
        assert sent.partition == (0 if sent.facts.filter == COUNTER else partition_of(sent.facts.object_id, 10))
        by_object[sent.topic, sent.facts.object_id].append(sent)
    assert max(map(len, by_object.values())) > 1


def test_published_tells_when_and_by_what(bench: Bench, packets: list[Packet]) -> None:
    told = read_table(gold_published(ZTF.name), bench.session, bench.lake).where(f"topic = '{EMBEDDED}'")
    row = told.orderBy("alert_id").first()
    assert row is not None
    packet = next(packet for packet in packets if packet["candid"] == row["alert_id"])
    assert row["object_id"] == packet["objectId"]
    assert row["night"] == ZTF.night.night_of(packet["candidate"]["jd"])
    assert row["filter_version"] == "1.0"
    assert row["kafka_time"] < row["ingest_time"] < row["enrich_time"] < row["publish_time"]


def test_a_compact_topic_says_what_the_embedded_one_says_in_fewer_bytes(bench: Bench) -> None:
    registry = SchemaRegistryClient({"url": bench.spec.settings.schema_registry})
    read = AvroDeserializer(registry)
    context = SerializationContext(COMPACT, MessageField.VALUE)
    compact, embedded = bench.raw(COMPACT), bench.raw(EMBEDDED)
    told = {}
    for key, value in compact:
        assert value[:1] == b"\0"
        alert = read(value, context)
        assert key.decode() == alert["objectId"]
        told[alert["candid"]] = alert
    twins = {}
    for key, value in embedded:
        alert = fastavro.schemaless_reader(io.BytesIO(value), json.loads(key), None)
        twins[alert["candid"]] = alert
    assert len(told) == len(compact) == len(twins) > 8
    assert set(told) == set(twins)
    assert 2**53 + 1 in told
    assert [differences(twins[name], told[name]) + differences(told[name], twins[name]) for name in told] == [[]] * len(
        told
    )
    subject = registry.get_latest_version(f"{COMPACT}-value")
    assert json.loads(subject.schema.schema_str) == json.loads(embedded[0][0])
    assert registry.get_versions(f"{COMPACT}-value") == [1], "every run has registered the same schema"


def test_the_schema_in_the_key_is_paid_once_a_batch(kafka: str, bench: Bench) -> None:
    home = Path(broker_of(kafka).cmdline()[-1]).parents[1]
    settings = bench.spec.settings.model_copy(update={"home": home})
    alerts = read_alerts(settings, EMBEDDED, 100)
    assert len(alerts) > 8
    value, key = sum(len(one.datum) for one in alerts) / len(alerts), len(alerts[0].schema)
    assert key > 5000
    cost = measured(settings, alerts)
    assert cost["embedded_none"] > value + key
    assert cost["embedded_zstd"] < value + key / 4
    assert cost["embedded_zstd_quiet"] > cost["embedded_zstd"]
    assert value * 0.5 < cost["compact_zstd"] < cost["embedded_zstd"]
    assert cost["compact_none"] < value + 500  # headers are all that is added


def test_the_counter_can_be_read_as_fink_clients_read(bench: Bench, packets: list[Packet]) -> None:
    (topic,) = {sent.topic for sent in bench.standing() if sent.facts.filter == COUNTER}
    counted = [fastavro.schemaless_reader(io.BytesIO(value), json.loads(key), None) for key, value in bench.raw(topic)]
    public = [packet for packet in packets if packet["candidate"]["programid"] == 1]
    expected = Counter((packet["objectId"], packet["candid"]) for packet in public)
    assert Counter((one["objectId"], one["alertId"]) for one in counted) == expected


def test_an_alert_that_comes_again_is_not_sent_again(bench: Bench, packets: list[Packet]) -> None:
    before = bench.published()
    bench.arrive(packets[:20], first=30 * ALIKE)
    bench.run()
    assert bench.published() == before
    bench.check(packets)


@pytest.mark.parametrize("lost", ["commits", ""], ids=["replayed batch", "lost checkpoint"])
def test_nothing_is_sent_twice_after_a(bench: Bench, packets: list[Packet], lost: str) -> None:
    before = bench.published()
    shutil.rmtree(bench.spec.checkpoint / lost)
    bench.run()
    assert bench.published() == before
    bench.check(packets)


def test_messages_that_no_table_knows_are_recorded_where_they_stand(bench: Bench, packets: list[Packet]) -> None:
    before = bench.published()
    shutil.rmtree(gold_published(ZTF.name).path(bench.lake))
    shutil.rmtree(bench.spec.checkpoint)
    bench.run()
    assert bench.published() == before
    bench.check(packets)


def test_a_topic_that_was_made_anew_stops_the_stream_until_it_is_forgotten(
    kafka: str, bench: Bench, packets: list[Packet]
) -> None:
    """The last test on this home: it leaves a topic empty."""
    before = bench.published()
    forget_topics(bench.spec.settings, [EMBEDDED])
    shutil.rmtree(bench.spec.checkpoint)
    with pytest.raises(StreamingQueryException, match=f"topic {EMBEDDED} ends at 0 .*: it was deleted and made anew"):
        bench.run()
    assert bench.published() == before
    with pytest.raises(ConfigError, match=f"{COMPACT} holds what published says"):
        forget(bench.spec.settings, COMPACT)
    with pytest.raises(ConfigError, match="'other' is no output topic of"):
        forget(bench.spec.settings, "other")
    there = sum(topic == EMBEDDED for topic, _, _ in before)
    assert forget(bench.spec.settings, EMBEDDED) == there > 8
    assert {where: told for where, told in before.items() if where[0] != EMBEDDED} == bench.published()
    with pytest.raises(ConfigError, match="published says nothing of"):
        forget(bench.spec.settings, EMBEDDED)
    # An alert that stands twice in silver, in one batch and alike to the filters
    night = packets + sample_packets(61)[60:]
    bench.arrive(night[60:], first=60)
    bench.arrive(night[60:], first=60 + ALIKE)
    bench.run()  # from the beginning of silver, since its checkpoint is gone too: what the topic lacks is sent
    bench.check(night)
    assert (night[60]["candid"], "variable_stars") in bench.published().values()
    assert sum(topic == EMBEDDED for topic, _, _ in bench.published()) == there


def test_a_topic_of_another_shape_is_refused(kafka: str, bench: Bench) -> None:
    three = Settings(kafka_bootstrap=kafka, output_partitions=3)
    ensure_topics(three, ["fink_of_three_ztf"])
    with pytest.raises(ConfigError, match="topic fink_of_three_ztf has 3 partitions, not 10"):
        ensure_topics(three.model_copy(update={"output_partitions": 10}), ["fink_of_three_ztf"])


def test_a_topic_that_anyone_could_read_is_not_restricted(kafka: str, bench: Bench) -> None:
    closed = bench.spec.settings.model_copy(update={"restricted_topics": "fink_variable_stars_ztf"})
    with (
        pytest.raises(ConfigError, match="anyone could read fink_variable_stars_ztf: this Kafka has no authorizer"),
        closing(plan(bench.session, replace(bench.spec, settings=closed), ZTF)),
    ):
        pass
