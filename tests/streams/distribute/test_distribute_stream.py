"""The stream on a real Kafka: the right messages, in the right place, once.

The tests share one home; each leaves topics and tables as it found them, in agreement.
"""

import io
import json
import logging
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
from fink_lib.kafka.message import Sent
from fink_lib.kafka.sending import Sender
from fink_lib.kafka.topics import ensure_topics, partition_of
from fink_lib.lake.spark.table import read_table
from fink_lib.lake.tables import gold_published
from fink_lib.surveys import ZTF
from tests.builders.packet_rows import Packet, sample_packets
from tests.spark.distribute.same import differences
from tests.streams.distribute.conftest import COMPACT, EMBEDDED, SET_BY_HAND, Bench, broker_of, expected, forget_topics

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


def made_anew(bench: Bench) -> None:
    """Delete a topic and make it again."""
    forget_topics(bench.spec.settings, [EMBEDDED])
    ensure_topics(bench.spec.settings, [EMBEDDED])


def ids_of(bench: Bench, topic: str) -> dict[str | None, int]:
    """Return how many messages `published` has of each topic of a name."""
    rows = read_table(gold_published(ZTF.name), bench.session, bench.lake).where(f"topic = '{topic}'").collect()
    return dict(Counter(row["topic_id"] for row in rows))


def recorded(bench: Bench) -> Counter[tuple[int, str]]:
    """Count what `published` has of each alert and filter, on whichever topic."""
    rows = read_table(gold_published(ZTF.name), bench.session, bench.lake).select("alert_id", "filter").collect()
    return Counter((row["alert_id"], row["filter"]) for row in rows)


def test_a_topic_that_was_made_anew_is_another_and_nothing_leaves_twice(
    kafka: str, bench: Bench, packets: list[Packet], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The last test on this home but one: it leaves a topic without what stood on it."""
    sent_before = recorded(bench)
    ((old, there),) = ids_of(bench, EMBEDDED).items()
    assert old is not None
    made_anew(bench)
    shutil.rmtree(bench.spec.checkpoint)
    with caplog.at_level(logging.WARNING):
        bench.run()
    assert f"output topic {EMBEDDED} was deleted and made anew" in caplog.text
    assert recorded(bench) == sent_before
    assert EMBEDDED not in {sent.topic for sent in bench.standing()}
    # New alerts go to the new topic, from offset 0 on; it is deleted once more after the first of them were sent
    night = packets + sample_packets(100)[60:]
    bench.arrive(night[60:80], first=60)
    bench.run()
    second = ids_of(bench, EMBEDDED)
    (new,) = second.keys() - {old}
    assert second[old] == there
    deliver, left = Sender.delivered, iter([True])

    def anew_when_delivered(self: Sender) -> list[Sent]:
        sent = deliver(self)
        if any(one.topic == EMBEDDED for one in sent) and next(left, False):
            made_anew(bench)
        return sent

    bench.arrive(night[80:], first=80)
    with monkeypatch.context() as patch:
        patch.setattr(Sender, "delivered", anew_when_delivered)
        with pytest.raises(StreamingQueryException, match=f"deleted while they were written: {EMBEDDED}"):
            bench.run()
    bench.run()
    third = ids_of(bench, EMBEDDED)
    (newest,) = third.keys() - {old, new}
    assert (third[old], third[new]) == (there, second[new])
    standing = [sent for sent in bench.standing() if sent.topic == EMBEDDED]
    assert third[newest] == len(standing) > 0
    counted = recorded(bench)
    assert [what for what, count in counted.items() if count > 1] == []
    assert {what for what in counted if what[1] in SET_BY_HAND} == expected(night)


def test_what_stood_on_a_topic_that_is_gone_can_be_forgotten(bench: Bench) -> None:
    """The last test on this home."""
    with pytest.raises(ConfigError, match=f"{COMPACT} holds what published says"):
        forget(bench.spec.settings, COMPACT)
    with pytest.raises(ConfigError, match="'other' is no output topic of"):
        forget(bench.spec.settings, "other")
    before = ids_of(bench, EMBEDDED)
    forgotten = forget(bench.spec.settings, EMBEDDED)
    after = ids_of(bench, EMBEDDED)
    assert len(before) > len(after) == 1
    assert sum(before.values()) - forgotten == sum(after.values())
    with pytest.raises(ConfigError, match=f"{EMBEDDED} holds what published says"):
        forget(bench.spec.settings, EMBEDDED)
    bench.run()


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
