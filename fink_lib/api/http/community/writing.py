"""Routes that say something: statements as JSON, and files."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fink_lib.api.http.community.access import answered, json_of, speaker_of
from fink_lib.api.http.community.described import REFUSED, file_sent, statement_sent
from fink_lib.api.http.errors import Refused
from fink_lib.community.draft import Draft
from fink_lib.community.log import Log
from fink_lib.community.objects import told
from fink_lib.community.people import Person
from fink_lib.community.saying import say
from fink_lib.community.uploads import SURROUNDINGS, draft_of_upload

MOST_AT_ONCE = 1_000


def writing_router(log: Log) -> APIRouter:
    """Return the routes that write a log."""
    router = APIRouter(tags=["community"], responses=REFUSED)

    @router.post("/statements", summary="Say something: a statement, or a list of them, all or none", status_code=201,
                 openapi_extra=statement_sent())  # fmt: skip
    async def statements(request: Request) -> Response:
        speaker, said = speaker_of(request), await json_of(request)
        return await answered(lambda: written(log, speaker, said))

    @router.post("/uploads/{kind}", summary="Upload photometry, a spectrum, a watch list or a watch map",
                 openapi_extra=file_sent(*SURROUNDINGS))  # fmt: skip
    async def uploads(request: Request, kind: str) -> Response:
        speaker, raw, facts = speaker_of(request), await request.body(), dict(request.query_params)
        return await answered(lambda: told(say(log, speaker, [draft_of_upload(kind, raw, facts)])[0]))

    return router


def written(log: Log, speaker: Person, said: Any) -> list[dict[str, Any]]:
    """Write what a body says; return the statements as they stand.

    Parameters
    ----------
    log
        Where the statements go: all of them or none.
    speaker
        Who says them.
    said
        JSON of the request: one statement, or a list of them.

    Raises
    ------
    Refused
        When it is no list of statements.
    """
    listed = said if isinstance(said, list) else [said]
    if not listed or len(listed) > MOST_AT_ONCE or not all(isinstance(one, dict) for one in listed):
        raise Refused(f"send a statement, or 1 to {MOST_AT_ONCE} of them", fix="/docs tells their shape")
    return [told(row) for row in say(log, speaker, [Draft.of(_with_content(one)) for one in listed])]


def _with_content(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a statement whose file came as base64 in JSON."""
    content = facts.get("content")
    if not isinstance(content, str):
        return dict(facts)
    try:
        return {**facts, "content": base64.b64decode(content, validate=True)}
    except binascii.Error as error:
        raise Refused("the content is no base64", parameter="content") from error
