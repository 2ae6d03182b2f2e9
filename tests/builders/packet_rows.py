"""A night in rows: real packets, and the columns that ingest writes of one. Every lake of real alerts is made of them.

What enrich adds is a test's own: science that makes its alerts be selected, rejected or changed.
"""

import datetime as dt
import io
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import fastavro

from fink_lib.config import Settings
from fink_lib.simulator.reading import read_path
from fink_lib.simulator.sample import sample_night
from fink_lib.surveys import ZTF, Survey, value_at
from fink_lib.surveys.framing import decode

Packet = dict[str, Any]
Row = dict[str, Any]


def read_packets(archive: Path, most: int | None = None) -> Iterator[Packet]:
    """Yield the packets of an archive of Avro containers, by file name; of no more files than `most`."""
    with tarfile.open(archive) as tar:
        chosen = [one for one in tar if one.isfile() and one.size and one.name.endswith(".avro")]
        for member in sorted(chosen, key=lambda one: one.name)[:most]:
            stream = tar.extractfile(member)
            if stream is not None:
                yield from fastavro.reader(io.BytesIO(stream.read()))  # type: ignore[misc]


def sample_packets(most: int | None = None) -> list[Packet]:
    """Return packets of the sample night, which is fetched where it is not there yet."""
    contents = (one for one in read_path(sample_night(Settings(), ZTF)) if one.is_packet)
    return [
        decode(ZTF.framing.unwrap(one.data)) for number, one in enumerate(contents) if most is None or number < most
    ]


def identity(survey: Survey, packet: Mapping[str, Any]) -> Row:
    """Return which alert a packet is: night, ids, time, position and band, as ingest reads them."""
    fields = survey.fields
    time = value_at(packet, fields.time)
    named = {name: value_at(packet, getattr(fields, name)) for name in ("alert_id", "object_id", "ra", "dec")}
    band = survey.bands[str(value_at(packet, fields.band))]
    night = survey.night.night_of(time)
    return {**named, "object_id": str(named["object_id"]), "night": night, "time": time, "band": band}


def arrived(
    survey: Survey,
    packet: Mapping[str, Any],
    offset: int,
    at: dt.datetime,
    *,
    topic: str = "",
    partition: int = 0,
    ingest_s: float = 0.0,
) -> Row:
    """Return the identity of a packet and where it came from.

    Parameters
    ----------
    survey, packet
        Whose, and the packet.
    offset, partition, topic
        Where it stands in Kafka; the topic of its night when none is named.
    at
        When Kafka had it.
    ingest_s
        Seconds until bronze had it.
    """
    facts = identity(survey, packet)
    place = {
        "kafka_topic": topic or survey.topic_of(facts["night"]),
        "kafka_partition": partition,
        "kafka_offset": offset,
    }
    return {**facts, **place, "kafka_time": at, "ingest_time": at + dt.timedelta(seconds=ingest_s)}
