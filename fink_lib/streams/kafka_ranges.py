"""Which messages a micro-batch has, out of the checkpoint: Spark notes the ends before it hands a batch over."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from fink_lib.lake.places import Range

Ends: TypeAlias = dict[str, dict[str, int]]


def kafka_ranges(checkpoint: Path, batch_id: int, names: Mapping[str, str] | None = None) -> list[Range] | None:
    """Return the offsets of a micro-batch by partition; None where the checkpoint does not tell.

    Parameters
    ----------
    checkpoint
        Folder of a query with one Kafka source.
    batch_id
        The batch, which has begun.
    names
        Topic → the name that its messages are kept under, where that is another one.
    """
    kept = names or {}
    ends, before = _ends(checkpoint, batch_id), _ends(checkpoint, batch_id - 1) or {}
    if ends is None:
        return None
    found = [
        Range(kept.get(topic, topic), int(partition), before.get(topic, {}).get(partition, 0), end - 1)
        for topic, partitions in ends.items()
        for partition, end in partitions.items()
    ]
    return [one for one in found if one.first <= one.last]


def known_before(checkpoint: Path, batch_id: int) -> frozenset[tuple[str, int]]:
    """Return the partitions that a query had met before a micro-batch: their ranges begin where the last one ended.

    Parameters
    ----------
    checkpoint
        Folder of a query with one Kafka source.
    batch_id
        The micro-batch; before the first one, no partition is known.

    Returns
    -------
    Topic and number of each partition, the topic as Kafka calls it.
    """
    before = _ends(checkpoint, batch_id - 1) or {}
    return frozenset((topic, int(partition)) for topic, parts in before.items() for partition in parts)


def last_ends(checkpoint: Path) -> Ends | None:
    """Return where the newest batch of a checkpoint ends, by topic and partition; None where it has none."""
    batches = [int(file.name) for file in (checkpoint / "offsets").glob("[0-9]*") if file.name.isdigit()]
    return _ends(checkpoint, max(batches)) if batches else None


def _ends(checkpoint: Path, batch_id: int) -> Ends | None:
    try:
        lines = (checkpoint / "offsets" / str(batch_id)).read_text().splitlines()
        found: Ends = json.loads(lines[2])  # below the version of the format and the metadata of the batch
    except (OSError, IndexError, ValueError):
        return None
    return found
