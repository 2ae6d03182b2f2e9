"""The application: every route for GET and POST, for the first survey or the one that its path names."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import duckdb
from fastapi import APIRouter, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from fink_lib import __version__
from fink_lib.accounts.store import Store
from fink_lib.api.http import parameters as p
from fink_lib.api.http.answers import COUNT, NEXT, VERSION, facts_answer
from fink_lib.api.http.asking import AskedBy
from fink_lib.api.http.community.routes import community_router
from fink_lib.api.http.cutouts import cutout, whole_packet
from fink_lib.api.http.docs import routes_page
from fink_lib.api.http.errors import Refused
from fink_lib.api.http.metrics import Asked, Counted
from fink_lib.api.http.openapi import get_extra, post_extra, responses
from fink_lib.api.http.routes import ROUTES, Route
from fink_lib.api.http.service import Service, gone
from fink_lib.api.http.uploads import matched, upload
from fink_lib.api.lake import Lake
from fink_lib.community.log import shared_log
from fink_lib.errors import FinkError

logger = logging.getLogger(__name__)

Media: TypeAlias = dict[str, Any]
PREFIX = "/api/v1"
IMAGES: Media = {"image/png": {}, "application/fits": {}, "application/json": {}}
FACTS: Media = {"application/json": {}}
CUTOUTS = Route("cutouts", p.Cutout, cutout, "Cutouts of an alert", {"objectId": "ZTF21acoshvy", "kind": "Science"})
TELL_LIMITS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-Quota-Remaining-Bytes")
PACKETS = Route(
    "packet", p.OfAlert, whole_packet, "The packet of an alert, as an Avro file", {"alert": 1786239164515015011}
)
AVRO: Media = {"application/avro": {}}
Endpoint = Callable[[Request], Awaitable[Response]]


def make_app(lake: Lake) -> FastAPI:
    """Return the application over a lake; it closes the lake when it ends."""

    @asynccontextmanager
    async def until_ended(_app: FastAPI) -> AsyncIterator[None]:
        yield
        lake.close()

    app = FastAPI(title="Fink lake", version=__version__, lifespan=until_ended, docs_url=None,
        redoc_url=None,
                  description="Alerts of astronomical surveys, as they are in the lake.")  # fmt: skip
    app.add_middleware(
        CORSMiddleware, allow_origins=["*"], allow_methods=["GET", "POST"], allow_headers=["*"],
        expose_headers=["ETag", "Link", VERSION, COUNT, NEXT, *TELL_LIMITS],
    )  # fmt: skip
    app.state.accounts, app.state.settings = Store(lake.settings.home), lake.settings
    app.add_middleware(AskedBy, settings=lake.settings)
    service = Service(lake)
    app.include_router(_router(service, None), prefix=PREFIX)
    for name in lake.surveys:
        app.include_router(_router(service, name), prefix=f"/{name}{PREFIX}", include_in_schema=False)
    community = community_router(shared_log(lake.settings), lake)
    app.include_router(community, prefix=PREFIX)

    def docs(_request: Request) -> Response:
        return HTMLResponse(routes_page((*ROUTES, CUTOUTS, PACKETS), PREFIX, lambda: app.openapi()["paths"]))

    app.add_route("/docs", docs, include_in_schema=False)
    app.add_api_route("/health", _health(service), methods=["GET"], summary="Does it answer, and of which versions")
    asked = Asked()
    app.add_route("/metrics", asked.page, include_in_schema=False)
    app.add_middleware(Counted, asked=asked)
    _tell_errors(app)
    return app


def _health(service: Service) -> Endpoint:
    async def health(_request: Request) -> Response:
        known = {name: one.now() for name, one in service.lake.surveys.items()}
        told = {
            name: {"version": one.version, "open_nights": sorted(map(str, one.live_nights))}
            for name, one in known.items()
        }
        return facts_answer({"status": "ok", "code": __version__, "surveys": told})

    return health


def _router(service: Service, survey: str | None) -> APIRouter:
    """Return the routes; where a survey is given, of that one."""
    router = APIRouter()
    own = {CUTOUTS.name: IMAGES, PACKETS.name: AVRO}
    for route in (*ROUTES, CUTOUTS, PACKETS):
        media = FACTS if issubclass(route.model, p.Told) else own.get(route.name)
        _add(router, service, survey, route, media)

    async def crossmatch(request: Request) -> Response:
        raw, said = await upload(request)
        return await run_in_threadpool(matched, service, raw, _of(survey, said))

    body = {"text/csv": {"schema": {"type": "string"}, "example": "ra,dec\n49.1551,44.1449\n"}}
    extra = get_extra(p.Matched, {"radius": 2}) | {
        "requestBody": {"required": True, "content": body},
        "responses": responses(),
    }
    router.add_api_route("/crossmatch", crossmatch, methods=["POST"], summary="Alerts near each place of a list",
                         openapi_extra=extra, response_class=Response)  # fmt: skip
    return router


def _of(survey: str | None, said: dict[str, Any]) -> dict[str, Any]:
    return said if survey is None else {**said, "survey": survey}


def _add(router: APIRouter, service: Service, survey: str | None, route: Route, media: Media | None) -> None:
    """Add a route for GET and POST."""

    def endpoint(*, body: bool) -> Endpoint:
        async def asked(request: Request) -> Response:
            said = await p.read(request, route.model, body=body)
            if survey is not None:
                said = said.model_copy(update={"survey": survey})
            return await run_in_threadpool(route.answer, service, request, said)

        return asked

    for method, extra in (("GET", get_extra), ("POST", post_extra)):
        router.add_api_route(
            f"/{route.name}",
            endpoint(body=method == "POST"),
            methods=[method],
            summary=route.summary,
            operation_id=f"{method.lower()}_{route.name}",
            openapi_extra=extra(route.model, route.example, media),
            response_class=Response,
        )


def _tell_errors(app: FastAPI) -> None:
    """Make every error JSON of one shape."""

    async def refused(_request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)  # noqa: S101 - registered for it
        return error.response()

    async def http(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        fix = "/docs lists the routes" if error.status_code == 404 else ""  # noqa: PLR2004
        told = Refused(str(error.detail), fix=fix, status=error.status_code).response()
        told.headers.update(error.headers or {})
        return told

    async def engine(_request: Request, error: Exception) -> Response:
        told = gone(error) if isinstance(error, duckdb.Error) else None
        return (told or _unforeseen(error)).response()

    async def lake(_request: Request, error: Exception) -> Response:
        return Refused(str(error), status=503, fix="tell the operator of this broker").response()

    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(duckdb.Error, engine)
    app.add_exception_handler(FinkError, lake)
    app.add_exception_handler(Exception, engine)


def _unforeseen(error: Exception) -> Refused:
    logger.error("a request failed", exc_info=error)
    return Refused("this was not foreseen; it is in the log", status=500, fix="tell the operator of this broker")
