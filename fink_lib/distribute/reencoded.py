"""The packets of chosen alerts written anew, all under one schema: of transfers over versions, or of some columns.

Science is taken from silver and cutouts from the packet's own bytes in bronze; both are read from the files of the
tables and written as Avro by compiled code, since Spark took 8 ms an alert for the same bytes.
"""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.avro.encode import datums
from fink_lib.distribute.avro_schema import writer_schema
from fink_lib.distribute.columns import require_each_once
from fink_lib.distribute.framing import schema_text
from fink_lib.distribute.leaving import Leaving
from fink_lib.distribute.match import Key, Match
from fink_lib.errors import LakeError
from fink_lib.lake.place_files import OFFSET, PARTITION, TOPIC
from fink_lib.lake.reading import read
from fink_lib.lake.rows_at import RowsAt, offsets_of
from fink_lib.lake.spark.table import spark_struct
from fink_lib.lake.tables import KAFKA_KEY, places_of
from fink_lib.packets.spark.fields import reading
from fink_lib.storage import LakePath
from fink_lib.surveys import Survey
from fink_lib.surveys.tables import bronze_spec

PACKETS_AT_ONCE = 250  # their bytes, cutouts and messages are in memory together


class Reencoded:
    """Encodes alerts; the schema is fixed when it is made.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey
        Whose alerts.
    silver
        Columns of silver at the version that is read.
    fields
        What leaves of an alert.
    version
        Of silver.
    """

    def __init__(
        self, lake: LakePath, survey: Survey, silver: pa.Schema, fields: Sequence[Leaving], version: int
    ) -> None:
        self._lake, self._survey, self._version = lake, survey, version
        self._fields = list(fields)
        named = dict.fromkeys(one.path[0] for one in self._fields)
        self._columns = [*KAFKA_KEY, *(name for name in named if name in silver.names and name not in KAFKA_KEY)]
        self._cutouts = tuple(root for root in dict.fromkeys(survey.cutout_roots) if root in named)
        self._bronze = RowsAt(bronze_spec(survey).path(lake), ("schema_sha256", "head", "tail"))
        leaving = pa.schema([pa.field(one.name, one.kind) for one in self._fields])
        self._schema = schema_text(writer_schema(spark_struct(leaving)))

    @property
    def key(self) -> bytes:
        """Key of every message: the schema that the value is written with."""
        return self._schema.encode()

    def encode(self, matches: Sequence[Match]) -> Iterator[dict[Key, bytes]]:
        """Yield the values of the alerts' messages, some at a time, in the order of their packets on disk.

        Parameters
        ----------
        matches
            Alerts; what silver says of them all is in memory at once.

        Raises
        ------
        LakeError
            When silver or bronze does not hold one of the alerts exactly once.
        """
        silver = self._silver(matches)
        rows = {key: row for row, key in enumerate(places_of(silver))}
        require_each_once(rows, silver.num_rows, matches)
        if not self._cutouts:
            yield dict(zip(rows, self._values(silver), strict=True))
            return
        due = set(rows)
        for packets in self._packets(matches):
            keys = places_of(packets)
            if len(due) - len(due.difference(keys)) != len(keys):
                raise LakeError("bronze holds packets twice: the tables disagree, and this transfer is not announced")
            due.difference_update(keys)
            mine = silver.take([rows[key] for key in keys])
            for root in self._cutouts:
                mine = mine.append_column(root, packets.column(root))
            yield dict(zip(keys, self._values(mine), strict=True))
        require_each_once(rows.keys() - due, len(rows) - len(due), matches)

    def _silver(self, matches: Sequence[Match]) -> pa.Table:
        """Return the chosen rows of silver, with the columns that leave."""
        nights = sorted({one.night for one in matches})
        places = offsets_of(one.key for one in matches)
        where = pc.scalar(False)
        for (topic, partition), offsets in places.items():
            here = (pc.field(TOPIC) == topic) & (pc.field(PARTITION) == partition)
            where |= here & pc.field(OFFSET).isin(offsets)
        return read("silver", self._survey.name, night=nights, columns=self._columns, where=where,
                    version=self._version, lake=self._lake)  # fmt: skip

    def _packets(self, matches: Sequence[Match]) -> Iterator[pa.RecordBatch]:
        """Yield places and cutouts of the alerts, some at a time."""
        work = reading(self._survey, self._lake, self._cutouts, KAFKA_KEY)
        for rows in self._bronze.read((one.night, one.key) for one in matches):
            yield from work(rows.to_batches(max_chunksize=PACKETS_AT_ONCE))

    def _values(self, rows: pa.Table) -> list[bytes]:
        """Return the bytes of each row's message."""
        values = datums([one.values(rows) for one in self._fields], [one.kind for one in self._fields])
        return [value.as_py() for value in values]
