"""What the simulator needs to know of a survey: how its ids count time, what is young, which night is the sample."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Change: TypeAlias = Callable[[Mapping[str, Any], int], dict[str, Any]]
"""(Decoded packet, seed) → another packet."""


@dataclass(frozen=True)
class CountingIds:
    """How numbers of a packet move when it is shifted in time, so that all stay consistent.

    Attributes
    ----------
    object_prefix
        Letters of an object's name that stay as they are.
    rows
        Root fields that hold a measurement, or an array of them.
    times, angles
        Fields of a measurement with a time in days, and with a right ascension in degrees.
    per_microday
        Integer ids of a measurement → what they grow by in a millionth of a day.
    per_day
        Integer of a measurement that grows by one a day; empty for none.
    """

    object_prefix: int
    rows: tuple[str, ...]
    times: tuple[str, ...]
    angles: tuple[str, ...]
    per_microday: Mapping[str, int]
    per_day: str


@dataclass(frozen=True)
class SampleNight:
    """A night of public alerts that the demonstration plays, out of a published source archive.

    Attributes
    ----------
    night, alerts
        Which night, and how many alerts it has.
    package, version, archive_sha256
        The archive as the package index names it, and its digest.
    member
        The table of alerts in it.
    sha256
        Digest of the folder of packets that is made of the table.
    """

    night: dt.date
    alerts: int
    package: str
    version: str
    archive_sha256: str
    member: str
    sha256: str


@dataclass(frozen=True)
class Simulated:
    """What can be simulated of a survey; None where it cannot.

    Attributes
    ----------
    ids
        How ids count time: packets can be amplified.
    young
        Makes a packet that of a transient found a few days ago.
    sample
        The sample night.
    """

    ids: CountingIds | None = None
    young: Change | None = None
    sample: SampleNight | None = None
