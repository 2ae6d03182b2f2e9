"""Answers: rows in the format that was asked for, with the version that they are of, or 304 where nothing changed."""

import hashlib
import itertools
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from fink_lib.api.http.formats import MEDIA, Format, written
from fink_lib.api.http.parameters import Asked
from fink_lib.api.lake import Snapshot
from fink_lib.api.names import Names

LONGEST_PAGE = 100_000  # up to here a page is looked at as a whole, so that it can tell whether there is a next one
VERSION, COUNT, NEXT = "X-Delta-Version", "X-Rows", "X-Next-Offset"


def etag(snapshot: Snapshot, asked: object, *further: object) -> str:
    """Return what names an answer: the question, and the versions of the tables that it is of.

    Parameters
    ----------
    snapshot
        The versions.
    asked
        The question; its `repr` counts.
    *further
        What else the answer depends on.

    Returns
    -------
    str
        With the quotation marks of the header.
    """
    said = f"{asked!r}|{snapshot.survey.name}|{further!r}"
    return f'"{snapshot.signature}-{hashlib.sha256(said.encode()).hexdigest()[:16]}"'


def is_known(request: Request, tag: str) -> bool:
    """Tell whether the caller has this answer already.

    Parameters
    ----------
    request
        Its `If-None-Match` names what the caller has.
    tag
        Of the answer, as `etag` returns it.
    """
    known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    return tag in known or "*" in known


def headers_of(snapshot: Snapshot, tag: str | None) -> dict[str, str]:
    """Return the headers that every answer about a survey has; one that nothing names has no tag.

    Parameters
    ----------
    snapshot
        The versions.
    tag
        As `etag` returns it; None for an answer that nothing names.
    """
    version = "none" if snapshot.version is None else str(snapshot.version)
    told = {VERSION: version, "Cache-Control": "no-cache"}
    return told if tag is None else {"ETag": tag, **told}


def unchanged(snapshot: Snapshot, tag: str) -> Response:
    """Return 304.

    Parameters
    ----------
    snapshot
        The versions.
    tag
        As `etag` returns it.
    """
    return Response(status_code=304, headers=headers_of(snapshot, tag))


def page_of(rows: pa.Table, asked: Asked, request: Request, limit: int) -> tuple[pa.Table, dict[str, str]]:
    """Return at most so many rows, and the headers that tell whether there are more.

    Parameters
    ----------
    rows
        One more than the limit, where there are more.
    """
    if rows.num_rows <= limit:
        return rows, {COUNT: str(rows.num_rows)}
    offset = asked.offset + limit
    following = request.url.include_query_params(offset=offset)
    return rows.slice(0, limit), {COUNT: str(limit), NEXT: str(offset), "Link": f'<{following}>; rel="next"'}


def rows_answer(rows: pa.RecordBatchReader, names: Names, asked: Asked, headers: dict[str, str]) -> Response:
    """Return rows, sent as they come; what goes wrong before the first piece is an error of its own.

    Parameters
    ----------
    rows
        Read as they are sent; its first pieces before this returns.
    names
        Units and meanings of the columns.
    asked
        The question: it says which format, and whether ids are texts.
    headers
        Of the answer.
    """
    form = asked.output_format
    pieces = written(rows, form, names, ids_as_text=asked.ids == "text")
    first = list(itertools.islice(pieces, 2))
    return StreamingResponse(itertools.chain(first, pieces), media_type=MEDIA[form], headers=headers)


def table_answer(rows: pa.Table, names: Names, asked: Asked, headers: dict[str, str]) -> Response:
    """Return a table that is there as a whole.

    Parameters
    ----------
    rows
        All of them.
    names
        Units and meanings of the columns.
    asked
        The question: it says which format, and whether ids are texts.
    headers
        Of the answer.
    """
    pieces: Iterator[bytes] = written(rows.to_reader(), asked.output_format, names, ids_as_text=asked.ids == "text")
    return Response(b"".join(pieces), media_type=MEDIA[asked.output_format], headers=headers)


def facts_answer(facts: Any, headers: dict[str, str] | None = None) -> Response:
    """Return what is no table.

    Parameters
    ----------
    facts
        What JSON can hold.
    headers
        Of the answer; no further ones if none.
    """
    import orjson  # noqa: PLC0415

    return Response(orjson.dumps(facts), media_type=MEDIA[Format.JSON], headers=headers)
