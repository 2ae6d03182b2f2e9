"""Columns and tables that v0.1.0 called otherwise, brought under today's names.

A column is renamed by writing the files of its table anew, file by file; the log takes them in one commit, so that a
table has the one name or the other. What was written before a kill is found and not written again.
"""

import logging
from pathlib import Path

import pyarrow as pa
from deltalake import Field, Schema

from fink_lib.lake.delta import delta_table
from fink_lib.lake.formats import has_old_columns, rejected_tables
from fink_lib.lake.renamed import COLUMNS, TABLES, under_todays_names
from fink_lib.lake.swap import night_files, overwrite
from fink_lib.maintenance.progress import Progress, Say
from fink_lib.storage import on_disk

logger = logging.getLogger(__name__)


def rename_columns(lake: Path, say: Say) -> dict[str, int]:
    """Rename the columns of every table that has old ones; return by table how many rows that was.

    Parameters
    ----------
    lake
        Root folder of the tables; nobody may be writing.
    say
        Told how far it is.

    Returns
    -------
    Folder of the table, below the lake → rows.
    """
    old = [path for path in (on_disk(one, "an upgrade") for one in rejected_tables(lake)) if has_old_columns(path)]
    return {str(path.relative_to(lake)): _rename(path, say) for path in old}


def _rename(path: Path, say: Say) -> int:
    table = delta_table(path)
    shape = pa.schema(table.schema().to_arrow())
    files = night_files(
        table, {action["partition"]["night"] for action in pa.table(table.get_add_actions()).to_pylist()}
    )
    told, new = Progress(say, path.name, sum(file.rows for file in files)), []
    for file in files:
        new.append(under_todays_names(file, path, shape))
        told.add(file.rows)
    fields = [Field(COLUMNS.get(one.name, one.name), one.type, nullable=one.nullable) for one in table.schema().fields]
    overwrite(table, new, Schema(fields), {"fink.action": "upgrade"})
    logger.info("table=%s rows=%d columns renamed", path.name, told.done)
    return told.done


def rename_tables(lake: Path) -> dict[str, str]:
    """Rename the folders of tables; return old name → new one of those that were there."""
    done = {}
    for old, new in TABLES.items():
        if (lake / old).exists():
            (lake / old).rename(lake / new)
            done[old] = new
    return done
