"""Pages of citable sets: made by whoever is logged in, read and run again by anybody."""

import hashlib
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fink_lib.accounts.web import PROOF_FIELD, known, require_own_form
from fink_lib.api.http.errors import Refused
from fink_lib.api.http.openapi import describe
from fink_lib.api.http.service import Service
from fink_lib.api.http.sets import FOLDER, make_set, read_set, run
from fink_lib.portal.drawing import page

SEE_OTHER = 303
NAMED = [{"name": "name", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[0-9a-f]{16}$"}}]
TOLD = {
    "/set/{name}": ("The landing page of a citable set", "text/html"),
    "/set/{name}/file": ("The file of a citable set, as it was made", "text/csv"),
    "/set/{name}/again": ("Its question asked again, of the version that it names", "text/html"),
}


def a_set(service: Service, request: Request) -> Response:
    """Show a set: what it is of, how to cite it, and its file.

    Parameters
    ----------
    service
        Its settings say where sets are kept.
    request
        With the `name` of the set in its path.
    """
    made = read_set(service.lake.settings.home, request.path_params["name"])
    base = service.lake.settings.api_url.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"
    return page("set.html.j2", q="", made=made, address=f"{base}/set/{made.name}", again="", is_same=False)


def its_file(service: Service, request: Request) -> Response:
    """Send the file of a set as it was made.

    Parameters
    ----------
    service
        Its settings say where sets are kept.
    request
        With the `name` of the set in its path.
    """
    home = service.lake.settings.home
    made = read_set(home, request.path_params["name"])
    name = f'attachment; filename="{made.survey}_{made.name}.csv"'
    return Response((home / FOLDER / f"{made.name}.csv").read_bytes(), media_type="text/csv; charset=utf-8",
                    headers={"Content-Disposition": name, "ETag": f'"{made.sha256}"'})  # fmt: skip


def again(service: Service, request: Request) -> Response:
    """Ask the question of a set again, of the version that it names, and compare every byte.

    Parameters
    ----------
    service
        Asked anew, with the rights of whoever asks.
    request
        With the `name` of the set in its path.
    """
    made = read_set(service.lake.settings.home, request.path_params["name"])
    text = run(service, request, made.question)
    found = hashlib.sha256(text).hexdigest()
    return page("set.html.j2", q="", made=made, address=f"/set/{made.name}", again=found, is_same=found == made.sha256)


def add_citing(app: FastAPI, service: Service) -> None:
    """Add what makes a set, for those who are logged in.

    Parameters
    ----------
    app
        The application; its state has the accounts.
    service
        Makes the sets, with the rights of whoever asks.
    """

    def make(request: Request, form: FormData) -> Response:
        try:
            claims = known(request)
            said = {name: value for name, value in form.items() if isinstance(value, str) and name != PROOF_FIELD}
            require_own_form(request, claims, str(form.get(PROOF_FIELD, "")))
            return RedirectResponse(f"/set/{make_set(service, request, said, claims.person).name}", SEE_OTHER)
        except HTTPException as error:
            return page("nothing.html.j2", error.status_code, q="", said=f"{error.detail}.", close=())
        except Refused as error:
            return page("nothing.html.j2", error.status, q="", said=f"{error.message}: {error.fix}.", close=())

    async def answer(request: Request) -> Response:
        async with request.form(max_files=0) as form:
            return await run_in_threadpool(make, request, form)

    app.add_route("/sets", answer, methods=["POST"], include_in_schema=False)
    describe(app, {path: {"get": _described(*told)} for path, told in TOLD.items()})


def _described(summary: str, media: str) -> dict[str, Any]:
    answers = {"200": {"description": "The answer", "content": {media: {}}}, "404": {"description": "No such set"},
               "410": {"description": "Files of its version are gone"}}  # fmt: skip
    return {"summary": summary, "tags": ["citation"], "parameters": NAMED, "responses": answers}
