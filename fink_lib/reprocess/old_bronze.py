"""Bronze as v0.1.0 wrote it: of a version from before the upgrade, the packets of some nights are made bytes first.

They stand beside the candidate tables and go with them.
"""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
from deltalake import write_deltalake

from fink_lib import __version__
from fink_lib.config import Settings
from fink_lib.lake.delta import delta_table
from fink_lib.lake.formats import BYTES
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.versions import Table
from fink_lib.lake.writer_schemas import WriterSchemas
from fink_lib.packets.rebuilt import Rebuilder
from fink_lib.packets.rebuilt_rows import SPARING, rebuilt_rows
from fink_lib.reprocess.tables import open_table, table_path
from fink_lib.surveys import Survey
from fink_lib.surveys.tables import bronze_spec


def readable_bronze(
    settings: Settings, survey: Survey, version: int, nights: Sequence[dt.date], aside: Path
) -> tuple[Path, int]:
    """Return folder and version of a table that holds the packets of some nights as bytes.

    Parameters
    ----------
    settings, survey
        Whose bronze.
    version
        The version of bronze that is asked for. One that holds bytes is itself what is returned.
    nights
        Which nights are to be in it at least.
    aside
        Folder for a table of rebuilt packets.
    """
    path = table_path(settings, survey.name, Table.BRONZE)
    table = open_table(path, version)
    if {one.name for one in table.schema().fields} >= BYTES:
        return path, version
    spec, writer = bronze_spec(survey), Rebuilder(survey)
    now = dt.datetime.now(dt.UTC)
    WriterSchemas(settings.lake).ensure({**writer.schema_row(), "first_time": now, "code_version": __version__})
    rows = dataset_of(table, [("night", "in", [night.isoformat() for night in nights])]).scanner(**SPARING)
    batches = pa.RecordBatchReader.from_batches(spec.plain_schema, rebuilt_rows(rows, survey, writer))
    made = spec.path(aside)
    write_deltalake(str(made), batches, mode="overwrite", partition_by=list(spec.partitioned_by))
    return made, int(delta_table(made).version())
