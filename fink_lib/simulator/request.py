"""What is asked of the simulator, and what it says it did."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path

from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.surveys import Survey


class Fault(StrEnum):
    """What can be wrong on purpose with a message."""

    DUPLICATE = "duplicate"
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    OUT_OF_ORDER = "out_of_order"
    UNKNOWN_SCHEMA = "unknown_schema"


@dataclass(frozen=True)
class PlayRequest:
    """One play.

    Attributes
    ----------
    path
        A file, folder or archive of packets, or ``sample``.
    survey
        Whose packets they are.
    settings
        Where Kafka is and how to speak to it; where the sample night is kept.
    rate
        Alerts per second; None sends without waiting.
    exposure_s
        Seconds between two exposures, each sent as a burst; excludes `rate`.
    partitions
        Partitions of a topic that is not there yet.
    faults
        How many messages of each fault. All but out-of-order ones are additional messages.
    seed
        Of every random choice.
    truth
        File for the truth manifest: JSON lines, one a message, the last one the summary.
    """

    path: str | Path
    survey: Survey
    settings: Settings
    rate: float | None = None
    exposure_s: float | None = None
    partitions: int = 4
    faults: Mapping[Fault, int] = field(default_factory=dict)
    seed: int = 0
    truth: Path | None = None

    def __post_init__(self) -> None:
        if self.rate is not None and self.exposure_s is not None:
            raise ConfigError("a rate and bursts exclude each other: give --rate or --exposure-s")
        if any(value is not None and value <= 0 for value in (self.rate, self.exposure_s)) or self.partitions < 1:
            raise ConfigError("rate, exposure time and partitions must be larger than zero")
        if any(count < 0 for count in self.faults.values()):
            raise ConfigError("a number of faults cannot be negative")


@dataclass(frozen=True)
class PlayResult:
    """What was sent.

    Attributes
    ----------
    sent, failed
        Messages that Kafka acknowledged; names of those that it did not.
    topics
        Messages acknowledged, by topic.
    nights
        The same, by night; None for messages whose night cannot be read.
    offsets
        First and one past the last offset of this play, by topic and partition.
    expected
        Messages by where they should end: ``bronze``, ``repeat`` or ``quarantine:<damage>``.
    faults
        Messages by fault.
    skipped
        Files that are not packets.
    rebuilt
        Packets that were exports of somebody else, written anew as the survey's own.
    seconds
        Time from the first message to the last acknowledgement.
    truth
        The truth manifest, if one was asked for.
    """

    survey: str
    sent: int
    failed: tuple[str, ...]
    topics: Mapping[str, int]
    nights: Mapping[date | None, int]
    offsets: Mapping[str, Mapping[int, tuple[int, int]]]
    expected: Mapping[str, int]
    faults: Mapping[str, int]
    skipped: tuple[str, ...]
    rebuilt: int
    seconds: float
    truth: Path | None

    def as_json(self) -> str:
        """Return the result as a JSON object; the night of undatable messages is ``null``."""
        facts = asdict(self)
        facts["nights"] = {"null" if night is None else str(night): count for night, count in self.nights.items()}
        facts["truth"] = None if self.truth is None else str(self.truth)
        return json.dumps(facts, indent=1)
