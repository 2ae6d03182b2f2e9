"""Alerts as they are sent by a filter: the newest as a page, further ones as server-sent events."""

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from fink_lib.accounts.asking import asking
from fink_lib.api.engine import Engine
from fink_lib.api.http.errors import Refused
from fink_lib.api.http.service import Service
from fink_lib.api.sql import literal, parquet
from fink_lib.filters.registry import filters_of
from fink_lib.filters.restricted import restricted_topics
from fink_lib.lake.delta import delta_table, is_delta_table
from fink_lib.lake.tables import gold_published
from fink_lib.portal.drawing import page, utc
from fink_lib.portal.snapshots import snapshot_of
from fink_lib.served.access import sees_topic
from fink_lib.served.opened import Opened
from fink_lib.storage import LakePath

LOOK_S, MOST, LONGEST_S = 2.0, 50, 3_600.0
SINCE = "1970-01-01T00:00:00+00:00"


def sent_since(engine: Engine, lake: LakePath, survey: str, name: str, after: str) -> list[dict[str, Any]]:
    """Return what a filter has sent since a time, the newest first, at most `MOST`.

    Parameters
    ----------
    engine
        Reads the files.
    lake
        Root of the lake.
    survey
        Name of the survey.
    name
        Name of the filter; whether its topic is for who asks is not looked at here.
    after
        Time in ISO form; what was sent at that very time is left out.
    """
    path = gold_published(survey).path(lake)
    if not is_delta_table(path):
        return []
    files = [one.path for one in Opened(delta_table(path)).files if one.may_hold("filter", name, name)]
    if not files:
        return []
    query = f"""SELECT alert_id::VARCHAR AS alert_id, topic, "partition", "offset", publish_time FROM {parquet(files)}
                WHERE filter = {literal(name)} AND publish_time > {literal(after)}::TIMESTAMPTZ
                ORDER BY publish_time DESC, alert_id LIMIT {MOST}"""  # noqa: S608 - values are literals
    found: list[dict[str, Any]] = engine.table(query).to_pylist()
    return found


def _asked(service: Service, request: Request) -> tuple[str, str, list[str]]:
    """Return survey and filter of a request, and the filters that whoever asks may watch."""
    survey = snapshot_of(service, request.query_params.get("survey")).survey.name
    hidden = restricted_topics(service.lake.settings)
    names = [one.name for one in filters_of(survey) if sees_topic(asking().claims, one.topic, hidden)]
    name = request.query_params.get("filter") or (names[0] if names else "")
    if name not in names:
        raise Refused(f"There is no filter “{name}” of {survey}.", status=404)
    return survey, name, names


def live(service: Service, request: Request) -> Response:
    """Show the newest alerts of a topic.

    Parameters
    ----------
    service
        The lake.
    request
        With `survey` and the filter in its query, both of which may be left out.
    """
    survey, name, names = _asked(service, request)
    rows = sent_since(service.lake.engine, service.lake.settings.lake, survey, name, SINCE)
    after = rows[0]["publish_time"].isoformat() if rows else SINCE
    return page("live.html.j2", q="", survey=survey, chosen=name, filters=names, rows=rows, after=after)


def events(service: Service, request: Request) -> Response:
    """Send further alerts of a topic as they come, for an hour; a browser asks again by itself.

    Parameters
    ----------
    service
        The lake.
    request
        As of `live`; with a header `last-event-id` or `after` in its query, alerts sent later alone.

    Raises
    ------
    Refused
        When the time is none.
    """
    survey, name, _ = _asked(service, request)
    after = request.headers.get("last-event-id") or request.query_params.get("after") or SINCE
    try:
        after = dt.datetime.fromisoformat(after).isoformat()  # Python reads forms of dates that DuckDB does not
    except ValueError as error:
        raise Refused(f"“{after}” is no time.") from error

    async def following() -> AsyncIterator[str]:
        since = after
        yield "retry: 3000\n\n"
        for _ in range(int(LONGEST_S / LOOK_S)):
            rows = await run_in_threadpool(
                sent_since, service.lake.engine, service.lake.settings.lake, survey, name, since
            )
            for row in reversed(rows):
                since = row["publish_time"].isoformat()
                told = {**row, "publish_time": utc(row["publish_time"])}
                yield f"id: {since}\ndata: {json.dumps(told)}\n\n"
            if not rows:
                yield ": still here\n\n"
            await asyncio.sleep(LOOK_S)

    return StreamingResponse(following(), media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
