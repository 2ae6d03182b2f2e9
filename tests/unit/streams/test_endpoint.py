"""A driver answers Prometheus while it runs, leaves word where, and takes it away when it ends."""

import json
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from fink_lib.config import Settings
from fink_lib.streams import endpoint
from fink_lib.streams.endpoint import told_to_prometheus
from fink_lib.streams.heartbeat import Heartbeat
from fink_lib.streams.listener import Recorder
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.streams.targets import targets_dir

REPORT = {
    "batchId": 4,
    "batchDuration": 500,
    "durationMs": {"addBatch": 320, "walCommit": 30, "triggerExecution": 500},
    "sources": [{"description": "KafkaV2[Subscribe[t]]", "startOffset": {"t": {"0": 0}}, "endOffset": {"t": {"0": 10}},
                 "latestOffset": {"t": {"0": 12}}, "numInputRows": 30}],
}  # fmt: skip


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(Heartbeat("ztf.ingest", "hash", "token", 1, "here"), tmp_path / "heartbeat.json")


def asked(address: str) -> dict[str, float]:
    text = httpx.get(f"http://{address}/metrics", trust_env=False).text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {sample.name + sample.labels.get("part", ""): sample.value for sample in samples}


def test_what_a_batch_took_and_what_of_it_is_no_work(settings: Settings, recorder: Recorder) -> None:
    spec = StreamSpec("ztf", Stage.INGEST, settings)
    target = targets_dir(settings) / "ztf.ingest.json"
    recorder.progress(REPORT)
    with told_to_prometheus(spec, recorder) as port:
        (told,) = json.loads(target.read_text())
        assert told == {
            "targets": [f"127.0.0.1:{port}"],
            "labels": {"job": "fink-driver", "survey": "ztf", "stage": "ingest"},
        }
        found = asked(told["targets"][0])
        recorder.idle()
        assert asked(told["targets"][0])["fink_driver_lag"] == 0, "it is asked anew each time"
    assert not target.exists()
    assert (found["fink_driver_rows_total"], found["fink_driver_lag"]) == (10, 2)
    assert (found["fink_driver_rows_per_second"], found["fink_driver_batch_seconds"]) == (20, 0.5)
    assert found["fink_driver_batch_part_secondswalCommit"] == 0.03
    assert found["fink_driver_batch_fixed_seconds"] == 0.18
    assert found["fink_driver_memory_bytes"] > 10**7


def test_a_stream_runs_without_a_port(settings: Settings, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError("no port")

    monkeypatch.setattr(endpoint, "start_http_server", refused)
    with told_to_prometheus(StreamSpec("ztf", Stage.INGEST, settings), recorder) as port:
        assert port == 0
    assert not targets_dir(settings).exists()
