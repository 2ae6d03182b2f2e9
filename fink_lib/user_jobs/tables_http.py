"""Routes of tables of people, below ``/api/v1/tables``: one's own and those of one's groups; others are not there."""

import logging
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from fink_lib.accounts.claims import Claims
from fink_lib.accounts.web import known, writer
from fink_lib.api.http.answers import LONGEST_PAGE, NEXT, is_known
from fink_lib.api.http.community.described import REFUSED, TEXT, WHOLE
from fink_lib.api.http.errors import Refused
from fink_lib.api.http.formats import MEDIA, Format
from fink_lib.api.lake import Lake
from fink_lib.api.sql import parquet, quoted
from fink_lib.config import Settings
from fink_lib.errors import HostError
from fink_lib.served.private import PrivateTable
from fink_lib.served.private_store import MB, PrivateTables, while_there
from fink_lib.served.results.book import ResultTopics
from fink_lib.user_jobs.replies import PRIVATE, answered, told
from fink_lib.user_jobs.topics import account_in_kafka, send_to_topic, settle
from fink_lib.vo.parameters import Parameters
from fink_lib.vo.private import vo_table
from fink_lib.vo.replies import pieces
from fink_lib.vo.tap.formats import written
from fink_lib.vo.votable import Document

logger = logging.getLogger(__name__)

PATH, ONE = "/tables", "/{schema}/{table}"
USUAL_ROWS = 1_000
MOST_OFFSET = 10**12
MOST_PAGE_MB = 100
FORMATS = [Format.JSON, Format.CSV, Format.PARQUET, Format.VOTABLE]
ROWS: dict[str, Any] = {"parameters": [
    {"name": name, "in": "query", "required": False, "schema": kind, "description": said}
    for name, kind, said in (
        ("columns", TEXT, "Names with commas; all without it."),
        ("limit", WHOLE | {"minimum": 0, "maximum": LONGEST_PAGE}, "Rows of a page."),
        ("offset", WHOLE | {"minimum": 0, "maximum": MOST_OFFSET}, "Rows before the page."),
        ("output-format", {"enum": FORMATS}, "What the answer is written in."),
    )]}  # fmt: skip


def tables_router(lake: Lake) -> APIRouter:
    """Return the routes.

    Parameters
    ----------
    lake
        Its settings say where tables are kept; its engine reads their rows.
    """
    router = APIRouter(prefix=PATH, tags=["jobs"], responses=REFUSED)
    tables = PrivateTables(lake.settings)

    @router.get("", summary="Tables of yours and of your groups")
    async def listed(request: Request) -> Response:
        claims = known(request)
        return await answered(lambda: [with_topic(lake.settings, one) for one in tables.visible(claims)])

    @router.get(ONE, summary="One of them: columns, rows, how long it is kept")
    async def one(request: Request, schema: str, table: str) -> Response:
        claims = known(request)
        return await answered(lambda: with_topic(lake.settings, tables.get(claims, f"{schema}.{table}")))

    @router.delete(ONE, summary="Drop a table of yours, or of a group that you administer")
    async def dropped(request: Request, schema: str, table: str) -> Response:
        claims = writer(request)
        return await answered(lambda: _dropped(*drop(lake.settings, claims, f"{schema}.{table}")))

    @router.post(f"{ONE}/topic", summary="Send the rows of a table of yours to a topic for those who see the table")
    async def topic(request: Request, schema: str, table: str) -> Response:
        claims = writer(request)
        return await answered(lambda: send_to_topic(lake.settings, claims, f"{schema}.{table}"))

    @router.post("/account", summary="Make your account in Kafka for topics of tables, or a new password; no token may")
    async def account(request: Request) -> Response:
        """Ask it in a session (`/account` of the portal has a button): the account reads all that its person may."""
        claims = writer(request)
        return await answered(lambda: account_in_kafka(lake.settings, claims))

    _add_rows(router, lake, tables)
    return router


def drop(settings: Settings, claims: Claims, full_name: str) -> tuple[PrivateTable, str]:
    """Remove a table as `PrivateTables.drop`, and its topic with it.

    Parameters
    ----------
    settings
        Of the home.
    claims
        Who asks.
    full_name
        Schema and name.

    Returns
    -------
    The table as it was, and a sentence where its topic may still be read; else none.
    """
    found = PrivateTables(settings).drop(claims, full_name)
    try:
        settle(settings)
    except HostError as error:
        logger.warning("table %s is dropped, its topic may not be: %s", found.full_name, error)
        if left := ", ".join(one.topic for one in ResultTopics(settings).named_as(found)):
            return found, (f"the table '{found.full_name}' is dropped, but {left} is still read by those who might "
                           f"before ({error}): `fink jobs topics` ends it, or the next day does")  # fmt: skip
    return found, ""


def _dropped(table: PrivateTable, still_read: str) -> dict[str, Any]:
    """Return a table that is no more, for programs, and what is still read of it; None where nothing is."""
    return {**facts(table), "still_read": still_read or None}


def _add_rows(router: APIRouter, lake: Lake, tables: PrivateTables) -> None:
    """Add the routes that answer with rows."""

    @router.get(f"{ONE}/rows", summary="Rows of a table, in the order in which the job left them", openapi_extra=ROWS)
    async def rows(request: Request, schema: str, table: str) -> Response:
        claims = known(request)
        made: Response = await told(lambda: _page(lake, request, tables.get(claims, f"{schema}.{table}")))
        return made

    @router.get(f"{ONE}/file", summary="All of its rows, as Parquet", response_class=FileResponse)
    async def file(request: Request, schema: str, table: str) -> Response:
        claims = known(request)
        found = await told(lambda: tables.get(claims, f"{schema}.{table}"))
        headers = {**PRIVATE, "ETag": f'"{found.version}"'}
        return FileResponse(tables.opened(found), media_type=MEDIA[Format.PARQUET], filename=f"{table}.parquet",
                            headers=headers)  # fmt: skip


def _page(lake: Lake, request: Request, table: PrivateTable) -> Response:
    """Answer with some rows of a table."""
    asked = Parameters(request.query_params.multi_items())
    limit = int(asked.number("LIMIT", 0, LONGEST_PAGE, USUAL_ROWS))
    offset = int(asked.number("OFFSET", 0, MOST_OFFSET, 0))
    form, chosen = asked.text("OUTPUT-FORMAT", Format.JSON), _chosen(table, asked.text("COLUMNS"))
    if form not in FORMATS:
        raise Refused(f"there is no format '{form[:40]}'", parameter="output-format", value=form[:40],
                      fix=f"one of {', '.join(FORMATS)}")  # fmt: skip
    headers = {**PRIVATE, "ETag": f'"{table.version}"'}
    path = PrivateTables(lake.settings).opened(table)
    if is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    listed = ", ".join(map(quoted, chosen))
    query = f"SELECT {listed} FROM {parquet([path])} LIMIT {limit + 1} OFFSET {offset}"  # noqa: S608 - our own path
    with while_there(path, table):
        page = _bounded(lake.engine.stream(query))
    fields = [vo_table(table).field(one) for one in chosen]
    text = written(page.slice(0, limit), Format(form), fields, Document(infos={"TABLE": table.full_name}))
    made = pieces(text, MEDIA[Format(form)])
    made.headers.update(headers | ({NEXT: str(offset + limit)} if page.num_rows > limit else {}))
    return made


def _bounded(rows: pa.RecordBatchReader) -> pa.Table:
    """Return rows that are read as they come.

    Raises
    ------
    Refused
        When they are too large: texts may have any length, and all who ask share this memory.
    """
    read, size = [], 0
    for batch in rows:
        read.append(batch)
        size += batch.nbytes
        if size > MOST_PAGE_MB * MB:
            raise Refused(f"these rows have more than {MOST_PAGE_MB} MB", parameter="limit",
                          fix="ask for fewer rows or columns, or for /file")  # fmt: skip
    return pa.Table.from_batches(read, rows.schema)


def _chosen(table: PrivateTable, columns: str) -> list[str]:
    """Return the columns that are asked for.

    Raises
    ------
    Refused
        When there is none of a name.
    """
    asked = [one.strip() for one in columns.split(",") if one.strip()] or list(table.columns)
    if wrong := [one for one in asked if one not in table.columns]:
        raise Refused(f"there is no column '{wrong[0][:60]}'", parameter="columns", value=wrong[0][:60],
                      fix=f"some of {', '.join(table.columns)}")  # fmt: skip
    return list(dict.fromkeys(asked))


def facts(table: PrivateTable) -> dict[str, Any]:
    """Return a table for programs."""
    names = ("schema", "name", "owner", "group", "title", "job", "columns", "rows", "versions", "version")
    times = {"made_at": table.made_at, "kept_until": table.until}
    found = {name: getattr(table, name) for name in names} | {"bytes": table.size}
    return found | {name: datetime.fromtimestamp(at, UTC).isoformat() for name, at in times.items()}


def with_topic(settings: Settings, table: PrivateTable) -> dict[str, Any]:
    """Return a table for programs, with the topic that holds its rows; None where none does."""
    found = ResultTopics(settings).of_table(table)
    return {**facts(table), "topic": found and found.topic}
