"""Tables of events written without a JVM: one row a commit, each at most once."""

import logging
import time
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError

from fink_lib.lake.small import PAUSE_S, TRIES, ensure_small
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.storage import LakePath

logger = logging.getLogger(__name__)


def append_event(spec: TableSpec, lake: LakePath, row: Mapping[str, Any], app_id: str, number: int = 1) -> bool:
    """Append a row, unless an event of this number or a later one was appended under the same id.

    Parameters
    ----------
    spec
        The table; it is made where it is missing.
    lake
        Root folder of the tables.
    row
        Column → value.
    app_id, number
        Names the event. Two writers of one number: the second writes nothing.

    Returns
    -------
    Whether the row was appended.

    Raises
    ------
    CommitFailedError
        When it could not be committed, several times in a row, and the table holds no such event.
    """
    found = pa.Table.from_pylist([dict(row)], schema=spec.plain_schema)
    once = CommitProperties(app_transactions=[Transaction(app_id, number)])
    for attempt in range(1, TRIES + 1):
        table = ensure_small(spec, lake)
        if _was_appended(table, app_id, number):
            return False
        try:
            write_deltalake(table, found, mode="append", commit_properties=once)
        except CommitFailedError as error:
            # By this very event, or by anything else that was committed meanwhile: only the table can tell.
            if attempt == TRIES and not _was_appended(ensure_small(spec, lake), app_id, number):
                raise
            logger.info("table=%s event=%s was not committed: %s", spec.full_name, app_id, error)
            time.sleep(PAUSE_S * attempt)
        else:
            return True
    return False


def _was_appended(table: DeltaTable, app_id: str, number: int) -> bool:
    last = table.transaction_version(app_id)
    return last is not None and last >= number
