"""Routes that tell what was said."""

import datetime as dt
import io
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from fink_lib.api.http.community.access import NOT_FOUND, PRIVATE, answered, reader_of, refusing, time_of
from fink_lib.api.http.community.described import REFUSED, asked_with
from fink_lib.api.http.community.worth import by_worth, tonight_of
from fink_lib.api.http.errors import Refused
from fink_lib.community.board import board, disputed, sources_of
from fink_lib.community.kinds import Kind
from fink_lib.community.log import Log
from fink_lib.community.objects import citing, object_view, shown, told
from fink_lib.community.people import Person
from fink_lib.community.state import State
from fink_lib.community.taxonomy import BROKER_CLASSES, TAXONOMIES
from fink_lib.community.training import training_set

MOST_ROWS, USUAL_ROWS = 10_000, 1_000
SHAPING = ("kind", "history", "as_of", "limit", "offset")
SELECTED = ("survey", "object_id", "about_statement", "author", "label", "origin", "visibility")
DOWNLOADED = "application/octet-stream"


def reading_router(log: Log) -> APIRouter:
    """Return the routes that read a log."""
    router = APIRouter(tags=["community"], responses=REFUSED)

    @router.get("/statements", summary="Statements, newest last; what was replaced too with history=true",
                openapi_extra=asked_with(*SELECTED, *SHAPING, survey="ztf", kind="comment"))  # fmt: skip
    async def statements(request: Request) -> Response:
        reader, said = reader_of(request), dict(request.query_params)
        return await answered(lambda: selected(log, reader, said))

    @router.get("/statements/{statement_id}", summary="One statement, replaced or not")
    async def statement(request: Request, statement_id: str) -> Response:
        reader = reader_of(request)
        return await answered(lambda: one_of(log, reader, statement_id))

    @router.get("/content/{statement_id}", summary="The file that was uploaded with a statement")
    async def content(request: Request, statement_id: str) -> Response:
        reader = reader_of(request)
        return await run_in_threadpool(lambda: file_of(log, reader, statement_id))

    @router.get("/objects/{survey}/{object_id}", summary="All that is said about an object")
    async def an_object(request: Request, survey: str, object_id: str) -> Response:
        reader = reader_of(request)
        return await answered(lambda: object_view(log.now(), reader, survey, object_id, dt.datetime.now(dt.UTC)))

    @router.get("/cited", summary="Statements that cite an identifier",
                openapi_extra=asked_with("uri", uri="tns:2021aefx"))  # fmt: skip
    async def cited(request: Request) -> Response:
        reader, uri = reader_of(request), request.query_params.get("uri", "")
        return await answered(lambda: citing(log.now(), reader, uri))

    _add_lists(router, log)
    return router


def _add_lists(router: APIRouter, log: Log) -> None:
    """Add boards, disputes, taxonomies and labels for training."""

    @router.get("/boards/{name}", summary="The board of a group",
                openapi_extra=asked_with("order", "instrument", "site", "night"))  # fmt: skip
    async def a_board(request: Request, name: str) -> Response:
        reader, said = reader_of(request), dict(request.query_params)
        return await answered(lambda: board_facts(log, reader, name, said))

    @router.get("/disputed", summary="Objects that people disagree on, the most disputed first")
    async def most_disputed(request: Request) -> Response:
        reader = reader_of(request)
        found = await run_in_threadpool(lambda: disputed(log.now(), reader)[:USUAL_ROWS])
        return await answered(
            lambda: [{"survey": survey, "object_id": name, **shown(one)} for survey, name, one in found]
        )

    @router.get("/taxonomies", summary="Trees of classes, and where the broker's classes stand in the newest")
    async def taxonomies() -> Response:
        trees = [{"name": name, "parents": dict(one.parents)} for name, one in TAXONOMIES.items()]
        return await answered(lambda: {"taxonomies": trees, "broker_classes": dict(BROKER_CLASSES)})

    @router.get("/training", summary="Labels for training, as JSON, CSV or Parquet (format)",
                openapi_extra=asked_with("format", "evidence", "since", format="csv"))  # fmt: skip
    async def training(request: Request) -> Response:
        reader, said = reader_of(request), dict(request.query_params)
        return await run_in_threadpool(lambda: refusing(lambda: labels_file(log.now(), reader, said)))


def selected(log: Log, reader: Person, said: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the statements that a query asks for.

    Parameters
    ----------
    log
        What people say.
    reader
        Who asks.
    said
        The query: names of `SELECTED` and `SHAPING` alone.

    Raises
    ------
    Refused
        When a parameter cannot be used.
    """
    if strange := set(said) - {*SELECTED, *SHAPING}:
        raise Refused(f"there is no parameter '{min(strange)}'", parameter=min(strange), fix=", ".join(SELECTED))
    try:
        kinds = [Kind(one) for one in said.get("kind", "").split(",") if one]
        limit, offset = int(said.get("limit", USUAL_ROWS)), int(said.get("offset", 0))
    except ValueError as error:
        raise Refused(str(error), fix=f"kinds are {', '.join(Kind)}") from error
    if not 0 < limit <= MOST_ROWS or offset < 0:
        raise Refused(f"a page has 1 to {MOST_ROWS} rows", parameter="limit", value=limit)
    state, at = log.now(), time_of(said.get("as_of"), "as_of")
    state = state if at is None else state.as_of(at)
    equal = {name: said[name] for name in SELECTED if name in said}
    rows = state.select(reader, kinds, history=said.get("history") == "true", **equal)
    return [told(row) for row in rows[offset : offset + limit]]


def one_of(log: Log, reader: Person, statement_id: str) -> dict[str, Any]:
    """Return a statement.

    Parameters
    ----------
    log
        What people say.
    reader
        Who asks.
    statement_id
        As somebody gave it.

    Raises
    ------
    Refused
        When there is none that the reader may see.
    """
    state = log.now()
    row = state.get(statement_id)
    if row is None or not reader.may_see(row["visibility"]):
        raise Refused(f"there is no statement '{statement_id[:60]}'", status=NOT_FOUND)
    return {**told(row), "replaced_by": state.replaced_by(statement_id, reader)}


def file_of(log: Log, reader: Person, statement_id: str) -> Response:
    """Return an uploaded file, always as a download: a browser runs nothing of it.

    Parameters
    ----------
    log
        Where uploaded files are.
    reader
        Who asks.
    statement_id
        As somebody gave it.

    Raises
    ------
    Refused
        When there is no such statement that the reader may see, or it has no file.
    """
    one_of(log, reader, statement_id)
    found = log.content(statement_id)
    if found is None:
        raise Refused("this statement has no file", status=NOT_FOUND)
    headers = {"Content-Disposition": f'attachment; filename="{statement_id}"', "X-Content-Type-Options": "nosniff"}
    return Response(found, media_type=DOWNLOADED, headers={**headers, **PRIVATE})


def board_facts(log: Log, reader: Person, name: str, said: Mapping[str, str]) -> dict[str, Any]:
    """Return the board of a group for programs; with ``order=value``, by what an observation tonight would tell.

    Parameters
    ----------
    log
        What people say.
    reader
        Who asks.
    name
        Of the group.
    said
        The query: `order`, and for the order `value` the observation.

    Raises
    ------
    Refused
        When there is no such order, or no such observation.
    """
    state = log.now()
    found = board(state, reader, name, dt.datetime.now(dt.UTC))
    worth: dict[tuple[str, str], dict[str, Any]] = {}
    if said.get("order", "priority") == "value":
        pairs = by_worth(log.lake, found, tonight_of(said))
        found = [one for one, _ in pairs]
        worth = {(one.survey, one.object_id): {"value": value} for one, value in pairs}
    elif said.get("order", "priority") != "priority":
        raise Refused("there is no such order", parameter="order", fix="priority or value")
    rows = [{**{key: value for key, value in vars(one).items() if key != "consensus"},
             "changed_at": one.changed_at.isoformat(), "consensus": [shown(each) for each in one.consensus],
             **worth.get((one.survey, one.object_id), {})} for one in found]  # fmt: skip
    return {"board": name, "sources": sources_of(state, reader, name), "candidates": rows}


def labels_file(state: State, reader: Person, said: Mapping[str, str]) -> Response:
    """Return the labels for training in the format that is asked for.

    Parameters
    ----------
    state
        What the log says.
    reader
        Who asks.
    said
        The query: `evidence` (kinds with commas between them), `since` and `format`.

    Raises
    ------
    Refused
        When there is no such format.
    """
    evidence = [one for one in said.get("evidence", "").split(",") if one]
    found = training_set(state, reader, evidence, time_of(said.get("since"), "since"))
    form = said.get("format", "json")
    if form == "json":
        return Response(_json(found), media_type="application/json", headers=PRIVATE)
    written = io.BytesIO()
    if form == "parquet":
        pq.write_table(found, written)
    elif form == "csv":
        lists = [name for name in found.schema.names if pa.types.is_list(found.schema.field(name).type)]
        for name in lists:
            joined = pa.array([" < ".join(one or ()) for one in found[name].to_pylist()])
            found = found.set_column(found.schema.get_field_index(name), name, joined)
        pc_csv.write_csv(found, written)
    else:
        raise Refused(f"there is no format '{form[:20]}'", parameter="format", fix="json, csv or parquet")
    return Response(written.getvalue(), media_type=DOWNLOADED, headers=PRIVATE)


def _json(found: pa.Table) -> bytes:
    import orjson  # noqa: PLC0415

    return orjson.dumps(found.to_pylist())
