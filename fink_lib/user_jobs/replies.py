"""Answers about jobs and tables of people: for one person alone, or refused with the status that says why."""

from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from fink_lib.api.http.answers import facts_answer
from fink_lib.api.http.errors import Refused
from fink_lib.errors import FinkError, HostError
from fink_lib.served.private import NoSuchTable
from fink_lib.served.private_store import NotYours, TablesFull
from fink_lib.served.results.refusals import NotClosed
from fink_lib.user_jobs.asking import NotAllowed
from fink_lib.user_jobs.book import NoSuchJob, QuotaUsed

PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie", "X-Content-Type-Options": "nosniff"}
STATUS = {NoSuchJob: 404, NoSuchTable: 404, NotAllowed: 403, NotYours: 403, QuotaUsed: 429, TablesFull: 429,
          NotClosed: 409, HostError: 503}  # fmt: skip


async def answered(work: Callable[[], Any], status: int = 200) -> Response:
    """Do some work and return its facts as JSON, with the status that a success has."""
    made = facts_answer(await told(work), PRIVATE)
    made.status_code = status
    return made


async def told(work: Callable[[], Any]) -> Any:
    """Do some work in a thread.

    Raises
    ------
    Refused
        With the status that says why it was not done.
    """
    return await run_in_threadpool(refusing, work)


def refusing(work: Callable[[], Any]) -> Any:
    """Do some work; what may not be done is refused with the status that says why.

    Raises
    ------
    Refused
        When it may not.
    """
    try:
        return work()
    except FinkError as error:
        if error.retryable:
            raise
        raise Refused(
            str(error), status=next((STATUS[one] for one in STATUS if isinstance(error, one)), 400)
        ) from error
