"""Many alerts are sent by Spark's tasks: the same messages, once each, also when the process of a task is killed."""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import psutil
import pytest
from pyspark.errors import StreamingQueryException

from fink_lib.distribute import distributor
from fink_lib.distribute.stream import plan
from fink_lib.surveys import ZTF
from tests.builders.packet_rows import Packet, sample_packets
from tests.streams.distribute.conftest import EMBEDDED, Bench, broker_of

pytestmark = [pytest.mark.spark, pytest.mark.kafka]

FIRST, MORE = 60, 40  # alerts that are there, and that come later
PATIENCE_S = 120.0
HANG_S = 3.0  # how long Kafka answers nobody, while tasks wait for it


@pytest.fixture(autouse=True)
def _by_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deal out what would otherwise be too few."""
    monkeypatch.setattr(distributor, "TASKS_FROM", 1)
    monkeypatch.setattr(distributor, "LEAST_PER_TASK", 8)


def workers() -> list[psutil.Process]:
    """Return the processes of tasks: forks of Spark's Python daemon."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if all("daemon" in " ".join(one.cmdline()) for one in (process, process.parent() or process)):
                found.append(process)
    return found


def talks_to(process: psutil.Process, port: int) -> bool:
    try:
        return any(one.raddr and one.raddr.port == port for one in process.net_connections("tcp"))
    except psutil.NoSuchProcess:
        return False


def wait_for(what: str, seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not seen():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def test_tasks_send_what_a_driver_sends(bench: Bench, packets: list[Packet], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    by_tasks = distributor.send_by_tasks

    def counted(*given: object) -> object:
        asked.append(len(given[2]))  # type: ignore[arg-type]  # the parts
        return by_tasks(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(distributor, "send_by_tasks", counted)
    bench.run()
    assert asked == [bench.session.sparkContext.defaultParallelism]
    bench.check(packets)
    senders = {
        one.pid for one in workers() if talks_to(one, int(str(bench.spec.settings.kafka_bootstrap).rpartition(":")[2]))
    }
    assert senders, "the tasks' processes keep their connections for the next batch"


def test_a_killed_task_neither_loses_nor_doubles(bench: Bench, packets: list[Packet], kafka: str) -> None:
    night = packets + sample_packets(FIRST + MORE)[FIRST:]
    bench.arrive(night[FIRST:], first=FIRST)
    broker, port = broker_of(kafka), int(kafka.rpartition(":")[2])
    killed: list[int] = []

    def kill_one() -> None:
        """Kill the process of a task once it has sent something, while Kafka keeps its answers back."""
        before = end_of(bench)
        wait_for("a message of a task", lambda: end_of(bench) > before)
        broker.suspend()
        time.sleep(HANG_S)
        for one in workers():
            if talks_to(one, port):
                killed.append(one.pid)
                os.kill(one.pid, signal.SIGKILL)
                break
        broker.resume()

    killer = threading.Thread(target=kill_one)
    planned = plan(bench.session, bench.spec, ZTF)
    try:
        query = planned.start(available_now=True)
        killer.start()
        try:
            query.awaitTermination(300)
        except StreamingQueryException:
            assert killed
        killer.join(PATIENCE_S)
    finally:
        broker.resume()
        planned.close()
    bench.run()
    bench.check(night)
    assert killed


def end_of(bench: Bench) -> int:
    return len([one for one in bench.standing() if one.topic == EMBEDDED])
