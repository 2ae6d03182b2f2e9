"""Tables that a query brings: VOTables beside the request, as ``TAP_UPLOAD.<name>``."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from fink_lib.api.http.errors import Refused
from fink_lib.vo.fields import Field
from fink_lib.vo.tables import VoTable
from fink_lib.vo.tap.catalog import UPLOADS
from fink_lib.vo.tap.fetching import fetched
from fink_lib.votables import first_table

MOST_ROWS, MOST_TABLES = 200_000, 10
NOTHING = ("", "", "", "")  # unit, UCD, meaning and xtype of a column that tells none
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,60}")
FIX = "write UPLOAD=name,param:part and send the VOTable as that part"


def named(text: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the tables that ``UPLOAD`` names: name → VOTable.

    Parameters
    ----------
    text
        ``name,param:part`` or ``name,address``, several with ``;`` between them; empty for none.
    files
        Name of a part of the request's form → content.

    Returns
    -------
    Names are in lower case.

    Raises
    ------
    Refused
        When one is not there, or cannot be fetched.
    """
    found: dict[str, bytes] = {}
    listed = [part.strip() for part in text.split(";") if part.strip()]
    if len(listed) > MOST_TABLES:
        raise _wrong(f"{len(listed)} tables", f"at most {MOST_TABLES}")
    for one in listed:
        name, _, place = (part.strip() for part in one.partition(","))
        if not NAME.fullmatch(name):
            raise _wrong(f"'{name}' cannot be the name of a table", "begin with a letter; letters, digits, _")
        part = place.removeprefix("param:")
        if name.lower() in found:
            raise _wrong(f"two tables are called '{name}'", "give each a name of its own")
        if place == part:
            found[name.lower()] = fetched(place)
        elif part in files:
            found[name.lower()] = files[part]
        else:
            raise _wrong(f"there is no part '{part}' in the request", FIX)
    return found


def read(name: str, content: bytes) -> tuple[VoTable, pa.Table]:
    """Return an uploaded table and its rows.

    Parameters
    ----------
    name
        Name of the table, without ``tap_upload``.
    content
        A VOTable; its first table is read.

    Returns
    -------
    What is masked or NaN is null; a column of arrays is text.

    Raises
    ------
    Refused
        When it is no VOTable, or too long.
    """
    try:
        first = first_table(content, MOST_ROWS)
        table = first.to_table(use_names_over_ids=True)
    except Exception as error:
        said = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise _wrong(f"the table '{name}' cannot be read as a VOTable: {said}", FIX) from error
    if len(table) > MOST_ROWS:
        raise _wrong(f"the table '{name}' has {len(table)} rows", f"at most {MOST_ROWS}: send it in parts")
    words = {
        one.name: (str(one.unit or ""), one.ucd or "", one.description or "", one.xtype or "") for one in first.fields
    }
    columns = {column: _values(table[column]) for column in table.colnames}
    fields = tuple(_field(column, values.type, words.get(column, NOTHING)) for column, values in columns.items())
    return VoTable(UPLOADS, name, "Uploaded with the query.", fields, of_people=True), pa.table(columns)


def _field(name: str, kind: pa.DataType, words: tuple[str, str, str, str]) -> Field:
    unit, ucd, meaning, form = words
    return Field(name, kind, unit, ucd, meaning, form=form)


def _values(column: Any) -> pa.Array:
    """Return a column of astropy as Arrow, what is masked or NaN null."""
    data = np.ma.asarray(column)
    missing = np.ma.getmaskarray(data)
    if data.ndim > 1 or data.dtype == object or data.dtype.kind in "SU":
        plain = [_text(value) for value in column]
        return pa.array(plain, pa.string())
    values = np.asarray(data.filled() if missing.any() else data.data)
    if values.dtype.kind == "f":
        missing = missing | np.isnan(values)
    return pa.array(values.astype(values.dtype.newbyteorder("=")), mask=missing)


def _text(value: Any) -> str | None:
    if value is None or value is np.ma.masked:
        return None
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _wrong(message: str, fix: str) -> Refused:
    return Refused(message, parameter="UPLOAD", fix=fix)
