"""A registry that does not know an id, is down, and is up again, while the ingest stream of Rubin runs."""

import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from fink_lib.config import Settings
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.producing import INPUT_CONFIG, ReportingProducer
from fink_lib.kafka.topics import INPUT_TOPIC_CONFIG, create_missing
from fink_lib.quarantine import awaited
from fink_lib.streams.plan import StreamPlan
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import configured_schemas
from tests.integration.surveys.whole_night import Broker
from tests.unit.surveys.lsst_messages import framed, id_of, schemas, wire
from tests.unit.surveys.registries import PREFIX, registry

pytestmark = [
    pytest.mark.spark,
    pytest.mark.kafka,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # pyspark's sockets
]

EACH = 4
PATIENCE_S = 120.0
ANNOTATIONS = {"default", "logicalType", "doc", "aliases"}


def canonical(node: Any) -> Any:
    """Return a schema as the telescope's registry keeps it: without defaults and logical types."""
    if isinstance(node, dict):
        return {key: canonical(value) for key, value in node.items() if key not in ANNOTATIONS}
    return [canonical(one) for one in node] if isinstance(node, list) else node


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < end, "not within its time"
        time.sleep(0.2)


def send(settings: Settings, number: int, messages: Iterable[bytes]) -> None:
    """Send messages as the telescope does: the simulator cannot date what it has no schema of."""
    refused: list[Any] = []
    producer: ReportingProducer[None] = ReportingProducer(
        Connection.of(settings), INPUT_CONFIG, lambda _, error, __: refused.append(error) if error else None
    )
    with closing(producer):
        for message in messages:
            producer.send(None, topic_of(number), 0, message)
        assert producer.flush(PATIENCE_S) == 0
    assert refused == []


def topic_of(number: int) -> str:
    return f"lsst-alerts-v{number // 100}"


@contextmanager
def running(planned: StreamPlan) -> Iterator[None]:
    """Run the stream of ingest as its driver does, until it is left."""
    query = planned.start()
    try:
        yield
        assert query.exception() is None
    finally:
        query.stop()


@pytest.fixture
def messages(shared_data: Path) -> dict[int, list[bytes]]:
    """A few real messages of 9.0, 10.0, 11.0 and 11.1; no alert twice."""
    found: dict[int, list[bytes]] = {900: [], 1000: [], 1100: [], 1101: []}
    for name, message in framed(shared_data):
        if name.startswith("packets/v") and id_of(message) in {900, 1100, 1101}:
            found[id_of(message)].append(message)
    derived = {path.stem for path in (shared_data / "lsst" / "packets").glob("v11_*/*.bin")}
    found[1000] = [message for name, message in wire(shared_data) if name not in derived]
    return {number: some[: 2 * EACH] for number, some in found.items()}


def test_messages_wait_for_their_schema_and_others_go_on(  # noqa: PLR0917 - fixtures
    spark: SparkSession, own_kafka: str, shared_data: Path, tmp_path: Path, messages: dict[int, list[bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(awaited, "LOOK_S", 0.5)
    monkeypatch.setattr(configured_schemas, "ASK_AGAIN_S", 0.5)
    monkeypatch.delenv("FINK_LSST_SCHEMAS", raising=False)
    monkeypatch.setenv("FINK_HOME", str(tmp_path / "home"))
    known = {number: canonical(schemas(shared_data).schemas()[number]) for number in messages}

    def counts(table: str) -> Counter[str]:
        return Counter(str(row["kafka_topic"]) for row in broker.rows("bronze", table, "kafka_topic"))

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    monkeypatch.setenv("FINK_LSST_REGISTRY", f"http://127.0.0.1:{port}{PREFIX}")
    broker = Broker.of("lsst", spark, own_kafka, tmp_path / "home")
    create_missing(Connection.of(broker.settings), {topic_of(number): 1 for number in messages}, INPUT_TOPIC_CONFIG)
    with ExitStack() as stream:
        with registry({number: known[number] for number in (1000, 1100)}, port) as there:
            for number in (1000, 1100, 1101):
                send(broker.settings, number, messages[number][:EACH])
            planned = awaited.plan(spark.newSession(), StreamSpec("lsst", Stage.INGEST, broker.settings), broker.survey)
            stream.enter_context(closing(planned))
            stream.enter_context(running(planned))
            until(lambda: counts("alerts").total() == 2 * EACH and counts("quarantine").total() == EACH)
            there.schemas[1101] = known[1101]  # registered later, while the stream runs
            until(lambda: counts("alerts").total() == 3 * EACH)
            assert counts("alerts") == {"lsst-alerts-v10": EACH, "lsst-alerts-v11": 2 * EACH}
        for number in (1100, 900):  # the registry is down: one id is known, the other is not
            send(broker.settings, number, messages[number][EACH:])
        until(lambda: counts("alerts").total() == 4 * EACH and counts("quarantine").total() == 2 * EACH)
        with registry(known, port):
            until(lambda: counts("alerts").total() == 5 * EACH)
    rows = broker.rows("bronze", "quarantine", "error_class", "reason")
    assert {row["error_class"] for row in rows} == {"schema_awaited"}
    released = broker.rows("bronze", "releases", "who")
    assert Counter(row["who"] for row in released) == {"ingest": 2 * EACH}
    assert len({row["alert_id"] for row in broker.rows("bronze", "alerts", "alert_id")}) == 5 * EACH
