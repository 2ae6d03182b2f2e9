"""A list that is sent, matched with alerts: CSV, Parquet, VOTable or JSON, as the body or as a file of a form."""

import io
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq
from starlette.requests import Request
from starlette.responses import Response

from fink_lib.api.http.answers import headers_of, table_answer
from fink_lib.api.http.errors import Refused
from fink_lib.api.http.parameters import MOST_BODY_BYTES, Matched, understood
from fink_lib.api.http.service import Service, window
from fink_lib.api.queries.cone import crossmatch
from fink_lib.errors import first_line
from fink_lib.votables import first_table

PARQUET_MAGIC, COMMENT = b"PAR1", b"#"
MOST_ROWS = 1_000_000
MOST_READ_BYTES = 512 * 2**20
FIX = 'send CSV with a header line, Parquet, a VOTable, or JSON [{"ra": 10.0, "dec": -5.0}, …]'


async def upload(request: Request) -> tuple[bytes, dict[str, Any]]:
    """Return the bytes of the list, and the parameters that came beside.

    Raises
    ------
    Refused
        When there is none, or it is too large.
    """
    said: dict[str, Any] = {}
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form() as form:
            said = {name: value for name, value in form.items() if isinstance(value, str)}
            files = [value for value in form.values() if not isinstance(value, str)]
            raw = await files[0].read() if files else b""
    else:
        raw = await request.body()
    if not raw.strip():
        raise Refused("there is no list in the body", parameter="file", fix=FIX)
    if len(raw) > MOST_BODY_BYTES:
        raise Refused(f"the list has {len(raw)} bytes", parameter="file", value=len(raw), status=413,
                      fix=f"at most {MOST_BODY_BYTES}: send it in parts, or as Parquet")  # fmt: skip
    return raw, {**said, **dict(request.query_params)}


def listed(raw: bytes) -> pa.Table:
    """Return the rows of a list.

    Raises
    ------
    Refused
        When it cannot be read.
    """
    try:
        if raw.startswith(PARQUET_MAGIC):
            return _of_parquet(raw)
        if raw.lstrip()[:1] in {b"[", b"{"}:
            said = orjson.loads(raw)
            return pa.Table.from_pylist(said if isinstance(said, list) else said["rows"])
        if raw.lstrip()[:1] == b"<":
            table = first_table(raw, MOST_ROWS).to_table()
            return pa.table({name: table[name].filled().tolist() for name in table.colnames})
        lines = b"\n".join(line for line in raw.splitlines() if not line.lstrip().startswith(COMMENT))
        return pc_csv.read_csv(io.BytesIO(lines))
    except Exception as error:
        raise Refused(f"the list cannot be read: {first_line(error)[:200]}", parameter="file", fix=FIX) from error


def _of_parquet(raw: bytes) -> pa.Table:
    """Read a file whose rows are counted before they are read: few bytes may stand for very many."""
    with pq.ParquetFile(io.BytesIO(raw)) as file:
        told = file.metadata
        size = sum(told.row_group(at).total_byte_size for at in range(told.num_row_groups))
        if told.num_rows > MOST_ROWS or size > MOST_READ_BYTES:
            raise ValueError(f"it has {told.num_rows} rows, {size} bytes once it is read")
        return file.read()


def matched(service: Service, raw: bytes, said: dict[str, Any]) -> Response:
    """Answer with the alerts near each place of a list, beside the columns of the list.

    Parameters
    ----------
    service
        The lake.
    raw
        The list, as `listed` reads it.
    said
        The other parameters of the request: which columns hold the place, and the radius in arcsec.

    Raises
    ------
    Refused
        When the list or a parameter cannot be used, or the list is too long.
    """
    asked = understood(Matched, said)
    snapshot = service.snapshot(asked)
    names = service.columns(snapshot, asked.columns)
    if wide := [name for name in names if snapshot.names.places[name].wide]:
        raise Refused(f"the column '{wide[0]}' cannot be had in a match", parameter="columns", value=wide[0],
                      fix="choose among those of `sources` in /api/v1/schema; ask /sources for the others")  # fmt: skip
    rows = listed(raw)
    if rows.num_rows > MOST_ROWS:
        raise Refused(f"the list has {rows.num_rows} rows", parameter="file", value=rows.num_rows, status=413,
                      fix=f"at most {MOST_ROWS} at a time")  # fmt: skip
    places = pa.table({"row": pa.array(np.arange(rows.num_rows, dtype=np.int32)),
                       "ra": _degrees(rows, asked.ra_column, "ra_column"),
                       "dec": _degrees(rows, asked.dec_column, "dec_column")})  # fmt: skip
    found = crossmatch(snapshot, places, asked.radius, names, window(snapshot, asked))
    beside = rows.take(found["row"])
    for name in beside.column_names:
        found = found.append_column(f"list:{name}", beside[name])
    headers = headers_of(snapshot, f'"{snapshot.signature}"')
    return table_answer(found, snapshot.names, asked, {key: value for key, value in headers.items() if key != "ETag"})


def _degrees(rows: pa.Table, name: str, parameter: str) -> pa.Array:
    if name not in rows.column_names:
        raise Refused(f"the list has no column '{name}'", parameter=parameter, value=name,
                      fix=f"it has {', '.join(rows.column_names[:20])}")  # fmt: skip
    try:
        if pa.types.is_boolean(rows[name].type):
            raise pa.ArrowInvalid("true and false are none")
        return rows[name].combine_chunks().cast(pa.float64())
    except pa.ArrowException as error:  # a word, a list or a record in place of a number
        raise Refused(f"the column '{name}' of the list is no number: {error}", parameter=parameter, value=name,
                      fix="give positions in degrees") from error  # fmt: skip
