"""Accepted alerts as files of silver, written by Spark's tasks: no packet goes through the JVM."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark import SparkContext

from fink_lib.enrich.triage import FILE, STAMPS
from fink_lib.enrich.work import Job, enriching
from fink_lib.lake.data_files import DataFile, NightWriter
from fink_lib.lake.parquet import parquet_file
from fink_lib.lake.tables import KAFKA_KEY, places_of
from fink_lib.lake.tables.partner import PARTNER_NAMES
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.storage import LakePath, Store
from fink_lib.storage.paths import place_named, store_of
from fink_lib.surveys.tables import bronze_spec

# A task has some tenths of a second to start a Python worker; young alerts take milliseconds each.
ROWS_PER_TASK = 200
ROWS_AT_ONCE = 1000  # alerts whose bytes are in memory at one time, 20 to 100 kB each, or fewer once they are so large:
BYTES_AT_ONCE = 128 * 1024 * 1024
OWN = ("night", "enrich_time", STAMPS, *PARTNER_NAMES)  # known before a packet is read


@dataclass(frozen=True)
class SilverTask:
    """What a task needs to make files of silver.

    Attributes
    ----------
    job
        What is computed.
    passed
        Columns of bronze that silver has too.
    silver, folder
        The table of silver.
    """

    job: Job
    passed: tuple[str, ...]
    silver: TableSpec
    folder: LakePath

    def run(self, alerts: pa.Table) -> list[DataFile]:
        """Read the packets of alerts out of the files that they came from, and write their rows of silver."""
        writer = NightWriter(self.silver, self.folder, self.job.schema)
        for rows in enriching(self.job)(self.given(alerts)):
            writer.add(rows)
        return writer.close()

    def given(self, alerts: pa.Table) -> Iterator[pa.RecordBatch]:
        """Yield what `Job.rows` reads of some alerts."""
        stamps = bool(pc.any(alerts[STAMPS]).as_py())
        names = [*self.passed, "schema_sha256", "head", *(["tail"] if stamps else [])]
        bronze = bronze_spec(self.job.survey).plain_schema
        wanted = pa.schema([bronze.field(name) for name in dict.fromkeys(names) if name not in OWN])
        held: list[pa.Table] = []
        for part in packets_of(alerts, wanted, store_of(self.folder)):
            held.append(_without_stamps(part) if stamps else part)
            if sum(one.num_rows for one in held) >= ROWS_AT_ONCE or sum(one.nbytes for one in held) >= BYTES_AT_ONCE:
                yield _one_batch(held)
                held = []
        if held:
            yield _one_batch(held)


class WritesFiles(Protocol):
    """What a task does."""

    def run(self, alerts: pa.Table) -> list[DataFile]:
        """Write the rows of alerts; return the files."""


def write_by_tasks(context: SparkContext, task: WritesFiles, alerts: pa.Table) -> list[DataFile]:
    """Have accepted alerts written by as many tasks as are worth it; return the files, which a commit puts in force.

    Parameters
    ----------
    context
        Spark.
    task
        What a task does.
    alerts
        Night, place, file, `enrich_time` and partner of each, and whether it brings its stamps.
    """
    count = min(context.defaultParallelism, 1 + alerts.num_rows // ROWS_PER_TASK)
    rows = alerts.select([*KAFKA_KEY, *OWN, FILE])
    ends = np.linspace(0, rows.num_rows, count + 1).astype(int)
    # taken, not cut: a part that travels would bring the whole table with it
    parts = [rows.take(pa.array(range(first, end))) for first, end in itertools.pairwise(ends)]
    return [file for files in context.parallelize(parts, count).map(task.run).collect() for file in files]


def packets_of(alerts: pa.Table, wanted: pa.Schema, store: Store | None) -> Iterator[pa.Table]:
    """Yield the rows of bronze of some alerts with what is known of them beside, a row group at a time.

    Parameters
    ----------
    alerts
        Place and file of each, and `OWN`.
    wanted
        Columns of bronze.
    store
        That the lake lies in; None for a lake in a folder of this host.
    """
    for uri in pc.unique(alerts[FILE]).to_pylist():
        mine = alerts.filter(pc.equal(alerts[FILE], uri))
        asked = {place: row for row, place in enumerate(places_of(mine))}
        with parquet_file(place_named(uri, store)) as file:
            for group in range(file.num_row_groups):
                found = [asked.get(place, -1) for place in places_of(file.read_row_group(group, columns=[*KAFKA_KEY]))]
                rows = np.array(found)
                chosen = np.flatnonzero(rows >= 0)
                if len(chosen):
                    packets = file.read_row_group(group, columns=wanted.names).take(chosen)
                    yield _beside(_in_shape(packets, wanted), mine.select(OWN).take(rows[chosen]))


def _in_shape(packets: pa.Table, wanted: pa.Schema) -> pa.Table:
    """Return rows of a file in the table's own types: Spark stores times as INT96, and older files lack columns."""
    for one in wanted:
        if one.name not in packets.schema.names:
            packets = packets.append_column(one, pa.nulls(packets.num_rows, one.type))
    return packets.select(wanted.names).cast(wanted)


def _beside(packets: pa.Table, own: pa.Table) -> pa.Table:
    for name in own.schema.names:
        packets = packets.append_column(own.schema.field(name), own[name])
    return packets


def _without_stamps(rows: pa.Table) -> pa.Table:
    """Take the bytes of stamps from the alerts that do not bring them."""
    tail = pc.if_else(rows[STAMPS], rows["tail"], pa.scalar(None, rows["tail"].type))
    return rows.set_column(rows.schema.get_field_index("tail"), "tail", tail)


def _one_batch(parts: Sequence[pa.Table]) -> pa.RecordBatch:
    (batch,) = pa.concat_tables(parts).drop_columns([STAMPS]).combine_chunks().to_batches()
    return batch
