"""The process of API and portal: ``python -m fink_lib.portal.server HOST PORT``, with the environment's settings."""

import logging
import sys

import uvicorn

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
    lake = Lake(settings, served_surveys(settings))
    app = make_app(lake)
    add_pages(app, lake)
    add_services(app, lake)
    add_jobs(app, lake, PREFIX)
    uvicorn.run(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=GRACE_S)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    serve(Settings(), sys.argv[1], int(sys.argv[2]))
