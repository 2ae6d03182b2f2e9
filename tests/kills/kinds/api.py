"""The API, killed with -9 between two answers."""

import os
import signal

import httpx
import psutil
from deltalake import DeltaTable

from fink_lib.host.api import LocalApi
from fink_lib.host.services import API, Services
from tests.kills.chaos import Chaos, awaited
from tests.kills.kind import Kind, Send

GONE_S = 30.0


def api_killed(chaos: Chaos, send: Send) -> str:
    """Ask for the packet of an alert, kill the API amid new alerts, ask again; then kill what starts it again, too."""
    api = LocalApi(chaos.settings.model_copy(update={"api_port": 0}))
    silver = DeltaTable(str(chaos.settings.lake / "silver_ztf__alerts")).to_pyarrow_table(columns=["alert_id"])
    alert_id = chaos.chance.choice(silver["alert_id"].to_pylist())
    try:
        url = api.start()
        before = _packet(url, alert_id)
        send()
        service = Services(chaos.settings.home).get(API)
        assert service is not None
        (server,) = psutil.Process(service.pid).children()
        os.kill(server.pid, signal.SIGKILL)
        assert _packet(url, alert_id) == before
        os.kill(service.pid, signal.SIGKILL)
        assert awaited(lambda: not api.is_running(), GONE_S)
        assert _packet(api.start(), alert_id) == before
    finally:
        api.stop()
    return f"the packet of {alert_id} is the same, {len(before)} bytes"


def _packet(url: str, alert_id: int) -> bytes:
    answer = httpx.get(f"{url}/api/v1/packet", params={"alert": alert_id}, timeout=60, trust_env=False)
    assert answer.is_success, answer.text
    return answer.content


KINDS = (Kind("API killed", api_killed, "started again, it reads the same lake; no stream knows of it"),)
