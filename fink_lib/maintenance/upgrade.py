"""Upgrade a lake of v0.1.0: bronze kept packets as columns, and keeps their bytes now.

The table stays the same one: its older versions are there and hold what they held. The new rows are written in one
commit, so that an upgrade that is interrupted has done nothing. Their bytes are made out of the columns, in the
survey's own schema, and each row says so: they prove nothing about what the telescope sent.
"""

import datetime as dt
import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from pyarrow.dataset import Dataset

from fink_lib import __version__
from fink_lib.config import Settings
from fink_lib.errors import LakeError
from fink_lib.lake.formats import is_old
from fink_lib.lake.log import LOG, keep_log
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.lake.writer_schemas import WriterSchemas
from fink_lib.packets.rebuilt import Rebuilder
from fink_lib.streams.lease import read_lease
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import SURVEYS, Survey
from fink_lib.surveys.tables import bronze_spec, fact_schema

logger = logging.getLogger(__name__)

ROWS_AT_ONCE = 500  # packets as Python objects at one time, some 50 MB
APPEND_ONLY = "delta.appendOnly"
UPGRADED = "packets of v0.1.0 rebuilt as bytes"


@dataclass(frozen=True)
class Upgraded:
    """What was done to one table.

    Attributes
    ----------
    table
        Its name.
    rows
        How many were written anew.
    version
        Of the table, from which on it keeps bytes.
    """

    table: str
    rows: int
    version: int


def upgrade(settings: Settings) -> list[Upgraded]:
    """Upgrade every table of a lake that needs it; a second run finds nothing to do.

    Raises
    ------
    LakeError
        When a stream of a survey whose tables are old runs.
    """
    old = [survey for survey in SURVEYS.values() if is_old(bronze_spec(survey), settings.lake)]
    for survey in old:
        _require_rest(settings, survey)
    done = [upgrade_bronze(survey, settings.lake) for survey in old]
    shutil.rmtree(settings.home / "writers", ignore_errors=True)  # where v0.1.0 kept the schemas that it had met
    for survey in old:
        _forget_old_reader(settings, survey)
    return done


def keep_logs(lake: Path) -> list[str]:
    """Give every table the properties of a log that maintenance cleans; return the names of those that lacked them."""
    tables = sorted(path.parent for path in lake.glob(f"*/{LOG}"))
    return [path.name for path in tables if keep_log(path)]


def _require_rest(settings: Settings, survey: Survey) -> None:
    for stage in Stage:
        lease = read_lease(StreamSpec(survey.name, stage, settings).paths.lease)
        if lease is not None and lease.is_alive:
            raise LakeError(f"stream {survey.name}.{stage} runs, process {lease.pid}: stop it with `fink down` first")


def _forget_old_reader(settings: Settings, survey: Survey) -> None:
    """Remove the checkpoint that enrich no longer goes by: it would be taken for a reader that bronze must wait for."""
    kept = StreamSpec(survey.name, Stage.ENRICH, settings).checkpoint
    for folder in kept.parent.glob("v*"):
        if folder != kept:
            shutil.rmtree(folder)


def upgrade_bronze(survey: Survey, lake: Path) -> Upgraded:
    """Write the rows of bronze anew, as bytes, in one commit."""
    spec, writer = bronze_spec(survey), Rebuilder(survey)
    table = DeltaTable(str(spec.path(lake)))
    rows = dataset_of(table)
    now = dt.datetime.now(dt.UTC)
    WriterSchemas(lake).ensure({**writer.schema_row(), "first_time": now, "code_version": __version__})
    table.alter.set_table_properties({APPEND_ONLY: "false"})
    reader = pa.RecordBatchReader.from_batches(spec.plain_schema, _rebuilt(rows, survey, spec, writer))
    write_deltalake(str(spec.path(lake)), reader, mode="overwrite", schema_mode="overwrite", partition_by=["night"])
    table = DeltaTable(str(spec.path(lake)))
    table.alter.set_table_properties({APPEND_ONLY: "true"})
    done = Upgraded(spec.full_name, rows.count_rows(), table.version())
    logger.info("table=%s rows=%d %s", done.table, done.rows, UPGRADED)
    return done


def _rebuilt(rows: Dataset, survey: Survey, spec: TableSpec, writer: Rebuilder) -> Iterator[pa.RecordBatch]:
    """Yield rows of the new table."""
    facts, schema = fact_schema(survey).names, spec.plain_schema
    for batch in rows.to_batches(batch_size=ROWS_AT_ONCE, batch_readahead=1, fragment_readahead=1):
        packets = batch.to_pylist()
        halves = [writer.write(packet) for packet in packets]
        known: dict[str, Any] = {name: batch.column(name) for name in batch.schema.names if name not in facts}
        known |= {name: _pruned(packets, name, schema.field(name).type) for name in facts}
        known |= {
            "schema_sha256": pa.repeat(writer.sha256, len(packets)),
            "rebuilt": pa.repeat(pa.scalar(value=True), len(packets)),
            "head": pa.array([head for head, _ in halves], pa.binary()),
            "tail": pa.array([tail for _, tail in halves], pa.binary()),
        }
        known |= {one.name: pa.nulls(len(packets), one.type) for one in schema if one.name not in known}
        yield pa.RecordBatch.from_arrays([known[one.name].cast(one.type) for one in schema], schema=schema)


def _pruned(packets: list[dict[str, Any]], name: str, kind: pa.DataType) -> pa.Array:
    return pa.array([packet[name] for packet in packets], kind)
