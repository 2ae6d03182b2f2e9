"""Arrow tables as VOTable 1.4: exact integers, real nulls, units and UCDs, and whether there were more rows."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.nights import TimeFormat
from fink_lib.vo.fields import Field

MEDIA = "application/x-votable+xml"
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
)
BATCH_ROWS = 10_000
CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f]"  # no XML can hold them
TIMES = {TimeFormat.JD_UTC: ("JD-origin", "UTC"), TimeFormat.MJD_TAI: ("MJD-origin", "TAI")}
OK, OVERFLOW, ERROR = "OK", "OVERFLOW", "ERROR"


@dataclass(frozen=True)
class Document:
    """What stands around the rows.

    Attributes
    ----------
    description
        What the table is.
    infos
        Name → value, told before the table.
    is_cut
        True where there were more rows than were asked for.
    services
        Resources beside the table, as XML: descriptors of services that take its values.
    linked
        Survey, column with ids of its alerts, and the type of these: what else there is of them can be asked.
    """

    description: str = ""
    infos: Mapping[str, str] = field(default_factory=dict)
    is_cut: bool = False
    services: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()


def attributes(**given: str) -> str:
    """Return attributes of an element, those that are empty left out."""
    return "".join(f" {name}={quoteattr(value)}" for name, value in given.items() if value)


def info(name: str, value: str, text: str = "") -> str:
    """Return an INFO element.

    Parameters
    ----------
    name
        Name of the element.
    value
        Its value.
    text
        What stands in it.
    """
    return f"<INFO{attributes(name=name)} value={quoteattr(value)}>{escape(text)}</INFO>\n"


def error(message: str) -> bytes:
    """Return the document that says what went wrong, in the words of DALI and in those of Simple Cone Search."""
    said = f'<INFO ID="Error" name="Error" value={quoteattr(message)}/>\n'
    status = info("QUERY_STATUS", ERROR, message)
    return f'{HEAD}<RESOURCE type="results">\n{status}{said}</RESOURCE>\n</VOTABLE>\n'.encode()


def written(rows: pa.Table, fields: Sequence[Field], document: Document) -> Iterator[bytes]:
    """Yield a VOTable in pieces.

    Parameters
    ----------
    rows
        The rows; its columns are those of `fields`, in order.
    fields
        What each column is.
    document
        What stands around.
    """
    told = "".join(info(name, value) for name, value in document.infos.items())
    scales = sorted({one.scale for one in fields if one.scale})
    systems = '<COOSYS ID="ICRS" system="ICRS"/>\n' + "".join(map(_time_system, scales))
    yield f'{HEAD}<RESOURCE type="results">\n{info("QUERY_STATUS", OK)}{told}{systems}<TABLE name="results">\n'.encode()
    if document.description:
        yield f"<DESCRIPTION>{escape(document.description)}</DESCRIPTION>\n".encode()
    for one, values in zip(fields, rows.columns, strict=True):
        yield _field(one, values).encode()
    yield b"<DATA><TABLEDATA>\n"
    for batch in rows.to_batches(BATCH_ROWS):
        yield _rows(batch)
    yield b"</TABLEDATA></DATA>\n</TABLE>\n"
    if document.is_cut:
        yield info("QUERY_STATUS", OVERFLOW).encode()
    yield b"</RESOURCE>\n"
    yield "".join(document.services).encode() + b"</VOTABLE>\n"


def _time_system(scale: str) -> str:
    origin, timescale = TIMES[TimeFormat(scale)]
    told = attributes(ID=scale, timeorigin=origin, timescale=timescale, refposition="TOPOCENTER")
    return f"<TIMESYS{told}/>\n"


def _field(one: Field, values: pa.ChunkedArray) -> str:
    datatype = one.datatype
    if datatype == "char" and pa.types.is_string(values.type) and not _is_ascii(values):
        datatype = "unicodeChar"
    at = one.scale or ("ICRS" if one.ucd.startswith("pos.eq.") else "")
    said = attributes(
        ID=one.name if one.name.isidentifier() and one.name.isascii() else "",
        name=one.name, datatype=datatype, arraysize=one.arraysize, unit=one.unit, ucd=one.ucd, xtype=one.xtype, ref=at,
    )  # fmt: skip
    return f"<FIELD{said}><DESCRIPTION>{escape(one.meaning or one.name)}</DESCRIPTION></FIELD>\n"


def _is_ascii(values: pa.ChunkedArray) -> bool:
    return pc.all(pc.string_is_ascii(values)).as_py() is not False  # None where there is no text


def _rows(batch: pa.RecordBatch) -> bytes:
    """Return the rows of a batch; what is null is an empty cell."""
    if not batch.num_rows:
        return b""
    cells = [_text(values) for values in batch.columns]
    between: list[pa.Array | str] = ["<TR><TD>"]
    for number, one in enumerate(cells):
        between += [one, "</TD><TD>" if number + 1 < len(cells) else "</TD></TR>\n"]
    lines = pc.binary_join_element_wise(*between, "", null_handling="replace", null_replacement="")
    return "".join(lines.to_pylist()).encode()


def _text(values: pa.Array) -> pa.Array:
    """Return values as the text of cells."""
    kind = values.type
    if pa.types.is_floating(kind):
        return _numbers(values)
    if pa.types.is_decimal(kind):
        return _numbers(values.cast(pa.float64()))
    if pa.types.is_timestamp(kind):
        return pc.replace_substring(values.cast(pa.timestamp(kind.unit)).cast(pa.string()), " ", "T")
    if pa.types.is_nested(kind) or pa.types.is_binary(kind):
        values = pa.array([None if one is None else json.dumps(one, default=str) for one in values.to_pylist()])
    return escaped(values.cast(pa.string()))


def _numbers(values: pa.Array) -> pa.Array:
    text = values.cast(pa.string())
    return pc.if_else(pc.is_inf(values), pc.if_else(pc.greater(values, 0), "+InF", "-InF"), text).cast(pa.string())


def escaped(values: pa.Array) -> pa.Array:
    """Return text as XML can hold it."""
    for old, new in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        values = pc.replace_substring(values, old, new)
    return pc.replace_substring_regex(values, CONTROL, "")
