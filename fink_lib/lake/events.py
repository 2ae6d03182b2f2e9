"""Tables of events written without a JVM: one row a commit, each at most once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError
from pyspark.sql.pandas.types import to_arrow_schema

from fink_lib.lake.small import ensure_small
from fink_lib.lake.table import TableSpec


def append_event(spec: TableSpec, lake: Path, row: Mapping[str, Any], app_id: str, number: int = 1) -> bool:
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
    """
    table = ensure_small(spec, lake)
    last = table.transaction_version(app_id)
    if last is not None and last >= number:
        return False
    try:
        write_deltalake(
            table,
            pa.Table.from_pylist([dict(row)], schema=to_arrow_schema(spec.schema)),
            mode="append",
            commit_properties=CommitProperties(app_transactions=[Transaction(app_id, number)]),
        )
    except CommitFailedError:  # somebody else wrote this very event in between
        return False
    return True
