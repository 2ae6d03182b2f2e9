"""What a survey is to the broker: data and mapping. The steps live once, in the stages."""

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from fink_lib.avro.renamed import Renaming
from fink_lib.config import Settings
from fink_lib.config.connection import KafkaConnection
from fink_lib.errors import ConfigError
from fink_lib.nights import NightRule
from fink_lib.surveys.connection import Input
from fink_lib.surveys.facts import ColumnFacts, KnowledgeFacts, NewSources, NightCalendar, NightFacts, PacketRule
from fink_lib.surveys.inputs import SurveyInputs
from fink_lib.surveys.objects import ObjectFacts
from fink_lib.surveys.published import PublishedSchemas
from fink_lib.surveys.served import ServedFacts
from fink_lib.surveys.simulated import Simulated

AvroSchema: TypeAlias = dict[str, Any]


class Damage(StrEnum):
    """Why a message went to quarantine."""

    TRUNCATED = "truncated"
    BAD_SYNC_MARKER = "bad_sync_marker"
    TRAILING_GARBAGE = "trailing_garbage"
    NO_RECORD = "no_record"
    SEVERAL_RECORDS = "several_records"
    UNKNOWN_SCHEMA = "unknown_schema"
    SCHEMA_AWAITED = "schema_awaited"  # its schema may still come: the message is then replayed by itself
    NOT_A_PACKET = "not_a_packet"
    UNDECODABLE = "undecodable"
    CUTOUT_DAMAGED = "cutout_damaged"
    BAD_VALUE = "bad_value"
    UNFORESEEN = "unforeseen"  # nobody knows why: the code of a stage raised on it, again and again


class Datum(NamedTuple):
    """One packet taken out of its framing.

    Attributes
    ----------
    schema
        Writer schema, as the framing names or embeds it.
    body
        The Avro datum: no container header, no prefix, no compression.
    text
        The schema as it was announced, in JSON: its digest names it.
    """

    schema: AvroSchema
    body: bytes
    text: str


class Framing(ABC):
    """How a survey wraps an Avro datum into a Kafka message; pure Python, one message at a time.

    Ingest takes every message out of its framing by this, the simulator frames packets by it.
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
        """Frame a datum as the survey publishes it.

        Parameters
        ----------
        schema
            Writer schema.
        body
            The Avro datum.
        """

    @abstractmethod
    def datum_start(self, message: bytes) -> int:
        """Return the byte where what a message holds begins, behind all that every message of its writer has.

        Raises
        ------
        PacketError
            When the message is not framed so.
        """

    @abstractmethod
    def unannounced(self, message: bytes) -> bytes:
        """Return a good message as a writer would send it whose schema nobody announced."""

    @property
    def awaits(self) -> bool:
        """True where a schema that is not known may come to be, so that messages wait for it."""
        return False

    def schema(self, number: int) -> AvroSchema:
        """Return the writer schema that messages name by a number.

        Raises
        ------
        ConfigError
            When it is not known, or messages of this framing name none.
        """
        raise ConfigError(f"messages in the framing '{self.name}' name no schema {number}: they bring their own")

    def claimed(self, message: bytes) -> Datum | None:  # noqa: ARG002 - most framings cannot tell
        """Return what a message whose framing is damaged still claims to hold; None where nothing can be told."""
        return None

    def version_of(self, prefix: bytes) -> str | None:  # noqa: ARG002 - most framings do not say
        """Return the version of the writer schema that the first bytes of a message name; None where they do not."""
        return None


@dataclass(frozen=True)
class Programme:
    """Observations that are not public: only who has the right ``<survey>:<name>`` sees alerts and points of them.

    Attributes
    ----------
    name
        Part of the right.
    number
        What the field of a point that names the programme has.
    holds
        Spark SQL predicate over silver, true for its alerts.
    """

    name: str
    number: int
    holds: str


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
    flag
        Packet field that is true for an alert that fails, where that is all that the predicate asks; else empty.
    """

    name: str
    keep: str
    meaning: str
    flag: str = ""

    @classmethod
    def unless(cls, name: str, flag: str, meaning: str) -> "Cut":
        """Return the cut that a flag is not set; where it is null, or the packet has none, nothing is known against it.

        Parameters
        ----------
        name, flag, meaning
            As above.
        """
        return cls(name, f"coalesce({flag}, false) = false", meaning, flag)


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
    moving_id
        Path of the name of the moving object that an alert is of; where it has one, that stands before `object_id`.
    moving_prefix
        Letters before that name, so that it is no static object's.
    object_name
        Regular expression of the names that the survey gives its objects, as Java and Python read it, without
        backslashes. Clients write files under these names.
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
    moving_id: str | None = None
    moving_prefix: str = ""
    object_name: str = "[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}"


@dataclass(frozen=True)
class Survey:
    """An adapter: everything that differs between two surveys.

    Attributes
    ----------
    name
        Short lower-case name; part of table, topic, stream and DAG names.
    framing
        How a message wraps its datum.
    input
        Where its alerts come from.
    night, calendar
        How an observation time names a night, and when the telescope observes.
    fields
        Where the common facts stand.
    inputs
        Which packet fields feed science.
    reader_schema
        Avro superset of all known writer schemas, every field nullable: the shape of a packet's columns.
    public
        Spark SQL predicate: may this alert leave the broker?
    bands
        Value of the band field → name of the band.
    cuts, optional_cuts
        Quality cuts of enrich, in order; those that only the settings of the survey switch on.
    rules
        What must be true of packet fields.
    knowledge, columns, report, objects, served, simulated
        Science and filters that run; what filters know of columns; what a night's report looks at; how sure positions
        are and what moves; how alerts are served over HTTP; what the simulator can do.
    published
        Its writer schemas on a package index, where messages name them only by a number; None where they do not.
    new_sources
        Which alerts are matched with events of other messengers; None for none.
    programmes
        Observations that are not public, each with the right that opens it; others that are not public nobody sees.
    points_withheld, points_programme
        Arrays of points whose programme may be another than the alert's, and the field that names it: public is 1.
    cutout_gzip
        True when stamps are gzipped FITS (their CRC is then checked), False for plain FITS.
    mappings
        Fields that some versions of the schema write under other names or in other units than the columns have.
    """

    name: str
    framing: Framing
    input: Input
    night: NightRule
    calendar: NightCalendar
    fields: Fields
    inputs: SurveyInputs
    reader_schema: AvroSchema
    public: str
    bands: Mapping[str, str]
    cuts: tuple[Cut, ...] = ()
    optional_cuts: tuple[Cut, ...] = ()
    rules: tuple[PacketRule, ...] = ()
    knowledge: KnowledgeFacts = field(default_factory=KnowledgeFacts)
    columns: ColumnFacts = field(default_factory=ColumnFacts)
    report: NightFacts = field(default_factory=NightFacts)
    objects: ObjectFacts = field(default_factory=ObjectFacts)
    served: ServedFacts = field(default_factory=ServedFacts)
    simulated: Simulated = field(default_factory=Simulated)
    published: PublishedSchemas | None = None
    new_sources: NewSources | None = None
    programmes: tuple[Programme, ...] = ()
    points_withheld: tuple[str, ...] = ()
    points_programme: str = "programid"
    cutout_gzip: bool = False
    mappings: tuple[Renaming, ...] = ()

    def topic_of(self, night: dt.date, version: str | None = None) -> str:
        """Return the topic that the survey publishes a night's alerts on, those of a version of its schema.

        Parameters
        ----------
        night
            Its date.
        version
            Version of the schema; the newest when None.
        """
        return self.input.topic_of(night, version)

    def connection(self, settings: Settings) -> KafkaConnection:
        """Return the Kafka that its alerts arrive on."""
        return self.input.connection(self.name, settings)

    def topics(self, settings: Settings) -> str:
        """Return the regular expression of the topics that its alerts arrive on."""
        return self.input.topics(self.name, settings)

    def cuts_in_force(self, settings: Settings) -> tuple[Cut, ...]:
        """Return the cuts that are made, with those that the settings switch on.

        Raises
        ------
        ConfigError
            When the settings name a cut that the survey does not have.
        """
        return (*self.cuts, *self.chosen_cuts(settings.of_survey(self.name).optional_cuts or ""))

    def chosen_cuts(self, names: str) -> tuple[Cut, ...]:
        """Return some of the optional cuts, named with commas.

        Raises
        ------
        ConfigError
            When the survey has no optional cut of a name.
        """
        wanted = {name.strip() for name in names.split(",") if name.strip()}
        if strangers := sorted(wanted - {cut.name for cut in self.optional_cuts}):
            known = ", ".join(cut.name for cut in self.optional_cuts) or "none"
            raise ConfigError(f"'{strangers[0]}' is no optional cut of {self.name}: there is {known}")
        return tuple(cut for cut in self.optional_cuts if cut.name in wanted)

    def object_of(self, record: Mapping[str, Any]) -> str | None:
        """Return the name of the object that a decoded packet is of; None where it names none."""
        at = self.fields
        for path, prefix in ((at.moving_id, at.moving_prefix), (at.object_id, "")):
            found = None if path is None else value_at(record, path)
            if found is not None and str(found) != at.no_object:
                return f"{prefix}{found}"
        return None

    @property
    def cutout_roots(self) -> tuple[str, ...]:
        """Root columns that hold the cutouts."""
        return tuple(path.split(".")[0] for path in self.fields.cutouts)


def value_at(record: Mapping[str, Any], path: str) -> Any:
    """Follow a dotted path through a decoded packet; None where a part is missing, null or no record.

    Parameters
    ----------
    record
        A decoded packet.
    path
        Names with dots between them; arrays are not followed.
    """
    node: Any = record
    for part in path.split("."):
        if not isinstance(node, Mapping):
            return None
        node = node.get(part)
    return node
