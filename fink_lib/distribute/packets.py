"""The messages of alerts: the packet as the telescope wrote it, byte for byte, and behind it what the broker adds."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fink_lib.distribute.columns import require_there
from fink_lib.distribute.match import Key, Match
from fink_lib.distribute.topic_schema import TopicSchemas
from fink_lib.lake.rows_at import RowsAt
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.lake.writer_schemas import WriterSchemas
from fink_lib.packets.public import without_private
from fink_lib.processes.error_summary import sentence_of
from fink_lib.storage import LakePath
from fink_lib.streams.halves import MOST_BLAMED
from fink_lib.surveys import Survey
from fink_lib.surveys.base import AvroSchema

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Outgoing:
    """A message without its framing.

    Attributes
    ----------
    value
        The packet's datum and the added fields.
    schema
        What the value is written with, as JSON.
    headers
        By which a reader cuts the datum out, and proves that it is what the telescope sent.
    """

    value: bytes
    schema: bytes
    headers: Headers


class Packets:
    """Makes the messages of alerts.

    Parameters
    ----------
    lake
        Root folder of the tables.
    bronze
        The table that holds the packets, existing.
    survey
        Which points are public.
    record
        Avro schema of what is added.
    """

    def __init__(self, lake: LakePath, bronze: TableSpec, survey: Survey, record: AvroSchema) -> None:
        self._survey = survey
        self._rows = RowsAt(bronze.path(lake), ("schema_sha256", "rebuilt", "head", "tail"))
        self._texts = WriterSchemas(lake)
        self.schemas = TopicSchemas(record, self._texts.text)

    def encode(self, matches: Sequence[Match]) -> tuple[dict[Key, Outgoing], dict[Key, str]]:
        """Return the message of each alert that a filter selected, and why there is none of the others.

        A packet that stands in bronze twice, byte for byte, is sent once: the night's equation tells of the other one.

        Raises
        ------
        LakeError
            When bronze lacks one of the packets, or the schema that one was written with.
        Exception
            What the packets raise when more than `MOST_BLAMED` of them do: then it is the code that must be mended.
        """
        by_key = {one.key: one for one in matches}
        rows = [row for part in self._rows.read((one.night, one.key) for one in matches) for row in part.to_pylist()]
        found: dict[Key, Outgoing] = {}
        refused: dict[Key, str] = {}
        for row in rows:
            key = tuple(row[name] for name in KAFKA_KEY)
            schema, writer = self.schemas.of(row["schema_sha256"]), self._texts.text(row["schema_sha256"])
            try:
                made = self._outgoing(row, by_key[key], schema, writer)
            except Exception as error:
                # Nothing is read in there: it is the packet's own fault, and must not keep the others back.
                if isinstance(error, MemoryError) or len(refused) == MOST_BLAMED:
                    raise
                refused[key] = sentence_of(error)
                continue
            if found.setdefault(key, made) != made:
                refused[key] = "bronze holds two packets of different bytes in its place"
        require_there({*found, *refused}, matches)
        return {key: made for key, made in found.items() if key not in refused}, refused

    def _outgoing(self, row: dict[str, Any], match: Match, schema: bytes, writer: str) -> Outgoing:
        datum = row["head"] + (row["tail"] or b"")
        # A packet that v0.1.0 took apart was put together anew: its bytes prove nothing.
        headers: Headers = () if row["rebuilt"] else (("datum_sha256", hashlib.sha256(datum).hexdigest()),)
        if match.private:
            datum, withheld = without_private(datum, writer, self._survey)
            headers = (("points_withheld", str(withheld)),)
        headers = (("datum_bytes", str(len(datum))), *headers)
        return Outgoing(datum + (match.suffix or b""), schema, headers)
