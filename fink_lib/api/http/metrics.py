"""What the API tells Prometheus: requests by route and answer, and how long they took."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
NO_ROUTE = "(none)"  # a path that is no route is not told: whoever asks could make as many as they like


class Asked:
    """Counts the requests of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("fink_api_requests", "Requests answered", ["route", "status"], registry=self.registry)
        self.seconds = Histogram("fink_api_request_seconds", "Until the last byte was handed over", ["route"],
                                 buckets=BUCKETS_S, registry=self.registry)  # fmt: skip

    async def page(self, _request: Request) -> Response:
        """Answer Prometheus."""
        return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)


class Counted:
    """Stands around the application.

    Parameters
    ----------
    app
        What answers.
    asked
        Where it is counted.
    """

    def __init__(self, app: App, asked: Asked) -> None:
        self._app, self._asked = app, asked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, since = "500", time.perf_counter()

        async def told(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, told)
        finally:
            route = _route(scope)
            self._asked.requests.labels(route, status).inc()
            self._asked.seconds.labels(route).observe(time.perf_counter() - since)


def _route(scope: Scope) -> str:
    """Return the path of a request with its parameters by their names."""
    if "endpoint" not in scope:
        return NO_ROUTE
    path = str(scope["path"])
    for name, value in scope.get("path_params", {}).items():
        path = path.replace(str(value), f"{{{name}}}", 1) if value else path
    return path
