"""What a driver tells Prometheus, on a free port of the loopback interface; a target file says where that is.

Best effort: a stream runs whether or not it can be observed.
"""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psutil
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from fink_lib.files import replace_text
from fink_lib.streams.heartbeat import Heartbeat
from fink_lib.streams.listener import Recorder
from fink_lib.streams.spec import StreamSpec
from fink_lib.streams.targets import targets_dir

logger = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
WORK = "addBatch"  # Spark's name for what the stream itself does; all else of a batch is bookkeeping


class DriverCollector(Collector):
    """Reads one driver's recorder when it is asked.

    Parameters
    ----------
    recorder
        Of the driver.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def collect(self) -> Iterator[Metric]:
        """Yield what the driver knows now."""
        with self._recorder.lock:
            beat, parts_ms = replace(self._recorder.heartbeat), dict(self._recorder.parts_ms)
        yield from _of_heartbeat(beat)
        parts = GaugeMetricFamily("fink_driver_batch_part_seconds", "Parts of the last micro-batch, by Spark's names",
                                  labels=["stream", "part"])  # fmt: skip
        for part, part_ms in parts_ms.items():
            parts.add_metric([beat.stream, part], part_ms / 1000)
        yield parts
        if WORK in parts_ms:
            whole_ms = parts_ms.get("triggerExecution", sum(parts_ms.values()))
            fixed_s = max(0.0, whole_ms - parts_ms[WORK]) / 1000
            yield _gauge(
                "fink_driver_batch_fixed_seconds", "What the last micro-batch took beside its work", beat, fixed_s
            )
        yield _gauge("fink_driver_memory_bytes", "Resident memory of driver, JVM and workers", beat, _memory_bytes())


def _of_heartbeat(beat: Heartbeat) -> Iterator[Metric]:
    rows = CounterMetricFamily("fink_driver_rows", "Input rows since the driver started", labels=["stream"])
    rows.add_metric([beat.stream], beat.rows_total)
    yield rows
    yield _gauge("fink_driver_rows_per_second", "Rate of the last micro-batch that had rows", beat, beat.rows_per_s)
    yield _gauge("fink_driver_batch_seconds", "What the last micro-batch with rows took", beat, beat.batch_s)
    yield _gauge("fink_driver_batch_id", "Last finished micro-batch, -1 before the first", beat, beat.batch_id)
    yield _gauge(
        "fink_driver_batch_began_seconds", "Unix time at which the batch at work began; 0: none", beat, beat.batch_since
    )
    if beat.lag is not None:
        yield _gauge("fink_driver_lag", "Input known and not done: messages (ingest) or commits", beat, beat.lag)


def _gauge(name: str, meaning: str, beat: Heartbeat, value: float) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=["stream"])
    family.add_metric([beat.stream], value)
    return family


def _memory_bytes() -> int:
    """Return the resident memory of this process and all that it started."""
    mine = psutil.Process(os.getpid())
    total = 0
    for process in (mine, *mine.children(recursive=True)):
        try:
            total += process.memory_info().rss
        except psutil.Error:  # ended meanwhile
            continue
    return total


@contextmanager
def told_to_prometheus(spec: StreamSpec, recorder: Recorder) -> Iterator[int]:
    """Answer Prometheus for as long as the block lasts; yield the port, 0 where none could be had.

    Parameters
    ----------
    spec
        The stream; it names the target file and the labels.
    recorder
        What the driver knows, read whenever Prometheus asks.
    """
    target = targets_dir(spec.settings) / f"{spec.name}.json"
    try:
        registry = CollectorRegistry()
        registry.register(DriverCollector(recorder))
        server, thread = start_http_server(0, addr=LOOPBACK, registry=registry)
        port = int(server.server_address[1])
        labels = {"job": "fink-driver", "survey": spec.survey, "stage": str(spec.stage)}
        replace_text(target, json.dumps([{"targets": [f"{LOOPBACK}:{port}"], "labels": labels}]))
    except OSError:
        logger.exception("no metrics stream=%s", spec.name)
        yield 0
        return
    logger.info("metrics stream=%s address=http://%s:%d/metrics", spec.name, LOOPBACK, port)
    try:
        yield port
    finally:
        target.unlink(missing_ok=True)
        server.shutdown()
        server.server_close()
        thread.join()
