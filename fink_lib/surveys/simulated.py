"""What the simulator needs to know of a survey: how its ids count time, what is young, which night is the sample."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from fink_lib.avro.schema import AvroSchema
from fink_lib.surveys.published import Archive

Change: TypeAlias = Callable[[Mapping[str, Any], int], dict[str, Any]]
"""(Decoded packet, seed) → another packet."""

Copy: TypeAlias = Callable[[Mapping[str, Any], dt.date, int, int], dict[str, Any]]
"""(Decoded packet, night, number, seed) → the packet of another source of that night: no two numbers give one id."""


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
    archive
        Where it stands.
    member
        The table of alerts in it.
    sha256
        Digest of the folder of packets that is made of the table.
    """

    night: dt.date
    alerts: int
    archive: Archive
    member: str
    sha256: str


Make: TypeAlias = Callable[[AvroSchema, dt.date, int, int], Iterator[dict[str, Any]]]
"""(Schema, night, number of alerts, seed) → packets of a night that never was, in the order of time."""


@dataclass(frozen=True)
class MadeNight:
    """A night that the simulator makes, where no archive holds a real one.

    Attributes
    ----------
    night, alerts
        Which night, and how many alerts it has.
    schema_id
        Version that its packets are written with.
    version
        Of what `make` makes: another one makes the night anew.
    make
        Makes it.
    """

    night: dt.date
    alerts: int
    schema_id: int
    version: int
    make: Make


@dataclass(frozen=True)
class Simulated:
    """What can be simulated of a survey; None where it cannot.

    Attributes
    ----------
    ids
        How ids count time: packets can be amplified by a shift.
    copy
        Makes a packet that of another source: packets can be amplified by it.
    young
        Makes a packet that of a transient found a few days ago.
    sample
        The night of the demonstration: real, or made.
    """

    ids: CountingIds | None = None
    copy: Copy | None = None
    young: Change | None = None
    sample: SampleNight | MadeNight | None = None
