"""Science inputs straight from the bytes of packets: the columns that modules declare, and nothing else is decoded."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from fink_lib.avro.reader import Reader
from fink_lib.errors import ConfigError, PacketError, SurveyError
from fink_lib.packets.leaf import leaf
from fink_lib.science.framework.base import Module
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.batch_builder import Wanted, form_batch, wanted
from fink_lib.simulator.packets import messages_of
from fink_lib.simulator.reading import read_path
from fink_lib.surveys import Datum, Survey
from fink_lib.surveys.base import AvroSchema
from fink_lib.surveys.inputs import SurveyInputs, inputs_of
from fink_lib.surveys.mapping import as_read
from fink_lib.surveys.pruned import pruned
from fink_lib.surveys.tables import packet_schema

ALERT_ID = "alert_id"
BATCH_ALERTS = 500


def batches_of_files(
    path: Path, modules: Sequence[Module], survey: Survey, size: int = BATCH_ALERTS
) -> Iterator[AlertBatch]:
    """Yield batches with the inputs that some modules declare, out of packets in files.

    Parameters
    ----------
    path
        A packet, a folder or an archive of them; what cannot be decoded, or has no identity, is passed over, as it
        would be quarantined.
    modules, survey
        Who reads the packets, and whose they are.
    size
        Alerts in a batch.

    Raises
    ------
    ConfigError
        When the path does not exist or holds no packet.
    """
    inputs, empty = inputs_of(survey.name), True
    want, stream = wanted(modules, inputs), datums_of(path, survey)
    readers = Readers(survey, want, inputs)
    while chunk := list(islice(stream, size)):
        columns = readers.read(chunk)
        if len(columns):
            empty = False
            yield form_batch(columns, want, inputs, survey)
    if empty:
        raise ConfigError(f"'{path}' holds no packet of {survey.name}")


def datums_of(path: Path, survey: Survey) -> Iterator[Datum]:
    """Yield the datums of the files below a path, out of their framing.

    Parameters
    ----------
    path
        A packet, a folder or an archive of them.
    survey
        Whose packets; what cannot be taken out of its framing is passed over.
    """
    for content in read_path(path):
        for message, _ in messages_of(content, survey):
            try:
                yield survey.framing.unwrap(message)
            except PacketError:
                continue


class Readers:
    """Reads datums of any writer schema of a survey into the columns that a batch is formed from.

    Parameters
    ----------
    survey
        Whose datums.
    want, inputs
        The inputs that modules declare, and where the survey's packets have them.
    """

    def __init__(self, survey: Survey, want: Wanted, inputs: SurveyInputs) -> None:
        self._survey, self._paths = survey, want.columns(inputs)
        self._columns = pruned(packet_schema(survey, cutouts=True), self._paths.values())
        # By identity: a schema of some ten thousand letters is parsed once, and each datum refers to it.
        self._known: dict[int, tuple[AvroSchema, Reader | None]] = {}

    def read(self, datums: Sequence[Datum]) -> pa.StructArray:
        """Return the columns of the datums that fit their schemas and have an identity, in their order."""
        groups: dict[int, list[int]] = {}
        for row, datum in enumerate(datums):
            groups.setdefault(id(datum.schema), []).append(row)
        parts, places = [], []
        for rows in groups.values():
            reader = self._reader(datums[rows[0]].schema)
            if reader is not None:
                found = reader.read(pa.array([datums[row].body for row in rows], type=pa.binary()))
                flat = self._flat(found.columns)
                named = flat.field(ALERT_ID).is_valid().to_numpy(zero_copy_only=False)
                sound = np.flatnonzero((found.faults == 0) & named)
                parts.append(flat.take(pa.array(sound)))
                places.append(np.asarray(rows)[sound])
        if not parts:
            return pa.array([], type=pa.struct([]))
        order = np.argsort(np.concatenate(places), kind="stable")
        return pa.concat_arrays(parts).take(pa.array(order))

    def _reader(self, schema: AvroSchema) -> Reader | None:
        """Return the reader of a schema; None where it is no schema of a packet."""
        if id(schema) not in self._known:
            try:
                reader = Reader(as_read(schema, self._survey), self._columns)
            except (SurveyError, KeyError, TypeError, ValueError):  # a schema from outside may be malformed in any way
                reader = None
            self._known[id(schema)] = (schema, reader)
        return self._known[id(schema)][1]

    def _flat(self, packet: pa.RecordBatch) -> pa.StructArray:
        arrays = [leaf(packet, path) for path in self._paths.values()]
        return pa.StructArray.from_arrays(arrays, names=list(self._paths))
