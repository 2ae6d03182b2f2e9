"""Which messages of a micro-batch each task takes: ranges of offsets, cut into shares of one size."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from fink_lib.ingest.worker import Wanted
from fink_lib.lake.places import Range
from fink_lib.streams.kafka_ranges import kafka_ranges, known_before

LEAST = 128  # messages of a task: fewer are not worth another file


def wanted_of(checkpoint: Path, batch_id: int) -> list[Wanted]:
    """Return the messages of a micro-batch by partition, under Kafka's names of the topics.

    Parameters
    ----------
    checkpoint
        Folder of a query with one Kafka source.
    batch_id
        The batch, which has begun.
    """
    before = known_before(checkpoint, batch_id)
    return [Wanted(one, from_low=one.key not in before) for one in kafka_ranges(checkpoint, batch_id) or ()]


def shares(wanted: Sequence[Wanted], most: int) -> list[list[Wanted]]:
    """Cut messages into at most so many shares, each of consecutive offsets of few partitions.

    Parameters
    ----------
    wanted
        Ranges.
    most
        Tasks that can work at once.
    """
    total = sum(one.range.size for one in wanted)
    size = max(LEAST, -(-total // max(1, most)))
    found: list[list[Wanted]] = []
    room = 0
    for piece in _pieces(wanted, size):
        if not room:
            found.append([])
            room = size
        found[-1].append(piece)
        room -= piece.range.size
    return found


def _pieces(wanted: Sequence[Wanted], size: int) -> Iterator[Wanted]:
    """Yield ranges cut where a share is full."""
    room = size
    for one in wanted:
        first = one.range.first
        while first <= one.range.last:
            last = min(one.range.last, first + room - 1)
            yield replace(one, range=Range(one.range.topic, one.range.partition, first, last))
            room -= last - first + 1
            first, room = last + 1, room or size
