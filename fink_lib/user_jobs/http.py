"""Routes of jobs, below ``/api/v1/jobs``: everybody sees his own alone."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from fink_lib.accounts.claims import Claims
from fink_lib.accounts.web import known, writer
from fink_lib.api.http.community.access import json_of
from fink_lib.api.http.community.described import REFUSED, TEXT, WHOLE
from fink_lib.api.http.errors import Refused
from fink_lib.api.lake import Lake
from fink_lib.config import Settings
from fink_lib.user_jobs import asking
from fink_lib.user_jobs.record import Form, Language, UserJob
from fink_lib.user_jobs.replies import PRIVATE, answered, told
from fink_lib.user_jobs.tables_http import tables_router

PATH, CREATED = "/jobs", 201
MEDIA = {Form.PARQUET: "application/vnd.apache.parquet", Form.CSV: "text/csv; charset=utf-8"}
EXAMPLE = {"language": "sql", "code": "SELECT band, count(*) AS n FROM ztf.sources GROUP BY band", "format": "parquet"}
ASKED = {"requestBody": {"required": True, "content": {"application/json": {"example": EXAMPLE, "schema": {
    "type": "object", "required": ["language", "code"], "properties": {
        "language": {"enum": list(Language)}, "code": TEXT, "title": TEXT, "format": {"enum": list(Form)},
        "surveys": {"type": "array", "items": TEXT}, "version": WHOLE, "table": TEXT, "group": TEXT,
        "tables": {"type": "array", "items": TEXT}, "public": {"type": "boolean"},
    }}}}}}  # fmt: skip
AGAIN = {"requestBody": {"required": False, "content": {"application/json": {
    "example": {"version": 3}, "schema": {"type": "object", "properties": {"version": WHOLE}}}}}}  # fmt: skip


def add_jobs(app: FastAPI, lake: Lake, prefix: str) -> None:
    """Add the routes to the application of the API.

    Parameters
    ----------
    app
        The application of the API.
    lake
        Its settings say where jobs are kept; its surveys can be asked for.
    prefix
        Begins the paths of the routes.
    """
    app.include_router(jobs_router(lake.settings, tuple(lake.surveys)), prefix=prefix)
    app.include_router(tables_router(lake), prefix=prefix)


def jobs_router(settings: Settings, served: tuple[str, ...]) -> APIRouter:
    """Return the routes.

    Parameters
    ----------
    settings
        Which home.
    served
        Surveys that may be asked.
    """
    router = APIRouter(prefix=PATH, tags=["jobs"], responses=REFUSED)
    _add_looking(router, settings)

    @router.post(
        "", summary="Run SQL or Python over the rows that you may see", status_code=CREATED, openapi_extra=ASKED
    )
    async def submitted(request: Request) -> Response:
        claims, said = writer(request), await json_of(request)
        asked = partial(_submitted, settings, claims, said, served)
        return await answered(asked, CREATED)

    @router.post("/{name}/cancel", summary="End a job that waits or runs")
    async def cancelled(request: Request, name: str) -> Response:
        claims = writer(request)
        return await answered(lambda: facts(asking.cancel(settings, claims, name)))

    @router.post("/{name}/rerun", summary="Run a job once more: on the newest rows, or on a version",
                 openapi_extra=AGAIN)  # fmt: skip
    async def again(request: Request, name: str) -> Response:
        claims = writer(request)
        said = _object(await json_of(request)) if await request.body() else {}
        return await answered(lambda: facts(asking.again(settings, claims, name, said.get("version"))))

    return router


def _add_looking(router: APIRouter, settings: Settings) -> None:
    """Add the routes that change nothing."""

    @router.get("", summary="Your jobs, the newest first")
    async def listed(request: Request) -> Response:
        claims = known(request)
        return await answered(lambda: [facts(one) for one in asking.mine(settings, claims)])

    @router.get("/{name}", summary="One of your jobs, as it stands")
    async def one(request: Request, name: str) -> Response:
        claims = known(request)
        return await answered(lambda: facts(asking.own(settings, claims, name)))

    @router.get("/{name}/log", summary="What it has said so far", response_class=PlainTextResponse)
    async def log(request: Request, name: str) -> Response:
        claims = known(request)
        return PlainTextResponse(await told(lambda: asking.log_of(settings, claims, name)), headers=PRIVATE)

    @router.get("/{name}/result", summary="Its rows, as Parquet or CSV", response_class=FileResponse)
    async def result(request: Request, name: str) -> Response:
        claims = known(request)
        path = await told(lambda: asking.result_of(settings, claims, name))
        form = Form(path.suffix.removeprefix("."))
        return FileResponse(path, media_type=MEDIA[form], filename=f"{name}.{form}", headers=PRIVATE)


def facts(job: UserJob) -> dict[str, Any]:
    """Return a job for programs."""
    names = ("name", "title", "state", "language", "format", "surveys", "version", "versions", "rows", "seconds",
             "error", "rerun_of", "code", "tables", "public")  # fmt: skip
    found = {name: getattr(job, "form" if name == "format" else name) for name in names}
    times = {name: getattr(job, name) for name in ("asked_at", "started_at", "ended_at")}
    found["table"] = job.kept_as
    return found | {name: datetime.fromtimestamp(at, UTC).isoformat() if at else None for name, at in times.items()}


def _submitted(settings: Settings, claims: Claims, said: Any, served: tuple[str, ...]) -> dict[str, Any]:
    return facts(asking.submit(settings, asking.asked_of(_object(said), claims, served)))


def _object(said: Any) -> dict[str, Any]:
    if not isinstance(said, dict):
        raise Refused("send a JSON object", fix="/docs shows one")
    return said
