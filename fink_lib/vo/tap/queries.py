"""A request for a query: understood, run in a process, and its answer described."""

import datetime as dt
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pyarrow as pa

from fink_lib.api.http.errors import Refused
from fink_lib.api.http.formats import Format
from fink_lib.api.lake import Lake
from fink_lib.api.sql import parquet
from fink_lib.vo import votable
from fink_lib.vo.adql.compile import Compiled, compiled
from fink_lib.vo.fields import Field
from fink_lib.vo.parameters import MOST_ROWS, Parameters
from fink_lib.vo.tap import uploads
from fink_lib.vo.tap.catalog import Catalog, put
from fink_lib.vo.tap.formats import format_of
from fink_lib.vo.tap.order import Order
from fink_lib.vo.tap.process import Answer, Runner, Watch

USUAL_ROWS = 100_000
LANGUAGES = {"ADQL", "ADQL-2.0", "ADQL-2.1"}


@dataclass(frozen=True)
class Asked:
    """What a request asks for.

    Attributes
    ----------
    query
        In ADQL.
    rows
        How many rows it may get.
    form
        In which format.
    tables
        Name → VOTable of the tables that it brings.
    """

    query: str
    rows: int
    form: Format
    tables: Mapping[str, bytes]


@dataclass(frozen=True)
class Described:
    """An answer with what its columns are.

    Attributes
    ----------
    rows, fields
        The rows, and a field a column.
    document
        What is told around them.
    """

    rows: pa.Table
    fields: tuple[Field, ...]
    document: votable.Document


def asked_of(parameters: Parameters, files: Mapping[str, bytes]) -> Asked:
    """Return what a request asks for.

    Parameters
    ----------
    parameters
        Those of the request.
    files
        Name of a part of its form → content, for UPLOAD.

    Raises
    ------
    Refused
        When a parameter is missing or wrong.
    """
    if parameters.text("REQUEST", "doQuery").lower() != "doquery":
        raise Refused("REQUEST is not doQuery", parameter="REQUEST", fix="leave it out")
    language = parameters.text("LANG", "ADQL").upper()
    if language not in LANGUAGES:
        raise Refused(f"the language '{language}' is not known", parameter="LANG", fix="one of ADQL, ADQL-2.1")
    query = parameters.text("QUERY")
    if not query:
        raise Refused("QUERY is missing", parameter="QUERY", fix="give a query in ADQL")
    form = form_of(parameters)
    brought = uploads.named(";".join(parameters.values.get("UPLOAD", [])), files)
    return Asked(query, parameters.rows(USUAL_ROWS, MOST_ROWS), form, brought)


def form_of(parameters: Parameters) -> Format:
    """Return the format that a request asks for."""
    return format_of(parameters.text("RESPONSEFORMAT") or parameters.text("FORMAT"))


def answered(
    lake: Lake, runner: Runner, asked: Asked, folder: Path, *, seconds: float, watch: Watch = lambda _process: None
) -> Described:
    """Run a query in a folder.

    Parameters
    ----------
    lake, runner
        What is asked, and what runs queries.
    asked
        The question.
    folder
        Where the process works; it is there.
    seconds
        How long it may take.
    watch
        Is handed the process.

    Raises
    ------
    Refused
        When the query is wrong or needs too much.
    """
    brought = {name: uploads.read(name, content) for name, content in asked.tables.items()}
    tables = {table.full_name: table for table, _ in brought.values()}
    catalog = Catalog.now(lake, tables)
    query = compiled(asked.query, catalog.tables)
    frames = catalog.frames(query.tables, folder)
    for table, rows in brought.values():
        frames[table.full_name] = put(rows, folder / f"{table.full_name}.arrow")
    theirs = catalog.of_people(query.tables, folder)
    views = catalog.views(query.tables) | {name: f"SELECT * FROM {parquet([path])}" for name, path in theirs.items()}  # noqa: S608
    files = [*catalog.files(query.tables), *map(str, theirs.values())]
    order = Order(query.sql, frames, views, files, asked.rows, seconds)
    return described(runner.run(order, folder, watch), query, catalog, asked.query)


def described(answer: Answer, query: Compiled, catalog: Catalog, text: str) -> Described:
    """Return an answer with what its columns are.

    Parameters
    ----------
    answer
        The rows.
    query
        The query as it was compiled.
    catalog
        What was asked.
    text
        The query as it was sent.

    Returns
    -------
    Units and UCDs are those of the tables' columns; what was computed has none, but for distances, which are in
    deg.
    """
    fields = tuple(_field(one, query, catalog) for one in answer.rows.schema)
    versions = {
        f"VERSION_{name}": "none" if one.version is None else str(one.version)
        for name, one in catalog.snapshots.items()
    }
    schemas = {name.partition(".")[0] for name in query.tables} & set(catalog.snapshots)
    ids = [
        (one.name, one.datatype)
        for one in fields
        if query.columns.get(one.name.lower(), one.name.lower()) == "alert_id"
    ]
    linked = (*schemas, *ids[0]) if len(schemas) == 1 and ids else ()
    at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    told = {"QUERY": text, "SERVED_AT": at, **versions}
    return Described(answer.rows, fields, votable.Document(infos=told, is_cut=answer.is_cut, linked=linked))


def _field(one: pa.Field, query: Compiled, catalog: Catalog) -> Field:
    known = query.described(one.name, catalog.tables)
    if known is not None and known.kind == one.type:
        return known
    if one.name.lower() in query.distances:
        return Field(one.name, one.type, "deg", "pos.angDistance", "Angle between two places.")
    return Field(one.name, one.type, meaning="Computed by the query.")


@contextmanager
def scratch(home: Path) -> Iterator[Path]:
    """Yield a folder that goes when the block ends."""
    root = home / "api" / "tap" / "sync"
    root.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(dir=root))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
