"""A real server of the API over a home, in a thread of the test."""

import threading
import time
from dataclasses import dataclass
from typing import Any

import uvicorn

from fink_lib.api.http.app import make_app
from fink_lib.api.lake import Lake
from fink_lib.config import Settings
from fink_lib.vo.app import add_services
from tests.builders.served_home import ZTF

SECRET = 7  # the alert that nobody may see


@dataclass(frozen=True)
class Served:
    """A home and its server.

    Attributes
    ----------
    settings, url
        Of the home.
    public
        Packets that may be seen: of the closed night, and of the open one.
    """

    settings: Settings
    url: str
    public: list[dict[str, Any]]


class running:  # noqa: N801 - reads as a sentence
    """A server over a home, in a thread, until the block ends."""

    def __init__(self, settings: Settings) -> None:
        lake = Lake(settings, [ZTF])
        app = make_app(lake)
        add_services(app, lake)
        self._server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=2))
        self._thread = threading.Thread(target=self._server.run)

    def __enter__(self) -> str:
        self._thread.start()
        until = time.monotonic() + 30
        while not self._server.started and time.monotonic() < until:
            time.sleep(0.02)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(30)
        assert not self._thread.is_alive()
