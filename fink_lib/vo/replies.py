"""Answers of all services: XML, VOTables, and what went wrong as a VOTable."""

import logging
from collections.abc import Callable, Iterable
from typing import TypeAlias

import duckdb
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from fink_lib.api.http.errors import Refused
from fink_lib.errors import FinkError
from fink_lib.vo import votable

logger = logging.getLogger(__name__)

XML = "text/xml"
Answering: TypeAlias = Callable[[Request], Response]


def xml(text: str, status: int = 200) -> Response:
    """Return a document.

    Parameters
    ----------
    text
        The document without its first line, the XML declaration.
    status
        HTTP status.
    """
    return Response('<?xml version="1.0" encoding="UTF-8"?>\n' + text, status, media_type=XML)


def pieces(parts: Iterable[bytes], media: str = votable.MEDIA) -> Response:
    """Return what is written in pieces.

    Parameters
    ----------
    parts
        The body.
    media
        Its media type.
    """
    return StreamingResponse(parts, media_type=media)


def trouble(message: str, status: int = 400) -> Response:
    """Return what went wrong as a VOTable.

    Parameters
    ----------
    message
        One sentence.
    status
        HTTP status.
    """
    return Response(votable.error(message), status, media_type=votable.MEDIA)


def sentence(error: Refused) -> str:
    """Return what went wrong and what to do as one sentence."""
    return f"{error.message}: {error.fix}" if error.fix else error.message


def told_as_votable(make: Answering, status: int | None = None) -> Answering:
    """Return what answers as another does, errors as VOTables.

    Parameters
    ----------
    make
        What answers.
    status
        HTTP status of what is wrong with a request; None for the one that it has.
    """

    def answer(request: Request) -> Response:
        try:
            return make(request)
        except Refused as error:
            return trouble(sentence(error), status or error.status)
        except FinkError as error:
            return trouble(f"{error}: tell the operator of this broker", 503)
        except duckdb.Error:
            logger.exception("%s failed", request.url.path)
            return trouble("this was not foreseen; it is in the log of this broker", 500)

    return answer
