"""The process of API and portal: ``python -m fink_lib.portal.server HANDLE``, with the environment's settings.

HANDLE is the number of an open port that it inherits (`keeper`); it ends when its standard input does.
"""

import logging
import os
import signal
import socket
import sys
import threading

import uvicorn
from fastapi import FastAPI

from fink_lib.api.http.app import PREFIX, make_app
from fink_lib.api.lake import Lake
from fink_lib.config import Settings
from fink_lib.lake.tables import full_name
from fink_lib.portal.app import add_pages
from fink_lib.surveys import SURVEYS, Survey, running_surveys
from fink_lib.user_jobs.http import add_jobs
from fink_lib.vo.app import add_services

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


def serve_at(settings: Settings, door: socket.socket) -> None:
    """Answer requests as `serve`, at a port that is open already.

    Parameters
    ----------
    settings
        Of the lake, the accounts and the surveys that are served.
    door
        The port.
    """
    config = uvicorn.Config(whole_app(settings), log_level="warning", timeout_graceful_shutdown=GRACE_S)
    uvicorn.Server(config).run(sockets=[door])


def _end_with_parent() -> None:
    """End when whoever started this process ends, however that was."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    threading.Thread(target=_end_with_parent, daemon=True).start()
    serve_at(Settings(), socket.socket(fileno=int(sys.argv[1])))
