"""The portal in the process of the API: its routes, its files, and errors as pages."""

import logging
from collections.abc import Callable
from importlib.resources import files

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from fink_lib.api.http.errors import Refused
from fink_lib.api.http.service import Service
from fink_lib.api.lake import Lake
from fink_lib.community.log import shared_log
from fink_lib.portal import citing, console, live, more_pages, own_filters, pages, region, transfers, user_jobs
from fink_lib.portal.citing import add_citing
from fink_lib.portal.community import add_community
from fink_lib.portal.drawing import page
from fink_lib.portal.followup import add_followup
from fink_lib.portal.login import add_logins
from fink_lib.portal.reports import add_reports
from fink_lib.vo.tap.requests import waiting

logger = logging.getLogger(__name__)

Make = Callable[[Service, Request], Response]
PAGES: dict[str, Make] = {
    "/": pages.home,
    "/search": pages.found,
    "/object/{survey}/{name}": pages.an_object,
    "/cone": pages.around,
    "/class": pages.of_class,
    "/region": region.region,
    "/nights": pages.all_nights,
    "/night/{survey}/{night}": pages.a_night,
    "/schema": pages.schema,
    "/moving/{survey}/{name}": more_pages.moving,
    "/observability": more_pages.observability,
    "/statistics": more_pages.statistics,
    "/sky/{survey}/{night}": more_pages.sky,
    "/filters": more_pages.filters,
    "/filters/new": own_filters.new,
    own_filters.OWN: own_filters.own,
    "/transfers": transfers.every,
    transfers.WORK: transfers.one,
    "/jobs": user_jobs.every,
    user_jobs.JOB: user_jobs.one,
    user_jobs.TABLE: user_jobs.table,
    "/set/{name}": citing.a_set,
    "/set/{name}/file": citing.its_file,
    "/set/{name}/again": citing.again,
    "/live": live.live,
    "/live/events": live.events,
}
QUERY = "/query"  # it waits for its turn and its query


def add_pages(app: FastAPI, lake: Lake) -> None:
    """Add the pages to the application of the API.

    Parameters
    ----------
    app
        The application of the API over the same lake.
    lake
        What the pages show.
    """
    service = Service(lake)
    for path, make in PAGES.items():
        app.add_route(path, _answering(service, make), methods=["GET"], include_in_schema=False)
    app.add_route(QUERY, waiting(_answering(service, console.console)), methods=["GET"], include_in_schema=False)
    add_citing(app, service)
    add_logins(app, lake.settings)
    own_filters.add_own_filters(app, service)
    transfers.add_transfers(app, service)
    user_jobs.add_user_jobs(app, service)
    add_community(app, shared_log(lake.settings))
    add_followup(app, shared_log(lake.settings), lake.settings)
    add_reports(app, shared_log(lake.settings), lake)
    app.mount("/static", StaticFiles(directory=str(files("fink_lib.portal") / "static")), name="static")


def _answering(service: Service, make: Make) -> Callable[[Request], Response]:
    """Return what answers a request for a page; it runs in a thread of its own."""

    def answer(request: Request) -> Response:
        try:
            return make(service, request)
        except Refused as error:
            said = f"{error.message[:1].upper()}{error.message[1:]}"
            told = said if said.endswith(".") else f"{said}{f': {error.fix}' if error.fix else ''}."
            return page("nothing.html.j2", error.status, q="", said=told, close=())
        except Exception:
            logger.exception("page %s failed", request.url.path)
            said = "This was not foreseen; it is in the log of this broker."
            return page("nothing.html.j2", 500, q="", said=said, close=())

    return answer
