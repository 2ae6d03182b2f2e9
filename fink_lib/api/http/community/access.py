"""From a request to a person and back to JSON; refusals with the status that says why."""

import datetime as dt
from collections.abc import Callable
from typing import Any, TypeVar

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from fink_lib.accounts.web import who, writer
from fink_lib.api.http.answers import facts_answer
from fink_lib.api.http.errors import Refused
from fink_lib.api.http.parameters import MOST_BODY_BYTES
from fink_lib.community.people import Person, person_of
from fink_lib.community.saying import NotSaid
from fink_lib.errors import FinkError
from fink_lib.followup.states import WrongStep

Done = TypeVar("Done")
CONFLICT, TOO_LARGE, NOT_FOUND = 409, 413, 404
PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}


def reader_of(request: Request) -> Person:
    """Return who asks; a stranger where nobody is known."""
    return person_of(who(request))


def speaker_of(request: Request) -> Person:
    """Return who speaks, where he may write."""
    return person_of(writer(request))


async def json_of(request: Request) -> Any:
    """Return the JSON of a body.

    Raises
    ------
    Refused
        When it is none, or too large.
    """
    raw = await request.body()
    if len(raw) > MOST_BODY_BYTES:
        raise Refused(f"the body has {len(raw)} bytes", status=TOO_LARGE, fix=f"at most {MOST_BODY_BYTES}")
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Refused(f"the body is no JSON: {error}", fix="send a JSON object") from error


async def answered(work: Callable[[], Any]) -> Response:
    """Do some work in a thread and return its facts as JSON, or the refusal that it ends with."""
    return facts_answer(await run_in_threadpool(refusing, work), PRIVATE)


def refusing(work: Callable[[], Done]) -> Done:
    """Do some work; what may not be said is refused with the status that says why.

    Raises
    ------
    Refused
        When it may not.
    """
    try:
        return work()
    except NotSaid as error:
        raise Refused(str(error), status=error.status) from error
    except WrongStep as error:
        raise Refused(str(error), status=CONFLICT) from error
    except FinkError as error:
        if error.retryable:
            raise
        raise Refused(str(error)) from error


def time_of(text: str | None, name: str) -> dt.datetime | None:
    """Return a time of a query; one without a zone is UTC.

    Parameters
    ----------
    text
        ISO 8601; None is returned where it is empty or not given.
    name
        Of the parameter, for the error.

    Raises
    ------
    Refused
        When it is none.
    """
    if not text:
        return None
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused(
            f"'{text[:60]}' is no time", parameter=name, value=text[:60], fix="write it in ISO 8601"
        ) from error
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found
