"""Where ingest goes on: from its checkpoint, or beside it where Kafka no longer has what the checkpoint asks for.

Topics of surveys are nightly and expire. A topic that was deleted after it was read, a partition whose next messages
have expired, and a new partition whose first messages are gone would each stop the stream for ever: Spark goes on only
where every offset of its checkpoint can be had. A topic that was made anew would be read from its middle. Then a new
checkpoint begins at the places that can be read. What the tables hold is not written again (see
`fink_lib.lake.places`), and what was lost is named in the log, noted, and counted when its night is closed.
"""

import datetime as dt
import json
import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from fink_lib.errors import ConfigError
from fink_lib.kafka.reading import TopicReader, Watermarks
from fink_lib.lake.losses import Loss
from fink_lib.lake.places import Range
from fink_lib.streams.kafka_ranges import Ends, last_ends

logger = logging.getLogger(__name__)

EXPIRED = "expired in Kafka before it was read"
EARLIEST = "earliest"
Partitions: TypeAlias = Mapping[tuple[str, int], Watermarks]


@dataclass(frozen=True)
class Change:
    """A partition that is no longer what the checkpoint knows.

    Attributes
    ----------
    topic, partition
        Which one.
    what
        What became of it.
    lost
        Messages that expired before they were read; None where none did, or where nobody can tell.
    """

    topic: str
    partition: int
    what: str
    lost: Range | None = None


def starting_offsets(
    checkpoint: Path, there: Partitions, anew: Collection[str], note: Callable[[list[Loss]], object]
) -> str:
    """Return what the Kafka source starts from when its checkpoint is new, and put an unusable checkpoint aside.

    Parameters
    ----------
    checkpoint
        Folder of the query.
    there
        Ends of every partition that Kafka has.
    anew
        Topics that were deleted and made anew since the checkpoint noted them.
    note
        Notes losses down, before the new checkpoint begins.

    Raises
    ------
    ConfigError
        When a topic lost messages that were read of it.
    """
    known = last_ends(checkpoint)
    if known is None:
        return EARLIEST
    unchanged = {topic: parts for topic, parts in known.items() if topic not in anew}
    changes = [*_made_anew(known, anew), *changes_of(unchanged, there, anew)]
    if not changes:
        return EARLIEST
    for change in changes:
        logger.warning("topic=%s partition=%d %s", change.topic, change.partition, change.what)
    note([Loss(one.lost, None, EXPIRED) for one in changes if one.lost])
    aside = checkpoint.with_name(f"{checkpoint.name}.until-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}")
    checkpoint.rename(aside)
    logger.warning("a new checkpoint begins: the old one, kept as %s, asks for what Kafka no longer has", aside)
    return json.dumps(starts(unchanged, there)) if there else EARLIEST


def shorter(known: Ends, there: Partitions) -> set[str]:
    """Return the topics that end before what was read of them.

    Parameters
    ----------
    known
        Topic → partition → offset after the last one read.
    there
        Ends of every partition that Kafka has; one that it has not is passed over.
    """
    return {
        topic
        for topic, parts in known.items()
        for partition, end in parts.items()
        if (marks := there.get((topic, int(partition)))) and marks.high < end
    }


def _made_anew(known: Ends, anew: Collection[str]) -> Iterator[Change]:
    for topic in sorted(known.keys() & set(anew)):
        for partition, end in known[topic].items():
            what = f"was deleted and made anew: the old one was read up to offset {end}, the new one from its beginning"
            yield Change(topic, int(partition), what)


def partitions(reader: TopicReader, pattern: str) -> Partitions:
    """Return the ends of every partition of the topics that match.

    Parameters
    ----------
    reader
        Connection to Kafka.
    pattern
        Regular expression of whole names of topics.
    """
    topics = {name: parts for name, parts in reader.topics().items() if re.fullmatch(pattern, name)}
    return {(name, part): reader.watermarks(name, part) for name, parts in topics.items() for part in parts}


def changes_of(known: Ends, there: Partitions, anew: Collection[str] = ()) -> Iterator[Change]:
    """Yield the partitions that Spark could not go on with.

    Parameters
    ----------
    known
        Topic → partition → offset after the last one read; of topics made anew, nothing.
    there
        Ends of every partition that Kafka has.
    anew
        Topics that were made anew: what expired in them is not looked for.

    Raises
    ------
    ConfigError
        When a partition ends before what was read of it, though it is the same topic.
    """
    read = {(topic, int(part)): end for topic, parts in known.items() for part, end in parts.items()}
    for (topic, partition), end in read.items():
        marks = there.get((topic, partition))
        if marks is None:
            yield Change(topic, partition, f"is gone: it was read up to offset {end}, what came later is not known")
        elif marks.high < end:
            raise ConfigError(
                f"topic {topic} ends at {marks.high} in partition {partition}, and {end} messages of it were read: it "
                "lost some, and what comes now would be taken for them. Let the topic be made anew: it is then another"
            )
        elif marks.low > end:
            what = f"lost: offsets {end} to {marks.low - 1} expired before they were read"
            yield Change(topic, partition, what, Range(topic, partition, end, marks.low - 1))
    for (topic, partition), marks in there.items():
        if (topic, partition) not in read and topic not in anew and marks.low > 0:
            what = f"lost: offsets 0 to {marks.low - 1} expired before the topic was seen"
            yield Change(topic, partition, what, Range(topic, partition, 0, marks.low - 1))


def starts(known: Ends, there: Partitions) -> Ends:
    """Return where each partition is read on from.

    Parameters
    ----------
    known
        Topic → partition → offset after the last one read.
    there
        Ends of every partition that Kafka has.

    Returns
    -------
    Topic → partition → offset, for all that Kafka has; a new partition is read from its beginning.
    """
    found: Ends = {}
    for (topic, partition), marks in there.items():
        read = known.get(topic, {}).get(str(partition), 0)
        found.setdefault(topic, {})[str(partition)] = max(marks.low, read)
    return found
