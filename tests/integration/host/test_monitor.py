"""The monitor of a home as a process: it asks a real Kafka, answers Prometheus, and leaves word of alarms."""

import time
from collections.abc import Iterator

import httpx
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from prometheus_client.parser import text_string_to_metric_families

from fink_lib.config import Settings
from fink_lib.host.monitor import LocalMonitor
from fink_lib.monitoring.alarms import read_alarms
from fink_lib.monitoring.unread import unread

pytestmark = pytest.mark.kafka
TOPIC = "ztf_20991231_programid9"
HOUR_MS = 3_600_000
KEPT_H, AGE_H = 24, 20


@pytest.fixture
def waiting(settings: Settings, kafka: str) -> Iterator[Settings]:
    """A home that has not read three messages of twenty hours, which their topic keeps for a day."""
    admin = AdminClient({"bootstrap.servers": kafka})
    topic = NewTopic(TOPIC, 2, 1, config={"retention.ms": str(KEPT_H * HOUR_MS)})
    admin.create_topics([topic])[TOPIC].result(20)
    producer = Producer({"bootstrap.servers": kafka})
    sent_ms = int(time.time() * 1000) - AGE_H * HOUR_MS
    for number in range(3):
        producer.produce(TOPIC, b"x", partition=0, timestamp=sent_ms + number * HOUR_MS)
    producer.flush(20)
    settings.home.mkdir()
    yield settings.model_copy(update={"kafka_bootstrap": kafka, "metrics_port": 0})
    admin.delete_topics([TOPIC])[TOPIC].result(20)


def test_the_oldest_unread_message_tells_when_the_first_is_lost(waiting: Settings) -> None:
    (mine,) = [one for one in unread(waiting, "ztf", time.time()) if one.topic == TOPIC]
    assert mine.messages == 3
    assert mine.expires_h == pytest.approx(KEPT_H - AGE_H, abs=0.1)


def test_the_monitor_answers_and_the_alarm_fires(waiting: Settings) -> None:
    monitor = LocalMonitor(waiting)
    url = monitor.start()
    try:
        deadline = time.monotonic() + 60
        while not read_alarms(waiting)[0] and time.monotonic() < deadline:
            time.sleep(0.1)
        text = httpx.get(f"{url}/metrics", trust_env=False).text
    finally:
        monitor.stop()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    told = {sample.name: sample.value for sample in samples if sample.labels.get("topic") in {None, TOPIC}}
    assert told["fink_unread_messages"] == 3
    assert told["fink_disk_free_bytes"] > 0
    (alarm,) = [one for one in read_alarms(waiting)[1] if dict(one.labels).get("topic") == TOPIC]
    assert (alarm.name, alarm.severity) == ("UnreadExpires", "critical")
