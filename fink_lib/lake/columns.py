"""Columns that a table lacks: a new module brings some, and the rows that are there have nothing in them."""

import logging
from collections.abc import Sequence

from deltalake import Field
from deltalake.exceptions import CommitFailedError

from fink_lib.errors import ConfigError
from fink_lib.lake.delta import delta_table
from fink_lib.storage import LakePath

logger = logging.getLogger(__name__)

ATTEMPTS = 5


def add_columns(path: LakePath, wanted: Sequence[Field]) -> list[str]:
    """Add those of some columns that a table lacks, empty for the rows that are there; return their names.

    The streams of the table start over from their checkpoints when they meet the new columns. Streams that start
    together may all want to add them: whoever comes second finds them there.

    Parameters
    ----------
    path
        Folder of the table.
    wanted
        Columns in Delta's own types; those whose name is there are left as they are, whatever their type.

    Raises
    ------
    ConfigError
        When a missing column must not be null.
    """
    for attempt in range(ATTEMPTS):
        table = delta_table(path)
        known = {fld.name for fld in table.schema().fields}
        new = [fld for fld in wanted if fld.name not in known]
        if not new:
            break
        if strict := [fld.name for fld in new if not fld.nullable]:
            raise ConfigError(f"{path.name} lacks the column {strict[0]}, which its rows would have to fill")
        try:
            table.alter.add_columns(new)
        except CommitFailedError:
            if attempt == ATTEMPTS - 1:
                raise
            continue
        logger.info("columns added table=%s columns=%s", path.name, ",".join(fld.name for fld in new))
        return [fld.name for fld in new]
    return []
