"""A request's parameters and files, read before the work goes to a thread of its own."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response

from fink_lib.api.http.errors import Refused
from fink_lib.api.http.parameters import MOST_BODY_BYTES
from fink_lib.vo.parameters import Parameters
from fink_lib.vo.replies import sentence, told_as_votable, trouble


@dataclass(frozen=True)
class Sent:
    """What a request brings.

    Attributes
    ----------
    request
        The request.
    pairs
        Names and values of its parameters, in order.
    files
        Files of its form.
    """

    request: Request
    pairs: tuple[tuple[str, str], ...]
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def parameters(self) -> Parameters:
        """Its parameters, whose names are of any case."""
        return Parameters(self.pairs)


THREADS = 16
Make = Callable[[Sent], Response]
Answer = Callable[[Request], Response]


async def read(request: Request) -> Sent:
    """Return what a request brings.

    Raises
    ------
    Refused
        When it brings too much.
    """
    pairs = list(request.query_params.multi_items())
    files: dict[str, bytes] = {}
    if int(request.headers.get("content-length") or 0) > MOST_BODY_BYTES:
        raise Refused("the request is too large", status=413, fix=f"at most {MOST_BODY_BYTES} bytes")
    if request.headers.get("content-type", "").startswith(("multipart/form-data", "application/x-www-form-urlencoded")):
        async with request.form() as form:
            for name, value in form.multi_items():
                if isinstance(value, str):
                    pairs.append((name, value))
                else:
                    files[name] = await value.read()
    return Sent(request, tuple(pairs), files)


def _threads(request: Request) -> CapacityLimiter:
    """Return the threads that these services share: they wait for queries, and others must not wait for them."""
    state = request.app.state
    state.vo_threads = getattr(state, "vo_threads", None) or CapacityLimiter(THREADS)
    found: CapacityLimiter = state.vo_threads
    return found


def answering(make: Make) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers requests, in a thread; what is wrong is told as a VOTable."""

    async def answer(request: Request) -> Response:
        try:
            sent = await read(request)
        except Refused as error:
            return trouble(sentence(error), error.status)
        except Exception:  # noqa: BLE001 - a body that is no form
            return trouble("the body of the request is not understood: send a form")
        answered = partial(told_as_votable(lambda _: make(sent)), request)
        return await to_thread.run_sync(answered, limiter=_threads(request))

    return answer


def waiting(make: Answer) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers requests that wait for queries: in these threads, so that no other request waits for it."""

    async def answer(request: Request) -> Response:
        return await to_thread.run_sync(make, request, limiter=_threads(request))

    return answer
