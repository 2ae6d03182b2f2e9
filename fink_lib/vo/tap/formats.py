"""Answers of queries in the formats of ``RESPONSEFORMAT``."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import pyarrow as pa

from fink_lib.api.http.errors import Refused
from fink_lib.api.http.formats import MEDIA, Format
from fink_lib.api.http.formats import written as written_otherwise
from fink_lib.api.names import Names
from fink_lib.vo import votable
from fink_lib.vo.fields import Field

ALIASES = {
    **dict.fromkeys(("votable", "application/x-votable+xml", "text/xml", "votable/td"), Format.VOTABLE),
    **dict.fromkeys(("csv", "text/csv"), Format.CSV),
    **dict.fromkeys(("json", "application/json"), Format.JSON),
    **dict.fromkeys(("parquet", "application/vnd.apache.parquet"), Format.PARQUET),
}


def format_of(asked: str) -> Format:
    """Return the format that a request asks for; a VOTable where it does not.

    Raises
    ------
    Refused
        When it is not known.
    """
    kind = asked.lower().partition(";")[0].strip()
    if not kind:
        return Format.VOTABLE
    if kind not in ALIASES:
        raise Refused(f"there is no format '{asked}'", parameter="RESPONSEFORMAT", value=asked,
                      fix="one of votable, csv, json, parquet")  # fmt: skip
    return ALIASES[kind]


def media_of(form: Format) -> str:
    """Return the media type of a format."""
    return MEDIA[form]


def written(rows: pa.Table, form: Format, fields: Sequence[Field], document: votable.Document) -> Iterator[bytes]:
    """Yield rows in a format; only a VOTable tells units, UCDs and whether there were more.

    Parameters
    ----------
    rows
        Its columns are those of `fields`, in order.
    form
        The format.
    fields
        What each column is.
    document
        What stands around the rows of a VOTable.
    """
    if form is Format.VOTABLE:
        return votable.written(rows, fields, document)
    nobody = cast("Names", cast(Any, None))  # names tell units to VOTables alone
    return written_otherwise(rows.to_reader(), form, nobody)
