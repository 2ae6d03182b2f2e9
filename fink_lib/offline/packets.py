"""Decoded packets of files, folders, archives and Delta tables."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fink_lib.errors import ConfigError, PacketError
from fink_lib.simulator.packets import messages_of
from fink_lib.simulator.reading import read_path
from fink_lib.surveys import Survey
from fink_lib.surveys.checks import decode

Packet = dict[str, Any]

ROWS_AT_ONCE = 2000


def packets_of(path: Path, survey: Survey) -> Iterator[Packet]:
    """Yield the packets below a path; what cannot be decoded is passed over, as it would be quarantined.

    Parameters
    ----------
    path
        A packet, a folder or an archive of them, a Parquet file of alerts, or a Delta table with their columns
        (the bronze table is one).
    survey
        Whose packets they are.

    Raises
    ------
    ConfigError
        When the path does not exist or holds no packet.
    """
    found = _table_rows(path) if (path / "_delta_log").is_dir() else _file_packets(path, survey)
    empty = True
    for packet in found:
        empty = False
        yield packet
    if empty:
        raise ConfigError(f"'{path}' holds no packet of {survey.name}")


def _file_packets(path: Path, survey: Survey) -> Iterator[Packet]:
    for content in read_path(path):
        for message, _ in messages_of(content, survey):
            try:
                yield decode(survey.framing.unwrap(message))
            except PacketError:
                continue


def _table_rows(path: Path) -> Iterator[Packet]:
    from deltalake import DeltaTable  # noqa: PLC0415 - only tables need it

    for batch in DeltaTable(str(path)).to_pyarrow_dataset().to_batches(batch_size=ROWS_AT_ONCE):
        yield from batch.to_pylist()
