"""What keeps the API running: it starts another when one dies, and knows when that is no use."""

import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from fink_lib.config import Settings
from fink_lib.errors import HostError
from fink_lib.host.api import LocalApi
from fink_lib.portal.keeper import CANNOT_START, Keeper, listening_at, pause_s
from fink_lib.streams.runner import settings_environment

ANSWER = """
import os, pathlib, socket, sys, time
runs = pathlib.Path(sys.argv[2]); runs.write_text(runs.read_text() + 'x')
door = socket.socket(fileno=int(sys.argv[1]))
one, _ = door.accept()
one.recv(1000)
one.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 1\\r\\n\\r\\n' + str(len(runs.read_text())).encode())
one.close()
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    path = tmp_path / "runs"
    path.write_text("")
    return path


def test_who_asks_while_there_is_no_server_is_answered_by_the_next(runs: Path) -> None:
    with listening_at("127.0.0.1", 0) as door:
        keeper = Keeper([sys.executable, "-c", ANSWER, str(door.fileno()), str(runs)], door.fileno())
        thread = threading.Thread(target=keeper.run)
        thread.start()
        url = f"http://127.0.0.1:{door.getsockname()[1]}"
        try:
            assert [httpx.get(url, timeout=60, trust_env=False).text for _ in range(3)] == ["1", "2", "3"]
        finally:
            keeper.stop()
            thread.join(60)
    assert not thread.is_alive()


def test_a_server_that_cannot_come_up_is_not_tried_again(runs: Path) -> None:
    code = "import pathlib, sys; p = pathlib.Path(sys.argv[1]); p.write_text(p.read_text() + 'x'); sys.exit(3)"
    with socket.create_server(("127.0.0.1", 0)) as door:
        assert Keeper([sys.executable, "-c", code, str(runs)], door.fileno()).run() == 3
    assert runs.read_text() == "x"


def test_a_start_that_cannot_be_is_told_at_once_however_long_it_took() -> None:
    times = iter((0.0, 100.0))
    with socket.create_server(("127.0.0.1", 0)) as door:
        keeper = Keeper([sys.executable, "-c", f"raise SystemExit({CANNOT_START})"], door.fileno(), lambda: next(times))
        assert keeper.run() == CANNOT_START


def test_the_server_itself_says_why_it_cannot_start(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    api = LocalApi(settings.model_copy(update={"api_port": 0}))
    monkeypatch.setattr(api, "FACTS", replace(api.FACTS, start_s=300.0))  # where others work, too
    monkeypatch.setattr(api, "environment", lambda: settings_environment(settings) | {"FINK_API_PORT": "x"})
    with pytest.raises(HostError, match=r"the API did not come up: .*FINK_API_PORT: "):
        api.start()
    assert "started again" not in api.log.read_text()


def test_a_server_that_was_stopped_ends_the_keeper() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        keeper = Keeper([sys.executable, "-c", "import sys; sys.stdin.read()"], door.fileno())
        ended: list[int] = []
        thread = threading.Thread(target=lambda: ended.append(keeper.run()))
        thread.start()
        time.sleep(0.2)
        keeper.stop()
        thread.join(60)
    assert ended == [0]


def test_a_start_that_the_machine_has_no_memory_for_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    starts: list[int] = []

    def scarce(*given: Any, **named: Any) -> "subprocess.Popen[bytes]":
        starts.append(1)
        if len(starts) == 2:
            raise OSError(12, "Cannot allocate memory")
        if len(starts) == 3:
            keeper.stop()
        return real(*given, **named)

    real = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", scarce)
    with socket.create_server(("127.0.0.1", 0)) as door:
        keeper = Keeper([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], door.fileno())
        assert keeper.run() == 0
    assert len(starts) == 3


def test_a_name_of_both_kinds_of_addresses_is_listened_to_where_the_host_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo
    both = [(family, socket.SOCK_STREAM, 6, "", (host, 0))
            for family, host in ((socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1"))]  # fmt: skip
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *_, **__: both if host == "localhost" else real(host, 0))
    with listening_at("localhost", 0) as door:
        assert door.getsockname()[0] == "127.0.0.1"


def test_the_pause_grows_with_what_dies_at_once() -> None:
    assert [pause_s(one) for one in (0, 1, 2, 3, 20)] == [0.0, 0.0, 1.0, 2.0, 30.0]
