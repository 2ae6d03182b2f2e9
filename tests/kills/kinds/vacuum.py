"""Vacuum while the streams write, and while somebody reads an older version of a table."""

import datetime as dt
import os
import time

from deltalake import DeltaTable

from fink_lib.maintenance.vacuum import vacuum_lake
from tests.builders.lake_folder import lake_folder
from tests.kills.chaos import Chaos
from tests.kills.kind import Kind, Send
from tests.kills.kinds.half_written import orphan

OLD_S = 3 * 24 * 3600


def vacuum_beside_a_reader(chaos: Chaos, send: Send) -> str:
    """Pin a version of each table, leave an old orphan beside it, vacuum amid new alerts, and read what was pinned."""
    tables = sorted(path.parent for path in lake_folder(chaos.settings).glob("*/_delta_log"))
    pinned = {path: DeltaTable(str(path)) for path in tables}
    rows = {path: table.to_pyarrow_table().num_rows for path, table in pinned.items()}
    orphans = [orphan(chaos, path) for path in tables]
    long_ago = time.time() - OLD_S
    for one in orphans:
        os.utime(one, (long_ago, long_ago))
    send()
    time.sleep(chaos.chance.uniform(0, 4))
    done = vacuum_lake(chaos.settings.model_copy(update={"vacuum_retention_h": 1}), dt.datetime.now(dt.UTC))
    left = [one for one in orphans if one.exists()]
    assert not left or any(one["kept_because"] for one in done.values()), left
    for path, table in pinned.items():
        again = DeltaTable(str(path), version=table.version()).to_pyarrow_table()
        assert again.num_rows == rows[path], f"{path.name} at version {table.version()} has changed"
    return f"{len(tables)} tables, {len(orphans) - len(left)} files removed"


KINDS = (
    Kind(
        "vacuum beside a reader of an older version", vacuum_beside_a_reader,
        "only what no table has needed for longer than the retention is removed", is_quick=True,
    ),
)  # fmt: skip
