"""The one alarm that the monitor cannot raise: a real Prometheus notices that it was killed, or stands still."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from fink_lib.config import Settings
from fink_lib.docs_pages.alarms import PROMETHEUS_RULES
from fink_lib.host.monitor import LocalMonitor
from fink_lib.host.ports import free_ports
from fink_lib.host.services import MONITOR, Services
from fink_lib.monitoring.prometheus import GONE
from fink_lib.streams.targets import targets_dir

PATIENCE_S = 300.0
EVERY = "1s"

pytestmark = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="Prometheus (Debian: prometheus) is not on this machine"
)


@pytest.fixture
def monitor(settings: Settings) -> Iterator[LocalMonitor]:
    """A monitor of a home whose Kafka is nobody's."""
    settings.home.mkdir()
    nowhere = f"127.0.0.1:{free_ports(1)[0]}"
    found = LocalMonitor(settings.model_copy(update={"metrics_port": 0, "kafka_bootstrap": nowhere}))
    found.start()
    yield found
    found.stop()


@pytest.fixture
def states(settings: Settings, monitor: LocalMonitor, tmp_path: Path) -> Iterator[Callable[[], dict[str, str]]]:
    """A Prometheus with our rules, as operator.md says; tells name → state of each alert that is not quiet."""
    targets = {"job_name": "fink", "file_sd_configs": [{"files": [f"{targets_dir(settings)}/*.json"]}]}
    every = {"scrape_interval": EVERY, "evaluation_interval": EVERY}
    config = {"global": every, "rule_files": [str(PROMETHEUS_RULES)], "scrape_configs": [targets]}
    (tmp_path / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML
    address = f"127.0.0.1:{free_ports(1)[0]}"
    options = [f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/tsdb"]
    with (tmp_path / "prometheus.log").open("w") as log:
        running = subprocess.Popen(["prometheus", *options, f"--web.listen-address={address}"], stderr=log)

    def ask() -> dict[str, str]:
        try:
            answer = httpx.get(f"http://{address}/api/v1/alerts", trust_env=False)
        except httpx.TransportError:
            return {"Prometheus": "starts"}
        alerts = answer.json()["data"]["alerts"] if answer.is_success else [{"state": "starts"}]
        return {one.get("labels", {}).get("alertname", "Prometheus"): one["state"] for one in alerts}

    yield ask
    running.terminate()
    running.wait(30)


def awaited(look: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


def test_a_monitor_that_was_killed_is_noticed_by_prometheus(
    settings: Settings, monitor: LocalMonitor, states: Callable[[], dict[str, str]]
) -> None:
    """Its absence must last for two minutes before people are told: here, that Prometheus counts them."""
    assert awaited(lambda: not states().keys() & {GONE.name, "Prometheus"}), "it is asked, and answers"
    service = Services(settings.home).get(MONITOR)
    assert service is not None
    os.kill(service.pid, signal.SIGKILL)
    assert awaited(lambda: states().get(GONE.name) == "pending")
    monitor.start()
    assert awaited(lambda: GONE.name not in states()), "it is there again"
