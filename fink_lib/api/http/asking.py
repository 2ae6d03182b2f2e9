"""Around every request: who asks is found, counted, handed to the questions, and noted where rows are not public."""

import time

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fink_lib.accounts.access_log import note_access
from fink_lib.accounts.asking import Asking, asked_by
from fink_lib.accounts.claims import ANONYMOUS, Claims
from fink_lib.accounts.limits import Limits
from fink_lib.accounts.web import COOKIE, who
from fink_lib.api.http.errors import Refused
from fink_lib.api.http.parameters import MOST_BODY_BYTES
from fink_lib.config import Settings

UNCOUNTED = ("/health", "/static/")
TOO_MANY = 429
ROOM_FOR_FORM = 2**20  # what a form has around its files


def _bounded(receive: Receive) -> Receive:
    """Return what hands over a body, until that is too large: not every sender says before how long it is."""
    size = 0

    async def receiving() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MOST_BODY_BYTES + ROOM_FOR_FORM:
            raise Refused("the body is too large", status=413, fix=f"at most {MOST_BODY_BYTES} bytes")
        return message

    return receiving


class AskedBy:
    """The outermost part of the application.

    Parameters
    ----------
    app
        What answers.
    settings
        Where accesses are noted, and how much may be asked.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings
        self._limits = Limits(settings.api_requests_per_minute, settings.api_mb_per_day * 10**6)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        receive = _bounded(receive)
        request = Request(scope, receive)
        try:
            claims = await self._claims(request)
        except HTTPException as error:
            told = Refused(str(error.detail), fix="`fink tokens add` makes one", status=error.status_code).response()
            told.headers.update(error.headers or {})
            await told(scope, receive, send)
            return
        with asked_by(claims) as asked:
            await self._answer(request, asked, receive, send)

    async def _claims(self, request: Request) -> Claims:
        if "authorization" not in request.headers and COOKIE not in request.cookies:
            request.state.claims = ANONYMOUS
            return ANONYMOUS
        return await run_in_threadpool(who, request)

    async def _answer(self, request: Request, asked: Asking, receive: Receive, send: Send) -> None:
        """Answer, with what is left to whoever asks in the headers."""
        claims, headers = asked.claims, {}
        key = claims.person or f"@{request.client.host if request.client else ''}"
        if not request.url.path.startswith(UNCOUNTED):
            left = self._limits.ask(key)
            headers = left.headers(self._limits.per_minute)
            if left.is_over:
                refused = Refused("this was asked too often", fix=f"wait {left.wait_s} s", status=TOO_MANY).response()
                refused.headers.update({**headers, "Retry-After": str(left.wait_s)})
                await refused(request.scope, receive, send)
                return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = MutableHeaders(scope=message)
                told.update(headers)
                told.add_vary_header("Authorization, Cookie")
                if not claims.is_anonymous:
                    told["Cache-Control"] = "private, no-cache"
                if asked.used:
                    self._note(request, asked, message["status"])
            elif message["type"] == "http.response.body":
                self._limits.sent(key, len(message.get("body", b"")))
            await send(message)

        await self._app(request.scope, receive, sending)

    def _note(self, request: Request, asked: Asking, status: int) -> None:
        query = request.url.query
        address = request.url.path + (f"?{query}" if query else "")
        note_access(self._settings.home, asked, time.time(), address, status)
