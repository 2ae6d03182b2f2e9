"""Append rows that a table does not hold yet: two writers of the same rows leave them once. No JVM."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake

from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.small import ensure_small, until_committed
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.storage import LakePath

WRITER = "fink-append-new"  # two commits under one number cannot both be: who comes second looks again


def append_new(spec: TableSpec, lake: LakePath, rows: Sequence[Mapping[str, Any]]) -> int:
    """Append the rows whose key the table does not hold; return how many these were.

    Parameters
    ----------
    spec
        The table, which is made where it is missing; its key is one column of text.
    lake
        Root folder of the tables.
    rows
        What is offered; of several rows of one key the first one counts.
    """
    (key,) = spec.key
    offered = {row[key]: dict(row) for row in reversed(rows)}
    if not offered:
        return 0

    def attempt() -> int:
        table = ensure_small(spec, lake)
        held = keys_held(table, key, list(offered))
        new = [row for name, row in reversed(offered.items()) if name not in held]
        if new:
            number = (table.transaction_version(WRITER) or 0) + 1
            once = CommitProperties(app_transactions=[Transaction(WRITER, number)])
            found = pa.Table.from_pylist(new, schema=spec.plain_schema)
            write_deltalake(table, found, mode="append", commit_properties=once)
        return len(new)

    return until_committed(spec, attempt)


def keys_held(table: DeltaTable, key: str, asked: Sequence[str]) -> set[str]:
    """Return those of some keys that a table holds.

    Parameters
    ----------
    table
        Opened, at the version that is asked.
    key
        Name of its column of keys, which are texts.
    asked
        The keys.
    """
    wanted = pc.field(key).isin(pa.array(asked, pa.string()))
    return set(dataset_of(table).to_table([key], filter=wanted)[key].to_pylist())
