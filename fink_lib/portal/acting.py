"""Forms of people who are logged in: whose they are is asked first, and what is wrong is told as a page."""

from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fink_lib.accounts.web import PROOF_FIELD, known, require_own_form
from fink_lib.api.http.community.access import refusing
from fink_lib.api.http.errors import Refused
from fink_lib.portal.drawing import page

SEE_OTHER = 303
Said = dict[str, str]
Act = Callable[[Request, Said, str], str]


def add_acts(app: FastAPI, acts: Mapping[str, Act]) -> None:
    """Add what forms are sent to: path → what acts; it returns where the browser goes next.

    Parameters
    ----------
    app
        The application; its state has the accounts.
    acts
        Path → what acts. It is called with the request, the texts of the form without spaces at their ends, and the
        name of the person; files are not taken.
    """
    for path, act in acts.items():
        app.add_route(path, _answering(act), methods=["POST"], include_in_schema=False)


def _answering(act: Act) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        async with request.form(max_files=0) as form:
            said = {name: value.strip() for name, value in form.items() if isinstance(value, str)}
        return await run_in_threadpool(_acted, act, request, said)

    return answer


def _acted(act: Act, request: Request, said: Said) -> Response:
    try:
        claims = known(request)
        require_own_form(request, claims, said.pop(PROOF_FIELD, ""))
        return RedirectResponse(refusing(lambda: act(request, said, claims.person)), SEE_OTHER)
    except HTTPException as error:
        told, status = str(error.detail), error.status_code
    except Refused as error:
        told, status = error.message, error.status
    return page("nothing.html.j2", status, q="", said=f"{told[:1].upper()}{told[1:]}.", close=())
