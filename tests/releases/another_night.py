"""Packets moved to the night before, as other alerts: a second night of which not all packets were ever sent."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fastavro

ID_A_DAY = 10**15  # the first four digits of a candid of ZTF count days


def moved_a_day_back(packets: Sequence[Path], folder: Path, again: int = 0) -> Path:
    """Write packets whose every time is a day earlier, and the first few of them twice; return their folder."""
    folder.mkdir()
    for number, path in enumerate(packets):
        with path.open("rb") as file:
            reader = fastavro.reader(file)
            schema, (packet,) = reader.writer_schema, list(reader)
        moved: Any = {**_earlier(packet), "candid": packet["candid"] - ID_A_DAY}  # type: ignore[index, dict-item]
        for copy in range(1 + (number < again)):
            with (folder / f"{path.stem}-{copy}.avro").open("wb") as file:
                fastavro.writer(file, schema, [moved])  # type: ignore[arg-type]  # a file of packets has one
    return folder


def _earlier(value: Any) -> Any:
    if isinstance(value, list):
        return [_earlier(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: one - 1 if name == "jd" and one is not None else _earlier(one) for name, one in value.items()}
