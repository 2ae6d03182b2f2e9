"""Messages → rows of bronze, or what is wrong with them: one pass over the bytes in a Python worker.

A message is taken out of its framing, its datum walked once with the schema that it was written with, its stamps'
checksums are verified, and the rules of an alert applied. The datum itself is kept as it came, cut in two. The verdict
is a function of the message alone: whoever judges it again finds the same.
"""

import datetime as dt
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib import __version__
from fink_lib.avro.reader import Decoded, Reader
from fink_lib.avro.values import sliced, spans
from fink_lib.avro.walk import Fault
from fink_lib.errors import PacketError, SurveyError
from fink_lib.ingest.cutouts import stamp_fault
from fink_lib.ingest.identity import Identity
from fink_lib.lake.writer_schemas import WriterSchemas
from fink_lib.packets.leaf import leaf
from fink_lib.packets.reading import reader_of
from fink_lib.packets.writer import Writer, Writers
from fink_lib.surveys import Damage, Datum, Survey
from fink_lib.surveys.checks import decode
from fink_lib.surveys.pruned import pruned
from fink_lib.surveys.tables import bronze_spec, fact_paths, fact_schema, packet_schema

Columns: TypeAlias = dict[str, pa.Array]

# What Spark calls the parts of a message, and what bronze calls them
MESSAGE = {
    "topic": "kafka_topic",
    "partition": "kafka_partition",
    "offset": "kafka_offset",
    "timestamp": "kafka_time",
    "key": "kafka_key",
    "headers": "kafka_headers",
}
RAW, ERROR_CLASS, REASON = "raw", "error_class", "reason"
VERSION_BYTES = 5  # of a message may name the version of its schema


def judged_schema(survey: Survey) -> pa.Schema:
    """Return the columns of judged messages: those of bronze, what is wrong, and the bytes of what is damaged."""
    wrong = [pa.field(ERROR_CLASS, pa.string()), pa.field(REASON, pa.string()), pa.field(RAW, pa.binary())]
    return pa.schema([*bronze_spec(survey).plain_schema, *wrong])


@dataclass(frozen=True)
class Found:
    """One message as far as it could be read.

    Attributes
    ----------
    row
        Its place in the batch.
    datum
        What it holds; None where nothing can be told.
    error
        What is wrong with it; None where it is whole.
    """

    row: int
    datum: Datum | None
    error: PacketError | None = None


class Judge:
    """Judges the messages of one survey.

    Parameters
    ----------
    survey
        Whose messages.
    schemas
        Where writer schemas are kept before a row names them; None where nothing is written.
    """

    def __init__(self, survey: Survey, schemas: WriterSchemas | None) -> None:
        self._survey, self._schemas = survey, schemas
        self._writers, self._identity = Writers(survey), Identity(survey)
        self._shape = judged_schema(survey)
        self._stamps = survey.fields.cutouts if survey.cutout_gzip else ()
        self._facts = fact_schema(survey).names
        paths = (*fact_paths(survey), *self._identity.paths, *self._stamps)
        self._columns = pruned(packet_schema(survey, cutouts=True), paths)
        self._reader = functools.lru_cache(maxsize=256)(self._new_reader)

    @property
    def decoders(self) -> int:
        """How many decoders are kept: one a writer schema, whatever else headers say."""
        return self._reader.cache_info().currsize

    def rows(self, messages: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Yield the judged messages of a batch, in any order."""
        groups: dict[str, list[Found]] = {}
        for row, value in enumerate(messages.column("value").to_pylist()):
            found = self._opened(row, value)
            groups.setdefault("" if found.datum is None else found.datum.text, []).append(found)
        for text, group in groups.items():
            for rows in self._parts(messages, group, text):
                self._keep_schema(text, rows)
                yield rows

    def _opened(self, row: int, value: bytes | None) -> Found:
        if value is None:
            return Found(row, None, PacketError(Damage.NO_RECORD, "the message has no value: a tombstone"))
        try:
            return Found(row, self._survey.framing.unwrap(value))
        except PacketError as error:
            return Found(row, self._survey.framing.claimed(value), error)
        except Exception as error:  # noqa: BLE001 - bytes from outside may break any parser, and must not end the stream
            return Found(row, None, unreadable(error))

    def _parts(self, messages: pa.RecordBatch, group: Sequence[Found], text: str) -> Iterator[pa.RecordBatch]:
        """Judge the messages of one writer schema; one that breaks its judge is found by halves, and set aside."""
        try:
            yield self._group(messages, group, text)
        except Exception as error:  # noqa: BLE001 - bytes from outside may break any parser, and must not end the stream
            if len(group) == 1:
                yield self._shaped(messages.take(pa.array([group[0].row])), [unreadable(error)], {})
                return
            half = len(group) // 2
            yield from self._parts(messages, group[:half], text)
            yield from self._parts(messages, group[half:], text)

    def _keep_schema(self, text: str, rows: pa.RecordBatch) -> None:
        """Keep a schema before any row that names it."""
        if self._schemas is not None and text and rows.column(ERROR_CLASS).null_count:
            self._schemas.ensure(self._schema_row(self._writers.of(text), rows))

    def _group(self, messages: pa.RecordBatch, group: Sequence[Found], text: str) -> pa.RecordBatch:
        """Judge the messages of one writer schema."""
        everyone = len(group) == messages.num_rows
        chosen = messages if everyone else messages.take(pa.array([found.row for found in group]))
        errors = [found.error for found in group]
        writer = self._writer(text, errors) if text else None
        if writer is None:
            return self._shaped(chosen, errors, {})
        bodies = pa.array([found.datum.body if found.datum else b"" for found in group], type=pa.binary())
        decoded = self._reader(writer.text).read(bodies)
        columns = self._identity.columns(decoded.columns, chosen.column("timestamp"))
        self._note_damage(decoded, columns, group, errors)
        columns |= self._packet(decoded, bodies)
        columns |= self._named(writer, chosen)
        return self._shaped(chosen, errors, columns)

    def _writer(self, text: str, errors: list[PacketError | None]) -> Writer | None:
        """Return the writer of a schema; note of every message why there is none."""
        try:
            writer = self._writers.of(text)
            reason = writer.refusal
        except SurveyError as error:
            writer, reason = None, str(error)
        if writer is None or reason:
            errors[:] = [known or PacketError(Damage.UNKNOWN_SCHEMA, reason) for known in errors]
            return None
        return writer

    def _new_reader(self, text: str) -> Reader:
        return reader_of(self._writers.of(text), self._columns)

    def _note_damage(
        self, decoded: Decoded, columns: Columns, group: Sequence[Found], errors: list[PacketError | None]
    ) -> None:
        """Note of each message the gravest that is wrong: its framing, its datum, a stamp, a value."""
        stamps = [(path, leaf(decoded.columns, path)) for path in self._stamps]
        for at, found in enumerate(group):
            if errors[at] is not None or found.datum is None:
                continue
            if decoded.faults[at]:
                errors[at] = fault_of(found.datum, int(decoded.faults[at]), int(decoded.stops[at]))
            else:
                errors[at] = stamp_fault(stamps, at)
        broken = self._identity.broken(columns)
        errors[:] = [known or value for known, value in zip(errors, broken, strict=True)]

    def _packet(self, decoded: Decoded, bodies: pa.Array) -> Columns:
        """Return the facts and the bytes."""
        data, starts, ends = spans(bodies)
        cuts = starts + np.where(decoded.faults == 0, decoded.cuts, 0)
        facts = {name: decoded.columns.column(name) for name in self._facts}
        raw = pa.py_buffer(data)
        return {**facts, "head": sliced(raw, starts, cuts), "tail": sliced(raw, cuts, ends)}

    def _named(self, writer: Writer, chosen: pa.RecordBatch) -> Columns:
        """Return what the row says of its schema; the first bytes of a message may name the version."""
        first = bytes(chosen.column("value")[0].as_buffer()[:VERSION_BYTES])
        version = writer.version or self._survey.framing.version_of(first)
        told = {"schema_sha256": writer.sha256, "schema_version": version}
        return {name: pa.repeat(pa.scalar(text, pa.string()), chosen.num_rows) for name, text in told.items()}

    def _schema_row(self, writer: Writer, rows: pa.RecordBatch) -> dict[str, Any]:
        return {
            "schema_sha256": writer.sha256,
            "survey": self._survey.name,
            "schema_version": rows.column("schema_version")[0].as_py(),
            "first_time": dt.datetime.now(dt.UTC),
            "new_fields": list(writer.new_fields),
            "retyped_fields": list(writer.retyped_fields.items()),
            "code_version": __version__,
            "text": writer.text,
        }

    def _shaped(
        self, chosen: pa.RecordBatch, errors: Sequence[PacketError | None], columns: Mapping[str, pa.Array]
    ) -> pa.RecordBatch:
        """Return the rows; what could not be read is null."""
        rows, shape = chosen.num_rows, self._shape
        known = dict(columns) | {name: chosen.column(source) for source, name in MESSAGE.items()}
        damaged = pa.array([error is not None for error in errors])
        known |= {
            "code_version": pa.repeat(pa.scalar(__version__), rows),
            ERROR_CLASS: pa.array([None if error is None else str(error.error_class) for error in errors], pa.string()),
            REASON: pa.array([None if error is None else error.reason for error in errors], pa.string()),
            RAW: pc.if_else(damaged, chosen.column("value"), pa.scalar(None, pa.binary())),
        }
        arrays = [known[one.name].cast(one.type) if one.name in known else pa.nulls(rows, one.type) for one in shape]
        return pa.RecordBatch.from_arrays(arrays, schema=shape)


def fault_of(datum: Datum, fault: int, stop: int) -> PacketError:
    """Say what is wrong with a datum that does not fit its schema, in the words of the plain decoder.

    Parameters
    ----------
    datum
        What the message holds.
    fault
        Number of a `Fault`, as the fast decoder found it.
    stop
        Byte of the datum at which that decoder stopped.

    Returns
    -------
    What the plain decoder says; what the fast one found only where the plain one has no complaint.
    """
    try:
        decode(datum)
    except PacketError as error:
        return error
    return PacketError(Damage.UNDECODABLE, f"the datum does not fit its schema at byte {stop}: {Fault(fault).name}")


def unreadable(error: Exception) -> PacketError:
    """Say that a message broke its parser."""
    return PacketError(Damage.UNDECODABLE, f"the packet cannot be read: {error!r}")
