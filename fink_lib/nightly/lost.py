"""Read missing offsets back from Kafka: which held a message, which alert it was, of which night."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from fink_lib.nightly.equation import NAMED_AT_MOST, Message
from fink_lib.nightly.offsets import Gap, PartitionAccount
from fink_lib.nightly.watermarks import RawMessage, TopicReader

READ_AT_MOST = 5000

Identify: TypeAlias = Callable[[RawMessage], tuple[int | None, str | None]]


@dataclass
class Missing:
    """What the missing offsets of some partitions turned out to be.

    Attributes
    ----------
    empty
        Offsets that hold no message (control records, compaction), by topic: they were never offered.
    by_night
        Messages by topic and night; those that could not be read count for the night None.
    named
        The first of them.
    """

    empty: Counter[str] = field(default_factory=Counter)
    by_night: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    named: list[Message] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many messages."""
        return self.by_night.total()

    def add(self, message: Message) -> None:
        """Count a message and name it while there is room."""
        self.by_night[message.topic, message.night] += 1
        if len(self.named) < NAMED_AT_MOST:
            self.named.append(message)


def read_back(reader: TopicReader, accounts: Iterable[PartitionAccount], identify: Identify) -> Missing:
    """Read the missing offsets of each partition; at most `READ_AT_MOST` messages, the others only count."""
    missing = Missing()
    budget = READ_AT_MOST
    for account in accounts:
        told = 0
        for gap in account.gaps:
            told += _expired_part(missing, account, gap)
            live = Gap(gap.topic, gap.partition, max(gap.first, _low(account, gap)), gap.last)
            if live.size > 0 and budget > 0:
                budget -= _live_part(missing, reader, live, budget, identify)
                told += live.size
        unread = account.missing - told
        if unread > 0:
            missing.by_night[account.topic, None] += unread
    return missing


def _low(account: PartitionAccount, gap: Gap) -> int:
    return account.marks.low if account.marks else gap.last + 1


def _expired_part(missing: Missing, account: PartitionAccount, gap: Gap) -> int:
    """Count offsets that Kafka no longer holds: what they held cannot be told, so they count as messages."""
    expired = range(gap.first, min(gap.last + 1, _low(account, gap)))
    for offset in expired:
        missing.add(Message(gap.topic, gap.partition, offset, note="expired in Kafka before it was kept"))
    return len(expired)


def _live_part(missing: Missing, reader: TopicReader, gap: Gap, budget: int, identify: Identify) -> int:
    """Read a gap up to the budget; count what lies beyond it as messages of no known night."""
    last = min(gap.last, gap.first + budget - 1)
    seen = 0
    for raw in reader.messages(gap.topic, gap.partition, gap.first, last):
        alert_id, night = identify(raw)
        missing.add(Message(gap.topic, gap.partition, raw.offset, alert_id, night))
        seen += 1
    missing.empty[gap.topic] += last - gap.first + 1 - seen
    missing.by_night[gap.topic, None] += gap.last - last
    return last - gap.first + 1
