"""The process of API and portal: ``python -m fink_lib.portal.server HANDLE``, with the environment's settings.

HANDLE is the number of an open port that it inherits (`keeper`); it ends when its standard input does.
"""

import logging
import os
import signal
import socket
import sys
import threading
import time

import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError

from fink_lib.api.http.app import PREFIX, make_app
from fink_lib.api.lake import Lake
from fink_lib.config import Settings
from fink_lib.errors import first_line
from fink_lib.lake.tables import full_name
from fink_lib.portal.app import add_pages
from fink_lib.portal.keeper import CANNOT_START
from fink_lib.surveys import SURVEYS, Survey, running_surveys
from fink_lib.user_jobs.http import add_jobs
from fink_lib.vo.app import add_services

logger = logging.getLogger(__name__)

GRACE_S = 5


def served_surveys(settings: Settings) -> tuple[Survey, ...]:
    """Return the surveys whose streams run, and those that have left alerts in the lake."""
    running = running_surveys(settings)
    others = (one for one in SURVEYS.values() if one not in running)
    return (*running, *(one for one in others if (settings.lake / full_name("silver", one.name, "alerts")).is_dir()))


def whole_app(settings: Settings) -> FastAPI:
    """Return API, portal and the services of the Virtual Observatory over the lake of a home.

    Parameters
    ----------
    settings
        Of the lake, the accounts and the surveys that are served.
    """
    lake = Lake(settings, served_surveys(settings))
    app = make_app(lake)
    add_pages(app, lake)
    add_services(app, lake)
    add_jobs(app, lake, PREFIX)
    return app


def serve(settings: Settings, host: str, port: int) -> None:
    """Answer requests until the process is asked to end; requests that run are finished.

    Parameters
    ----------
    settings
        Of the lake, the accounts and the surveys that are served.
    host
        Address to listen at.
    port
        Port to listen at.
    """
    uvicorn.run(whole_app(settings), host=host, port=port, log_level="warning", timeout_graceful_shutdown=GRACE_S)


def serve_at(app: FastAPI, door: socket.socket) -> bool:
    """Answer requests as `serve`, at a port that is open already; return whether it ever did.

    Parameters
    ----------
    app
        API, portal and services.
    door
        The port.
    """
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=GRACE_S))
    server.run(sockets=[door])
    return server.started


def main(handle: int) -> int:
    """Answer requests until the end; where that cannot be, say why in the last line and return `CANNOT_START`.

    Parameters
    ----------
    handle
        Number of the open port.
    """
    try:
        app = whole_app(Settings())
    except Exception as error:
        if isinstance(error, ValidationError):  # without what was given, which may be a password
            told = "; ".join(f"FINK_{'__'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in error.errors())
        else:
            logger.exception("it cannot start")
            told = first_line(error)
        logger.error("%s: %s", type(error).__name__, told)  # noqa: TRY400 - the last line is told where it is awaited
        return CANNOT_START
    return 0 if serve_at(app, socket.socket(fileno=handle)) else CANNOT_START


def _end_with_parent() -> None:
    """End when whoever started this process ends, however that was.

    It reads past `sys.stdin`, whose lock a thread that waits there would keep: Python aborts at its end without it.
    """
    while os.read(0, 65536):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(2 * GRACE_S)
    os._exit(1)  # a loop that hangs would hold the port for ever


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.exit(main(int(sys.argv[1])))
