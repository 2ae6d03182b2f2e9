"""How far a source is behind its input, from what a micro-batch reports of it."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from fink_lib.lake.log import entries_from
from fink_lib.storage import LakePath, Store
from fink_lib.storage.paths import place_named

DELTA_SOURCE = re.compile(r"^DeltaSource\[(?P<location>.+)\]$")

Offset = Mapping[str, Any]


def offset_of(value: object) -> Offset | None:
    """Read an offset as Spark reports it, an object or its text; None when there is none."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            return None
    return value if isinstance(value, dict) else None


def kafka_distance(start: Offset, end: Offset) -> int | None:
    """Count the messages between two Kafka offsets; a partition that is new at the end counts from 0.

    Parameters
    ----------
    start, end
        Topic → partition → offset; partitions of the end alone are counted.

    Returns
    -------
    Messages; None where the end is not by partition.
    """
    total = 0
    for topic, partitions in end.items():
        if not isinstance(partitions, dict):
            return None
        earlier = start.get(topic) or {}
        for partition, offset in partitions.items():
            total += max(0, int(offset) - int(earlier.get(partition, 0)))
    return total


def carries_rows(commit: LakePath) -> bool:
    """Tell whether a Delta commit, given by its file, added rows; compaction and changes of metadata do not."""
    for line in commit.read_text().splitlines():
        action = json.loads(line).get("add")
        if action is not None and action.get("dataChange", True):
            return True
    return False


def delta_versions_behind(table: LakePath, end: Offset) -> int:
    """Count the commits with rows that a Delta source has not finished.

    ``reservoirVersion`` is the version that the source reads next, or is in the middle of.

    Parameters
    ----------
    table
        Folder of the Delta table.
    end
        Offset of the source after its last micro-batch.
    """
    return sum(carries_rows(commit) for commit in entries_from(table, int(end["reservoirVersion"])))


def delta_location(description: str, store: Store | None = None) -> LakePath | None:
    """Return the place of a Delta source; None for another source, or a place that cannot be looked into.

    Parameters
    ----------
    description
        As Spark describes the source.
    store
        That the lake lies in; None for a lake in a folder of this host.
    """
    match = DELTA_SOURCE.match(description)
    if match is None:
        return None
    url = urlparse(match["location"])
    if url.scheme in ("", "file"):
        return Path(unquote(url.path))
    return None if store is None else place_named(match["location"], store)


def source_lag(source: Mapping[str, Any], store: Store | None = None) -> int | None:
    """Return the lag of one source.

    Parameters
    ----------
    source
        A source of a progress report: ``description``, ``endOffset``, ``latestOffset``.
    store
        That the lake lies in; None for a lake in a folder of this host.

    Returns
    -------
    Messages (Kafka) or commits with rows (Delta); None where the source does not tell.
    """
    end = offset_of(source.get("endOffset"))
    if end is None:
        return None
    table = delta_location(str(source.get("description", "")), store)
    if table is not None:
        return delta_versions_behind(table, end)
    latest = offset_of(source.get("latestOffset"))
    return None if latest is None else kafka_distance(end, latest)


def source_rows(source: Mapping[str, Any]) -> int:
    """Return the input rows of one source; exact for Kafka however often the micro-batch read them.

    A first micro-batch does not tell where it began. Its rows are then no more than what Spark read, and no more
    than what the partitions ever held.
    """
    read = int(source.get("numInputRows") or 0)
    start, end = offset_of(source.get("startOffset")), offset_of(source.get("endOffset"))
    if not str(source.get("description", "")).startswith("Kafka") or end is None:
        return read
    distance = kafka_distance(start or {}, end)
    if distance is None:
        return read
    return min(read, distance) if start is None else distance
