"""The real Airflow: healthy, on the loopback interface alone, and gone without a rest."""

import stat
import time
from pathlib import Path

import httpx
import psutil
import pytest

from fink_lib.config import Settings
from fink_lib.host import ports
from fink_lib.host.airflow import LocalAirflow
from fink_lib.host.services import AIRFLOW, Services
from fink_lib.processes.detached import session_members

pytestmark = pytest.mark.airflow


def test_start_look_crash_start_stop(tmp_path: Path) -> None:
    # A fixed port: the survivors of a crash must not make it look taken by somebody else.
    settings = Settings(home=tmp_path / "home", airflow_port=ports.free_ports(1)[0])
    airflow = LocalAirflow(settings)
    login = airflow.start()
    try:
        service = Services(settings.home).read()[AIRFLOW]
        members = session_members(service.mark)
        assert len(members) <= 13
        sockets = [each for each in psutil.net_connections("tcp") if each.pid in {one.pid for one in members}]
        assert {each.laddr.ip for each in sockets if each.status == "LISTEN"} == {"127.0.0.1"}
        assert stat.S_IMODE((airflow.folder / "login.json").stat().st_mode) == 0o600
        with airflow.api() as api:
            assert api.unhealthy_parts() == []
            assert api.import_errors() == []
        assert httpx.get(f"{login.url}/api/v2/dags", trust_env=False).status_code == 401
        # A crash of the parent leaves workers behind; the next start clears them away and takes the same address.
        psutil.Process(service.pid).kill()
        while airflow.is_running():
            time.sleep(0.05)
        assert len(session_members(service.mark)) > 0
        again = airflow.start()
        assert again == login
        second = Services(settings.home).read()[AIRFLOW]
        assert session_members(service.mark) == []
        assert len(session_members(second.mark)) <= 13
    finally:
        airflow.stop()
    assert session_members(second.mark) == []
    assert not airflow.is_running()
