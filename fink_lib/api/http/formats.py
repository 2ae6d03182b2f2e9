"""Arrow as JSON, CSV, Parquet, VOTable or FITS, in pieces as it comes; the last two are made as a whole."""

import io
import json
import warnings
from collections.abc import Callable, Iterator
from enum import StrEnum

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from fink_lib.api.names import Names

COMMA = ord(",")


class Format(StrEnum):
    """How an answer is written."""

    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"
    VOTABLE = "votable"
    FITS = "fits"


MEDIA = {
    Format.JSON: "application/json",
    Format.CSV: "text/csv; charset=utf-8",
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.VOTABLE: "application/x-votable+xml",
    Format.FITS: "application/fits",
}


def written(rows: pa.RecordBatchReader, form: Format, names: Names, *, ids_as_text: bool = True) -> Iterator[bytes]:
    """Yield rows in a format.

    Parameters
    ----------
    rows
        What is written.
    form
        How.
    names
        Tells units and meanings.
    ids_as_text
        JSON alone: 64-bit integers are text, since many readers of JSON round them.
    """
    ways: dict[Format, Callable[[], Iterator[bytes]]] = {
        Format.JSON: lambda: _json(rows, ids_as_text=ids_as_text),
        Format.CSV: lambda: _csv(rows),
        Format.PARQUET: lambda: _parquet(rows),
        Format.VOTABLE: lambda: iter([_votable(rows.read_all(), names)]),
        Format.FITS: lambda: iter([_fits(rows.read_all())]),
    }
    return ways[form]()


def _json(rows: pa.RecordBatchReader, *, ids_as_text: bool) -> Iterator[bytes]:
    yield b"["
    is_first = True
    for batch in rows:
        text = orjson.dumps(_plain(batch, ids_as_text=ids_as_text).to_pylist(), option=orjson.OPT_NAIVE_UTC)[1:-1]
        if text:
            yield text if is_first else b"," + text
            is_first = False
    yield b"]"


def _plain(batch: pa.RecordBatch, *, ids_as_text: bool) -> pa.RecordBatch:
    """Return a batch whose columns JSON can say exactly."""
    columns = []
    for one, values in zip(batch.schema, batch.columns, strict=True):
        if ids_as_text and pa.types.is_int64(one.type):
            columns.append(values.cast(pa.string()))
        elif pa.types.is_nested(one.type):
            columns.append(_as_text(values))
        else:
            columns.append(values)
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _as_text(values: pa.Array) -> pa.Array:
    """Return nested values as JSON text, their 64-bit integers exact."""
    return pa.array([None if value is None else json.dumps(value, default=str) for value in values.to_pylist()])


def _flat(batch: pa.RecordBatch) -> pa.RecordBatch:
    columns = [_as_text(values) if pa.types.is_nested(values.type) else values for values in batch.columns]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _csv(rows: pa.RecordBatchReader) -> Iterator[bytes]:
    yield (",".join(rows.schema.names) + "\n").encode()
    for batch in rows:
        sink = io.BytesIO()
        pc_csv.write_csv(_flat(batch), sink, pc_csv.WriteOptions(include_header=False, quoting_style="needed"))
        yield sink.getvalue()


class _Sink(io.RawIOBase):
    """Keeps what is written until it is taken."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.parts.append(bytes(data))  # type: ignore[call-overload]  # a buffer
        self.size += len(self.parts[-1])
        return len(self.parts[-1])

    def tell(self) -> int:
        return self.size

    def taken(self) -> bytes:
        parts, self.parts = self.parts, []
        return b"".join(parts)


def _parquet(rows: pa.RecordBatchReader) -> Iterator[bytes]:
    sink = _Sink()
    writer = pq.ParquetWriter(pa.PythonFile(sink, mode="w"), rows.schema, compression="zstd")
    for batch in rows:
        writer.write_batch(batch)
        yield sink.taken()
    writer.close()
    yield sink.taken()


def _votable(rows: pa.Table, names: Names) -> bytes:
    from astropy.io.votable import from_table  # noqa: PLC0415 - slow to import
    from astropy.io.votable.exceptions import VOWarning  # noqa: PLC0415

    sink = io.BytesIO()
    table = astropy_table(rows)
    for name in table.colnames:
        place = names.places.get(name)
        if place is not None:
            table[name].description = place.meaning
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VOWarning)  # names such as i:jd get an ID without the colon
        document = from_table(table)
    for one in document.get_first_table().fields:
        place = names.places.get(one.name)
        if place is not None and place.unit in {"deg", "mag", "arcsec", "day", "nJy"}:
            one.unit = {"day": "d"}.get(place.unit, place.unit)
    document.to_xml(sink)
    return sink.getvalue()


def _fits(rows: pa.Table) -> bytes:
    """Return rows as a binary table; FITS has no null for texts, and none for whole numbers that astropy writes."""
    from astropy.io import fits  # noqa: PLC0415 - slow to import

    table = astropy_table(rows)
    for name in table.colnames:
        kind = table[name].dtype.kind
        table[name] = table[name].astype(bool) if kind == "b" else table[name]
        if kind == "U":  # FITS knows ASCII alone
            texts = [(value or "").encode("ascii", "backslashreplace") for value in table[name].tolist()]
            table[name] = np.array(texts, dtype="S" if any(texts) else "S1")
    sink = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.table_to_hdu(table)]).writeto(sink)
    return sink.getvalue()


def astropy_table(rows: pa.Table):  # type: ignore[no-untyped-def]  # noqa: ANN201 - an astropy table
    """Return rows as an astropy table, what is null masked."""
    from astropy.table import MaskedColumn, Table  # noqa: PLC0415 - slow to import

    table = Table()
    for name in rows.column_names:
        values = rows[name].combine_chunks()
        if pa.types.is_nested(values.type):
            values = _as_text(values)
        if pa.types.is_temporal(values.type):
            values = values.cast(pa.string())
        missing = pc.is_null(values).to_numpy(zero_copy_only=False)
        if pa.types.is_string(values.type) or pa.types.is_null(values.type):
            data = np.array(["" if value is None else value for value in values.to_pylist()], dtype=str)
        else:
            data = pc.fill_null(values, False if pa.types.is_boolean(values.type) else 0).to_numpy(zero_copy_only=False)
        table[name] = MaskedColumn(data, mask=missing) if missing.any() else data
    return table
