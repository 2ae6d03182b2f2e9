"""What Airflow's own server shows of the broker to whoever is logged in there: its page, alarms, logs, what jobs made.

The app is made at the first request: only the server pays for importing what serves it.
"""

import re
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from fink_lib.config import Settings
from fink_lib.orchestration.pages import Receive, Send, page_file

PREFIX = "/fink-broker"
LOG_BYTES = 200_000
STREAM = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+")
MADE = ("reprocess", "transfers")  # folders of the home whose pages are shown


class BrokerPages:
    """An ASGI app."""

    def __init__(self) -> None:
        self._app: Any = None

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._app is None:
            self._app = broker_app()
        await self._app(scope, receive, send)


def broker_app() -> Any:
    """Return the app: pages for a user of Airflow, and for nobody else."""
    from airflow.api_fastapi.core_api.security import get_user  # noqa: PLC0415 - the server's alone
    from fastapi import Depends, FastAPI, HTTPException  # noqa: PLC0415
    from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse  # noqa: PLC0415

    from fink_lib.orchestration.broker import alarms_page, broker_page  # noqa: PLC0415 - it reads tables

    app = FastAPI(title="Broker", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(get_user)])

    @app.get("/")
    def broker() -> HTMLResponse:
        return HTMLResponse(broker_page(Settings()))

    @app.get("/alarms")
    def alarms() -> HTMLResponse:
        return HTMLResponse(alarms_page())

    @app.get("/log/{stream}")
    def log(stream: str) -> PlainTextResponse:
        said = log_tail(Settings(), stream)
        if said is None:
            raise HTTPException(404, "there is no such stream, or it never had a driver")
        return PlainTextResponse(said)

    @app.get("/{folder}/{place:path}")
    def made(folder: str, place: str) -> FileResponse:
        found = page_file(Settings().home / folder, place) if folder in MADE else None
        if found is None:
            raise HTTPException(404, "there is no such page")
        return FileResponse(found)

    return app


def log_tail(settings: Settings, stream: str) -> str | None:
    """Return the end of what a stream's drivers said; None where there is nothing.

    Parameters
    ----------
    settings
        Where the folders of streams are.
    stream
        As ``ztf.enrich``; any other form has no log.

    Returns
    -------
    At most `LOG_BYTES`, from the beginning of a line.
    """
    path = settings.streams / stream / "driver.log"
    if not STREAM.fullmatch(stream) or not path.is_file():
        return None
    return _tail(path)


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - LOG_BYTES))
        said = file.read().decode(errors="replace")
    return said if size <= LOG_BYTES else f"(the last {LOG_BYTES // 1000} kB of {path})\n{said.partition(chr(10))[2]}"


def broker_address(place: str = "") -> str:
    """Return the address of one of these pages, on the server that shows the link."""
    return f"{Settings().airflow_url.rstrip('/')}{PREFIX}/{place}"
