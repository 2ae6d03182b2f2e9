"""A driver that dies at any moment: the next one leaves the topics as if nothing had happened."""

import logging
import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark.errors import StreamingQueryException
from pyspark.java_gateway import launch_gateway

from fink_lib.distribute.stream import plan
from fink_lib.kafka import sending
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.reading import TopicReader
from fink_lib.kafka.sending import Sender
from fink_lib.lake.spark.jars import session_jars
from fink_lib.streams.guard import Guard
from fink_lib.surveys import ZTF
from tests.builders.packet_rows import Packet, sample_packets
from tests.streams.distribute.conftest import EMBEDDED, Bench, broker_of
from tests.streams.distribute.dying_driver import MOMENTS, changes, lay_to_rest, live

pytestmark = [pytest.mark.spark, pytest.mark.kafka]

LIVES, NEW_IN_A_LIFE = 6, 12
PATIENCE_S = 180.0
HUNG_S = 4.0


class Died(BaseException):
    """What a query is failed with: no code of the stream may catch it, as none runs on in a process that was killed."""


def told(work: Callable[..., None]) -> Callable[..., None]:
    """Let Spark know of a death once it has passed all code of the stream: it hears of exceptions alone."""

    def run(*about: Any) -> None:
        try:
            work(*about)
        except Died:
            raise RuntimeError("Died") from None

    return run


def fail() -> None:
    raise Died


def fail_at(bench: Bench, moment: str) -> None:
    """Run a query that fails at a moment."""
    with pytest.MonkeyPatch.context() as patch:
        for owner, name, value in changes(moment, fail):
            patch.setattr(owner, name, value)
        patch.setattr(Guard, "__call__", told(Guard.__call__))
        with pytest.raises(StreamingQueryException, match="Died"):
            bench.run()


def test_published_and_topics_agree_after_a_death_at_every_moment(bench: Bench, packets: list[Packet]) -> None:
    left_behind = []
    for moment in MOMENTS:
        fail_at(bench, moment)
        left_behind.append(len(bench.standing()) - len(bench.published()))
    # Each but the last died with messages on a topic that no table knew.
    assert [count > 0 for count in left_behind] == [True, True, True, False]
    bench.run()
    bench.check(packets)


@pytest.fixture(scope="module")
def gateway(bench: Bench) -> Iterator[tuple[int, str]]:
    """A JVM of its own, for drivers that die; it ends with its standard input."""
    jars = ":".join(map(str, session_jars(bench.spec.settings)))
    archive = f"-XX:SharedArchiveFile={bench.spec.settings.class_archive} -Xlog:cds=off"
    options = f"{archive} {bench.spec.settings.batch_java_options}"
    conf = {
        "spark.driver.memory": "1g",
        "spark.driver.extraClassPath": jars,
        "spark.driver.extraJavaOptions": options,
        "spark.ui.enabled": "false",
    }
    with (bench.spec.settings.home / "dying.log").open("wb") as log:
        java = launch_gateway(SimpleNamespace(getAll=conf.items), {"stdout": log, "stderr": log})
    yield java.java_parameters.port, java.java_parameters.auth_token
    java.close()
    java.proc.stdin.close()
    java.proc.wait(60)


@pytest.fixture
def reader(bench: Bench) -> Iterator[TopicReader]:
    """A client that sees what stands on topics."""
    with TopicReader(Connection.of(bench.spec.settings)) as reader:
        yield reader


def end_of(reader: TopicReader, topic: str) -> int:
    """Return how many messages a topic was ever given."""
    return sum(reader.watermarks(topic, part).high for part in reader.topics().get(topic, ()))


def wait_until(what: str, seen: Callable[[], bool], child: Any) -> float:
    """Wait for something that a driver does; return for how long."""
    began_s = time.monotonic()
    while not seen():
        assert child.is_alive(), f"the driver ended by itself before {what}"
        assert time.monotonic() < began_s + PATIENCE_S, f"no {what}"
        time.sleep(0.02)
    return time.monotonic() - began_s


def test_published_and_topics_agree_after_kills_at_any_moment(
    bench: Bench, packets: list[Packet], gateway: tuple[int, str], reader: TopicReader, tmp_path: Path
) -> None:
    seed = int(os.environ.get("FINK_TEST_SEED") or random.SystemRandom().randrange(2**32))
    chance = random.Random(seed)  # noqa: S311 - moments, not secrets
    night = packets + sample_packets(60 + LIVES * NEW_IN_A_LIFE)[60:]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.streams.distribute.dying_driver", "fastavro", "deltalake", "httpx"])
    killed, span_s, stood = [], 0.0, end_of(reader, EMBEDDED)
    for number in range(LIVES):
        first = len(packets) + number * NEW_IN_A_LIFE
        bench.arrive(night[first : first + NEW_IN_A_LIFE], first=first)
        planned = tmp_path / str(number)
        child = context.Process(target=live, args=(bench.spec.settings, gateway, planned))
        child.start()
        wait_until("query", planned.exists, child)
        if not number:  # how long this machine takes to the first message tells where the others should die
            span_s = 2 * wait_until("message", lambda: end_of(reader, EMBEDDED) > stood, child)
        delay_s = chance.uniform(0, span_s if number else 0.2)
        time.sleep(delay_s)
        child.kill()
        child.join(PATIENCE_S)
        assert child.exitcode == -signal.SIGKILL
        child.close()
        left = len(bench.standing()) - len(bench.published())
        killed.append(f"{delay_s:.2f} s: {left} messages in no table")
    print(f"seed={seed} first message after {span_s / 2:.2f} s; killed after {'; '.join(killed)}")  # noqa: T201 - shown when it fails: FINK_TEST_SEED repeats it
    last = context.Process(target=lay_to_rest, args=(gateway,))
    last.start()
    last.join(PATIENCE_S)
    assert last.exitcode == 0
    bench.run()
    bench.check(night)


def test_what_was_on_its_way_to_a_broker_that_hung_is_found(
    bench: Bench, packets: list[Packet], kafka: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The producer gives up while its request lies in the broker's socket: the broker reads it when it wakes."""
    first = len(packets) + LIVES * NEW_IN_A_LIFE
    night = packets + sample_packets(first + 40)[60:]
    bench.arrive(night[first:], first=first)
    broker, deliver, hung = broker_of(kafka), Sender.delivered, iter(range(1))
    wake = threading.Timer(HUNG_S, broker.resume)

    def hang_once(self: Sender) -> Any:
        if next(hung, None) is not None:
            broker.suspend()
            wake.start()
        return deliver(self)

    monkeypatch.setattr(Sender, "delivered", hang_once)
    monkeypatch.setattr(sending, "FLUSH_TIMEOUT_S", HUNG_S)
    short = {**sending.OUTPUT_CONFIG, "delivery.timeout.ms": 1500, "linger.ms": 500}
    monkeypatch.setattr(sending, "OUTPUT_CONFIG", short)
    planned = plan(bench.session, bench.spec, ZTF)
    try:
        with pytest.raises(StreamingQueryException, match="Kafka did not take"):
            planned.start(available_now=True).awaitTermination(300)
        monkeypatch.setitem(short, "delivery.timeout.ms", 60_000)
        caplog.clear()  # the first try may have told the same, where another test left the level of the logs low
        with caplog.at_level(logging.INFO):
            assert planned.start(available_now=True).awaitTermination(300)
    finally:
        wake.cancel()
        broker.resume()
        planned.close()
    (settled,) = [line for line in caplog.messages if line.startswith("settled")]
    print(settled)  # noqa: T201 - how much was on its way
    bench.check(night)
