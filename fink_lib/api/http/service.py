"""What the routes share: the lake, which survey a request is about, and the way from a question to an answer."""

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import duckdb
import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response

from fink_lib.api.http.answers import (
    LONGEST_PAGE,
    etag,
    headers_of,
    is_known,
    page_of,
    rows_answer,
    table_answer,
    unchanged,
)
from fink_lib.api.http.errors import Refused
from fink_lib.api.http.parameters import Asked, InTime
from fink_lib.api.lake import Lake, Snapshot
from fink_lib.api.names import UnknownColumn, days_at_epoch
from fink_lib.api.queries.alerts import Wanted, alerts, stream
from fink_lib.api.sql import literal
from fink_lib.errors import LakeError
from fink_lib.lake.writer_schemas import WriterSchemas
from fink_lib.nights import SECONDS_PER_DAY
from fink_lib.surveys import SURVEYS, Survey


class Service:
    """Answers requests about a lake.

    Parameters
    ----------
    lake
        The lake.
    """

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.writers = WriterSchemas(lake.settings.lake)

    def survey(self, name: str | None, asked: Any = None) -> Survey:
        """Return the survey of a request: the one that it names, or whose ids it asks for, or the first.

        Parameters
        ----------
        name
            As the request says it; None where it says none.
        asked
            The request's parameters, of which names of objects tell the survey where nothing else does.

        Raises
        ------
        Refused
            When there is none of that name.
        """
        served = self.lake.surveys
        if name is None and (named := _names(asked)):
            name = next((one for one in served if re.fullmatch(SURVEYS[one].fields.object_name, named[0])), None)
        if name is None:
            found = (one for one in served if getattr(asked, SURVEYS[one].served.object_parameter, None))
            by_alert = (one for one in served if getattr(asked, SURVEYS[one].served.alert_parameter, None))
            name = next(found, None) or next(by_alert, None) or next(iter(served))
        if name not in served:
            raise Refused(f"there is no survey '{name}' here", parameter="survey", value=name,
                          fix=f"one of {', '.join(served)}", status=404)  # fmt: skip
        return SURVEYS[name]

    def snapshot(self, asked: Any) -> Snapshot:
        """Return the versions that a request is about.

        Raises
        ------
        Refused
            When there is no such version.
        """
        lake = self.lake.surveys[self.survey(asked.survey, asked).name]
        version: int | None = getattr(asked, "version", None)
        as_of: Any = getattr(asked, "as_of", None)
        if version is None and as_of is None:
            return lake.now()
        name, value = ("version", version) if version is not None else ("as_of", as_of)
        try:
            return lake.past(dt.datetime.fromtimestamp(as_of, dt.UTC) if version is None else version)
        except (LakeError, OverflowError, OSError, ValueError) as error:
            raise Refused(
                str(error), parameter=name, value=value, fix="leave it out for the newest", status=404
            ) from error

    def answer(self, request: Request, asked: Asked, snapshot: Snapshot, wanted: Wanted) -> Response:
        """Return the rows of a question: a page of them, or all, as they are found.

        Parameters
        ----------
        request
            Its headers name what the caller has.
        asked
            Its parameters: format, offset, and the limit of a page.
        snapshot
            The versions that it is about.
        wanted
            The question.

        Raises
        ------
        Refused
            When a column is unknown.
        """
        names = self.columns(snapshot, wanted.columns)
        if any(snapshot.names.places[name].wide for name in names):
            return self._out_of_silver(request, asked, snapshot, wanted)
        tag = etag(snapshot, asked)
        if is_known(request, tag):
            return unchanged(snapshot, tag)
        headers = headers_of(snapshot, tag)
        if wanted.limit is None or wanted.limit > LONGEST_PAGE:
            return rows_answer(stream(snapshot, wanted), snapshot.names, asked, headers)
        found = alerts(snapshot, replace(wanted, limit=wanted.limit + 1))
        page, more = page_of(found, asked, request, wanted.limit)
        return table_answer(page, snapshot.names, asked, headers | more)

    def _out_of_silver(self, request: Request, asked: Asked, snapshot: Snapshot, wanted: Wanted) -> Response:
        """Return rows with columns of silver: what they say names them, for its versions tell of rows for few, too."""
        if wanted.limit is None or wanted.limit > LONGEST_PAGE:
            return rows_answer(stream(snapshot, wanted), snapshot.names, asked, headers_of(snapshot, None))
        found = alerts(snapshot, replace(wanted, limit=wanted.limit + 1))
        page, more = page_of(found, asked, request, wanted.limit)
        return self._named(request, asked, snapshot, table_answer(page, snapshot.names, asked, more))

    def table(
        self,
        request: Request,
        asked: Asked,
        snapshot: Snapshot,
        make: Callable[[], pa.Table],
        *,
        by_content: bool = False,
    ) -> Response:
        """Return a table that is made where the caller has not got it yet, a page of it where a limit is given.

        Parameters
        ----------
        request, asked, snapshot, make
            The question, the versions that it is about, and what answers it.
        by_content
            True where other tables are asked than those of the snapshot: then the answer itself tells whether the
            caller has it.
        """
        tag = etag(snapshot, asked)
        if is_known(request, tag) and not by_content:
            return unchanged(snapshot, tag)
        found, more = make(), dict[str, str]()
        if asked.offset:
            found = found.slice(asked.offset)
        if asked.limit is not None:
            found, more = page_of(found, asked, request, asked.limit)
        answer = table_answer(found, snapshot.names, asked, more)
        return self._named(request, asked, snapshot, answer) if by_content else _told(answer, headers_of(snapshot, tag))

    def _named(self, request: Request, asked: Asked, snapshot: Snapshot, answer: Response) -> Response:
        """Return an answer that is named by what it says, or 304."""
        tag = etag(snapshot, asked, hashlib.sha256(bytes(answer.body)).hexdigest())
        return unchanged(snapshot, tag) if is_known(request, tag) else _told(answer, headers_of(snapshot, tag))

    def columns(self, snapshot: Snapshot, asked: Sequence[str]) -> tuple[str, ...]:
        """Return the columns of an answer.

        Parameters
        ----------
        snapshot
            The tables, whose columns can be asked for.
        asked
            Names; the usual columns where there is none.

        Raises
        ------
        Refused
            When there is none of a name.
        """
        try:
            return snapshot.names.chosen(asked)
        except UnknownColumn as error:
            close = f"did you mean {', '.join(error.close)}?" if error.close else "/api/v1/schema lists them"
            raise Refused(str(error), parameter="columns", value=error.name, fix=close) from error


def _told(answer: Response, headers: dict[str, str]) -> Response:
    answer.headers.update(headers)
    return answer


def _names(asked: Any) -> Sequence[str]:
    """Return the objects that a request names without saying of which survey."""
    named = getattr(asked, "object", None) or ()
    return (named,) if isinstance(named, str) else named


def window(snapshot: Snapshot, asked: InTime) -> tuple[str, ...]:
    """Return the conditions on the times of alerts that a request makes.

    Parameters
    ----------
    snapshot
        Its survey says in which days time is counted.
    asked
        Times in seconds since 1970 (UTC), and a window in days.

    Returns
    -------
    tuple of str
        SQL over the columns of `sources`; empty where no time is asked for.

    Raises
    ------
    Refused
        When a window has no beginning, or ends before it begins.
    """
    first, last = asked.startdate, asked.stopdate
    if asked.window is not None:
        if first is None:
            raise Refused(
                "a window needs a startdate", parameter="window", value=asked.window, fix="give startdate too"
            )
        last = first + asked.window * SECONDS_PER_DAY
    if first is not None and last is not None and last < first:
        raise Refused("stopdate is before startdate", parameter="stopdate", value=asked.stopdate, fix="exchange them")
    epoch = days_at_epoch(snapshot.survey)
    low = () if first is None else (f"time >= {literal(first / SECONDS_PER_DAY + epoch)}",)
    high = () if last is None else (f"time <= {literal(last / SECONDS_PER_DAY + epoch)}",)
    return (*low, *high)


def gone(error: duckdb.Error) -> Refused | None:
    """Return what to say where files of a version of the past are there no more; None for any other error."""
    if "No files found" in str(error) or "No such file" in str(error) or "Cannot open file" in str(error):
        return Refused("files of this version are gone: they were vacuumed", parameter="version",
                       fix="ask a newer version, or the newest", status=410)  # fmt: skip
    return None
