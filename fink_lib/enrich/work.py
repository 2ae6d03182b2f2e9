"""Bytes of accepted alerts → rows of silver, in one pass through Python: packets are read, the science computed."""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from fink_lib.enrich.science import ERRORS, Science
from fink_lib.lake.tables.types import TEXT_MAP
from fink_lib.lake.writer_schemas import WriterSchemas
from fink_lib.packets.leaf import leaf
from fink_lib.packets.reading import PacketReader, by_value
from fink_lib.storage import LakePath
from fink_lib.surveys import Survey
from fink_lib.surveys.pickled import from_bytes, to_bytes
from fink_lib.surveys.pruned import pruned
from fink_lib.surveys.tables import packet_schema

Batches = Iterable[pa.RecordBatch]


@dataclass(frozen=True)
class Job:
    """What a worker does with accepted alerts.

    Attributes
    ----------
    survey, lake
        Whose packets, and where their writer schemas are.
    science
        What is computed.
    constants
        Columns that are the same in every row.
    schema
        Columns of a row.
    """

    survey: Survey
    lake: LakePath
    science: Science
    constants: Mapping[str, Any]
    schema: pa.Schema

    def rows(self, reader: PacketReader, alerts: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows of some alerts.

        Parameters
        ----------
        reader
            What `packet_reader` made for the survey and the inputs of the science.
        alerts
            With the bytes of each packet: schema_sha256, head, and tail if the stamps are to be read.

        Returns
        -------
        Columns of `schema`, in the order of the alerts.
        """
        tail = alerts.column("tail") if "tail" in alerts.schema.names else None
        sha256 = alerts.column("schema_sha256")
        packet = reader.read(sha256, alerts.column("head"), tail)
        flat = {name: leaf(packet, path) for name, path in self.science.inputs.items()}
        found = self.science.compute(pa.StructArray.from_arrays(list(flat.values()), list(flat)))
        known = dict(zip(alerts.schema.names, alerts.columns, strict=True))
        known |= dict(zip(packet.schema.names, packet.columns, strict=True))
        known |= {found.type.field(at).name: array for at, array in enumerate(found.flatten())}
        known |= {name: pa.repeat(value, alerts.num_rows) for name, value in self.constants.items()}
        known[ERRORS] = with_retyped(known[ERRORS], sha256, reader)
        return pa.RecordBatch.from_arrays([known[one.name].cast(one.type) for one in self.schema], schema=self.schema)


def packet_reader(survey: Survey, lake: LakePath, inputs: Iterable[str]) -> PacketReader:
    """Return what reads the columns that rows of silver have, and the stamps among the inputs of science.

    Parameters
    ----------
    survey
        Whose packets.
    lake
        Where their writer schemas are.
    inputs
        Dotted paths in the packet that the science reads.
    """
    small = packet_schema(survey, cutouts=False).names
    stamps = [path for path in inputs if path.partition(".")[0] not in small]
    columns = pruned(packet_schema(survey, cutouts=True), [*small, *stamps])
    return PacketReader(survey, columns, WriterSchemas(lake).text)


def with_retyped(errors: pa.Array, sha256: pa.Array, reader: PacketReader) -> pa.Array:
    """Add to the errors of alerts the fields of their packets that are null for their type.

    Parameters
    ----------
    errors
        Map of name → error, one an alert; null for none.
    sha256
        Writer schema of each alert.
    reader
        Tells which fields of a writer schema are not read, and their types.
    """
    told = {name: dict(reader.retyped(name)) for name, _ in by_value(sha256)}
    if not any(told.values()):
        return errors
    rows = [
        {**dict(why or ()), **{path: f"not read: written as {kind}" for path, kind in told[name].items()}}
        for why, name in zip(errors.to_pylist(), sha256.to_pylist(), strict=True)
    ]
    return pa.array([list(row.items()) for row in rows], TEXT_MAP)


def enriching(job: Job) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    """Return the function for `DataFrame.mapInArrow`; a worker keeps what it learns from batch to batch."""
    survey, schema, lake = to_bytes(job.survey), job.schema, job.lake
    science, constants = job.science, job.constants

    def work(batches: Batches) -> Iterator[pa.RecordBatch]:
        mine = Job(from_bytes(survey), lake, science, constants, schema)
        reader = kept_reader(survey, lake, tuple(sorted(set(science.inputs.values()))))
        for batch in batches:
            if batch.num_rows:
                yield mine.rows(reader, batch)

    return work


@functools.lru_cache(maxsize=4)
def kept_reader(survey: bytes, lake: LakePath, inputs: tuple[str, ...]) -> PacketReader:
    """Return the reader that this process keeps.

    Parameters
    ----------
    survey
        The survey, as bytes.
    lake
        Where the writer schemas are.
    inputs
        Dotted paths in the packet that the science reads, sorted.
    """
    return packet_reader(from_bytes(survey), lake, inputs)
