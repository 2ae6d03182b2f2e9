"""Bronze of v0.1.0, which kept packets as columns, written anew as bytes: night by night aside, then in one commit.

The nights that are done stand in a table of their own below the folder of the upgrade. An upgrade that was killed
finds them there and goes on with the others; the live table is what it was until all of them are done.
"""

import datetime as dt
import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake

from fink_lib import __version__
from fink_lib.lake.delta import delta_table, is_delta_table
from fink_lib.lake.formats import UPGRADING
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.swap import link_files, night_files, overwrite
from fink_lib.lake.writer_schemas import WriterSchemas
from fink_lib.maintenance.progress import Progress, Say
from fink_lib.packets.rebuilt import Rebuilder
from fink_lib.packets.rebuilt_rows import SPARING, rebuilt_rows
from fink_lib.surveys import Survey
from fink_lib.surveys.tables import bronze_spec

logger = logging.getLogger(__name__)


def upgrade_bronze(survey: Survey, lake: Path, say: Say) -> int:
    """Write every row of bronze anew, as bytes; return how many there are.

    Parameters
    ----------
    survey
        Whose bronze; it must be of v0.1.0, and nobody may be writing.
    lake
        Root folder of the tables.
    say
        Told how far it is.
    """
    spec, writer = bronze_spec(survey), Rebuilder(survey)
    path, aside = spec.path(lake), spec.path(lake / UPGRADING)
    now = dt.datetime.now(dt.UTC)
    WriterSchemas(lake).ensure({**writer.schema_row(), "first_time": now, "code_version": __version__})
    table = delta_table(path)
    wanted = rows_by_night(table)
    done = _begin(survey, aside, wanted)
    told = Progress(say, spec.full_name, wanted.total(), done.total())
    for night in sorted(wanted.keys() - done.keys()):
        rows = dataset_of(table).scanner(filter=pc.field("night") == pa.scalar(night), **SPARING)
        _append(aside, _counted(rebuilt_rows(rows, survey, writer), told), spec.plain_schema)
    rebuilt = delta_table(aside)
    files = link_files(night_files(rebuilt, set(wanted)), aside, path)
    overwrite(table, files, rebuilt.schema(), {"fink.action": "upgrade"})
    logger.info("table=%s rows=%d packets of v0.1.0 rebuilt as bytes", spec.full_name, wanted.total())
    return wanted.total()


def rows_by_night(table: DeltaTable) -> Counter[dt.date]:
    """Return how many rows each night has, as the log of a table says."""
    found = Counter[dt.date]()
    for action in pa.table(table.get_add_actions()).to_pylist():
        found[action["partition"]["night"]] += action["num_records"]
    return found


def _begin(survey: Survey, aside: Path, wanted: Counter[dt.date]) -> Counter[dt.date]:
    """Make the table aside, or find what an upgrade before has done; one of another state of the lake is begun anew.

    Bronze is only ever appended to: nights of as many rows hold the same rows.
    """
    spec = bronze_spec(survey)
    if is_delta_table(aside):
        done = rows_by_night(delta_table(aside))
        if all(wanted[night] == rows for night, rows in done.items()):
            return done
    partitions = list(spec.partitioned_by)
    DeltaTable.create(str(aside), spec.plain_schema, mode="overwrite", partition_by=partitions)
    return Counter()


def _append(path: Path, batches: Iterator[pa.RecordBatch], shape: pa.Schema) -> None:
    write_deltalake(str(path), pa.RecordBatchReader.from_batches(shape, batches), mode="append")


def _counted(batches: Iterator[pa.RecordBatch], told: Progress) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield batch
        told.add(batch.num_rows)
