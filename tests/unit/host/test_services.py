"""The small file of what runs."""

import os
from pathlib import Path

import psutil
import pytest

from fink_lib.host.services import Service, Services


def test_put_get_drop(tmp_path: Path) -> None:
    services = Services(tmp_path / "home")
    assert services.read() == {}
    one = Service(os.getpid(), psutil.Process().create_time(), 1234, "log")
    services.put("kafka", one)
    services.put("airflow", Service(os.getpid(), 1.0, 5678, "log"))
    assert Services(tmp_path / "home").get("kafka") == one
    services.drop("kafka")
    assert list(services.read()) == ["airflow"]


def test_alive_only_with_the_same_start() -> None:
    started = psutil.Process().create_time()
    assert Service(os.getpid(), started, 1, "").alive
    assert not Service(os.getpid(), started - 100, 1, "").alive


@pytest.mark.parametrize("left", ["", "{", "[]", '{"kafka": {"pid": 1}}'])
def test_a_file_that_a_power_cut_tore_tells_of_nothing(left: str, tmp_path: Path) -> None:
    services = Services(tmp_path)
    services.path.write_text(left)
    assert services.read() == {}
    services.put("kafka", one := Service(os.getpid(), 1.0, 1234, "log"))
    assert services.read() == {"kafka": one}
