"""What a survey is to the broker: data and mapping. The steps live once, in the stages."""

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from fink_lib.nights import NightRule

AvroSchema: TypeAlias = dict[str, Any]


class Damage(StrEnum):
    """Why a message went to quarantine."""

    TRUNCATED = "truncated"
    BAD_SYNC_MARKER = "bad_sync_marker"
    TRAILING_GARBAGE = "trailing_garbage"
    NO_RECORD = "no_record"
    SEVERAL_RECORDS = "several_records"
    UNKNOWN_SCHEMA = "unknown_schema"
    NOT_A_PACKET = "not_a_packet"
    UNDECODABLE = "undecodable"
    CUTOUT_DAMAGED = "cutout_damaged"
    BAD_VALUE = "bad_value"


class Datum(NamedTuple):
    """One packet taken out of its framing.

    Attributes
    ----------
    schema
        Writer schema, as the framing names or embeds it.
    body
        The Avro datum: no container header, no prefix, no compression.
    """

    schema: AvroSchema
    body: bytes


class Framing(ABC):
    """How a survey wraps an Avro datum into a Kafka message; pure Python, one message at a time.

    The fast path of ingest does the same in Spark expressions; this is the reference, used by the
    simulator, by tests, and to say precisely what is wrong with a message that the fast path refused.
    """

    name: str

    @abstractmethod
    def unwrap(self, message: bytes) -> Datum:
        """Take the datum out of its framing.

        Raises
        ------
        PacketError
            With the precise `Damage` when the message is not exactly one well-framed datum.
        """

    @abstractmethod
    def wrap(self, schema: AvroSchema, body: bytes) -> bytes:
        """Frame a datum as the survey publishes it."""


@dataclass(frozen=True)
class Cut:
    """One quality cut.

    Attributes
    ----------
    name
        What `rejected.reasons` names.
    keep
        Spark SQL predicate over the bronze columns, true for an alert that passes; null means it fails.
    meaning
        One sentence, with the source of the threshold.
    """

    name: str
    keep: str
    meaning: str


@dataclass(frozen=True)
class Fields:
    """Where the common facts stand in a decoded packet, as dotted paths.

    Attributes
    ----------
    alert_id, object_id, time, ra, dec, band
        Identity, observation time (in the survey's own format), position in degrees, band.
    history
        Array of earlier measurements, or None.
    cutouts
        Paths of the stamp bytes; they stay in bronze.
    required
        Fields without which a packet is not an alert of this survey.
    no_object
        Object id, as text, that stands for none.
    """

    alert_id: str
    object_id: str
    time: str
    ra: str
    dec: str
    band: str
    history: str | None
    cutouts: tuple[str, ...]
    required: tuple[str, ...]
    no_object: str | None = None


@dataclass(frozen=True)
class Survey:
    """An adapter: everything that differs between two surveys.

    Attributes
    ----------
    name
        Short lower-case name; part of table, topic, stream and DAG names.
    framing
        How a message wraps its datum.
    topic_pattern
        Java regular expression of the topics that ingest subscribes to.
    topic_format
        `strftime` format of the topic that the simulator writes a night to.
    night
        How an observation time names a night.
    fields
        Where the common facts stand.
    reader_schema
        Avro superset of all known writer schemas, every field nullable: the shape of bronze.
    public
        Spark SQL predicate: may this alert leave the broker?
    bands
        Value of the band field → name of the band.
    cuts
        Quality cuts of enrich, in order.
    band_cut
        A cut that the settings may switch on (`keep_i_band`).
    streams_enabled
        True when Airflow runs streams of this survey.
    cutout_gzip
        True when stamps are gzipped FITS (their CRC is then checked), False for plain FITS.
    """

    name: str
    framing: Framing
    topic_pattern: str
    topic_format: str
    night: NightRule
    fields: Fields
    reader_schema: AvroSchema
    public: str
    bands: Mapping[str, str]
    cuts: tuple[Cut, ...] = ()
    band_cut: Cut | None = None
    cutout_gzip: bool = False
    streams_enabled: bool = True

    def topic_of(self, night: dt.date) -> str:
        """Return the topic that the survey publishes a night's alerts on."""
        return night.strftime(self.topic_format)

    @property
    def cutout_roots(self) -> tuple[str, ...]:
        """Root columns that hold the cutouts."""
        return tuple(path.split(".")[0] for path in self.fields.cutouts)


def value_at(record: Mapping[str, Any], path: str) -> Any:
    """Follow a dotted path through a decoded packet; None where a part is missing or null."""
    node: Any = record
    for part in path.split("."):
        if node is None:
            return None
        node = node.get(part)
    return node
