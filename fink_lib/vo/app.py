"""The services in the process of the API: their routes."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from fink_lib.api.http.openapi import describe
from fink_lib.api.http.service import Service
from fink_lib.api.lake import Lake
from fink_lib.vo import coverage, scs, vosi
from fink_lib.vo.datalink import links
from fink_lib.vo.described import described
from fink_lib.vo.replies import told_as_votable
from fink_lib.vo.tap.requests import answering
from fink_lib.vo.tap.service import Tap

SCS, TAP = "/scs/{survey}/{table}", "/tap"
Make = Callable[[Service, Request], Response]
CONES: dict[str, Make] = {"": scs.cone, "/capabilities": scs.capabilities, "/tables": scs.tables}
LINKS: dict[str, Make] = {
    "/moc/{survey}": coverage.moc,
    "/datalink/{survey}/packet": links.packet,
    "/datalink/{survey}/capabilities": links.capabilities,
}
PARTS = ("phase", "parameters", "results", "error", "owner", "quote", "destruction", "executionduration")
SETTABLE = {"phase", "parameters", "destruction", "executionduration"}


def add_services(app: FastAPI, lake: Lake) -> None:
    """Add the services to the application of the API.

    Parameters
    ----------
    app
        The application; routes are added to it, and the end of the service's work to its own end.
    lake
        What is served.
    """
    service = Service(lake)
    for path, make in CONES.items():
        answer = told_as_votable(partial(make, service), status=None if path else 200)
        app.add_route(f"{SCS}{path}", answer, methods=["GET"], include_in_schema=False)
    for base in (SCS, TAP, "/datalink/{survey}"):
        app.add_route(f"{base}/availability", lambda _: vosi.availability(), methods=["GET"], include_in_schema=False)
    for method in ("GET", "POST"):
        told = answering(partial(links.links, service))
        app.add_route("/datalink/{survey}/links", told, methods=[method], include_in_schema=False)
    for path, make in LINKS.items():
        app.add_route(path, told_as_votable(partial(make, service)), methods=["GET"], include_in_schema=False)
    app.state.tap = tap = Tap(lake)
    _add_tap(app, tap)
    _close_with(app, tap)
    describe(app, described())


def _add_tap(app: FastAPI, tap: Tap) -> None:
    def add(path: str, methods: Mapping[str, Callable[..., Response]]) -> None:
        for method, make in methods.items():
            app.add_route(f"{TAP}/{path}", answering(make), methods=[method], include_in_schema=False)

    add("sync", {"GET": tap.sync, "POST": tap.sync})
    add("tables", {"GET": tap.tables})
    add("capabilities", {"GET": tap.capabilities})
    add("examples", {"GET": tap.examples})
    add("async", {"GET": tap.listed, "POST": tap.create})
    add("async/{job}", {"GET": tap.job, "POST": tap.change, "DELETE": tap.change})
    for name in PARTS:
        further = {"POST": tap.change} if name in SETTABLE else {}
        add(f"async/{{job}}/{name}", {"GET": tap.part(name), **further})
    add("async/{job}/results/result", {"GET": tap.result})


def _close_with(app: FastAPI, tap: Tap) -> None:
    """End the service's work before the application lets go of the lake."""
    first: Any = app.router.lifespan_context

    @asynccontextmanager
    async def until_ended(own: FastAPI) -> AsyncIterator[Any]:
        async with first(own) as state:
            yield state
            tap.close()

    app.router.lifespan_context = until_ended
