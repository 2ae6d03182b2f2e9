"""The stream on a real Kafka: the right messages, in the right place, once.

The tests share one home; each leaves topics and tables as it found them, in agreement.
"""

import shutil
from collections import defaultdict
from contextlib import closing
from dataclasses import replace

import pytest

from fink_lib.config import Settings
from fink_lib.distribute.stream import plan
from fink_lib.distribute.topics import ensure_topics, partition_of
from fink_lib.errors import ConfigError
from fink_lib.lake.tables import gold_published
from fink_lib.surveys import ZTF
from tests.spark.distribute.planted import Packet
from tests.streaming.distribute.conftest import Bench

pytestmark = [pytest.mark.spark, pytest.mark.kafka]


@pytest.fixture(autouse=True, scope="module")
def _first_run(bench: Bench) -> None:
    """Let the stream do what is there; the checkpoint, or what a test left of it, decides what that is."""
    bench.run()


def test_every_selected_public_alert_stands_on_its_topics_and_in_published(bench: Bench, packets: list[Packet]) -> None:
    bench.check(packets)
    public = {packet["candid"] for packet in packets if packet["candidate"]["programid"] == 1}
    standing = bench.standing()
    assert len(standing) > 40
    assert {sent.facts.alert_id for sent in standing} < public
    assert {sent.facts.filter for sent in standing} >= {"sso_ztf_candidates", "sso_fink_candidates", "variable_stars"}


def test_the_alerts_of_an_object_share_a_partition(bench: Bench) -> None:
    by_object = defaultdict(list)
    for sent in bench.standing():
        assert sent.facts.object_id is not None
        assert sent.partition == partition_of(sent.facts.object_id, 10)
        by_object[sent.topic, sent.facts.object_id].append(sent)
    assert max(map(len, by_object.values())) > 1


def test_published_tells_when_and_by_what(bench: Bench, packets: list[Packet]) -> None:
    row = gold_published(ZTF).read(bench.session, bench.lake).orderBy("alert_id").first()
    assert row is not None
    packet = next(packet for packet in packets if packet["candid"] == row["alert_id"])
    assert row["object_id"] == packet["objectId"]
    assert row["night"] == ZTF.night.night_of(packet["candidate"]["jd"])
    assert row["filter_version"] == "1.0"
    assert row["kafka_time"] < row["ingest_time"] < row["enrich_time"] < row["publish_time"]


def test_an_alert_that_comes_again_is_not_sent_again(bench: Bench, packets: list[Packet]) -> None:
    before = bench.published()
    bench.arrive(packets[:20])
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
    shutil.rmtree(gold_published(ZTF).path(bench.lake))
    shutil.rmtree(bench.spec.checkpoint)
    bench.run()
    assert bench.published() == before
    bench.check(packets)


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
