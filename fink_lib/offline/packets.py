"""Decoded packets of files, folders, archives and Delta tables."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.dataset import Dataset

from fink_lib.errors import ConfigError, PacketError
from fink_lib.lake.delta import delta_table
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.writer_schemas import WriterSchemas
from fink_lib.offline.datums import datums_of
from fink_lib.packets.reading import PacketReader
from fink_lib.storage import LakePath
from fink_lib.surveys import Survey
from fink_lib.surveys.checks import decode
from fink_lib.surveys.tables import packet_schema

Packet = dict[str, Any]

ROWS_AT_ONCE = 2000
BYTES = {"schema_sha256", "head", "tail"}


def packets_of(path: Path, survey: Survey, night: dt.date | None = None) -> Iterator[Packet]:
    """Yield the packets below a path; what cannot be decoded is passed over, as it would be quarantined.

    Parameters
    ----------
    path
        A packet, a folder or an archive of them, a Parquet file of alerts, or a Delta table with their columns
        (the bronze table is one).
    survey
        Whose packets they are.
    night
        Of a table: only the alerts of this night.

    Raises
    ------
    ConfigError
        When the path does not exist or holds no packet.
    """
    found = _table_rows(path, survey, night) if is_table(path) else _file_packets(path, survey)
    empty = True
    for packet in found:
        empty = False
        yield packet
    if empty:
        raise ConfigError(f"'{path}' holds no packet of {survey.name}")


def is_table(path: Path) -> bool:
    """Tell whether a path is a Delta table."""
    return (path / "_delta_log").is_dir()


def _file_packets(path: Path, survey: Survey) -> Iterator[Packet]:
    for datum in datums_of(path, survey):
        try:
            yield decode(datum)
        except PacketError:
            continue


def _table_rows(path: Path, survey: Survey, night: dt.date | None) -> Iterator[Packet]:
    """Yield the rows of a table of packets, or the packets whose bytes it keeps, as bronze does."""
    rows = dataset_of(delta_table(path))
    if night is not None:
        rows = rows.filter(pc.field("night") == night)
    if set(rows.schema.names) >= BYTES:
        yield from _kept_packets(rows, survey, path.parent)
        return
    for batch in rows.to_batches(batch_size=ROWS_AT_ONCE):
        yield from batch.to_pylist()


def _kept_packets(rows: Dataset, survey: Survey, lake: LakePath) -> Iterator[Packet]:
    reader = PacketReader(survey, packet_schema(survey, cutouts=True), WriterSchemas(lake).text)
    for batch in rows.to_batches(columns=sorted(BYTES), batch_size=ROWS_AT_ONCE):
        head, tail = (batch.column(name).cast(pa.binary()) for name in ("head", "tail"))
        yield from reader.read(batch.column("schema_sha256").cast(pa.string()), head, tail).to_pylist()
