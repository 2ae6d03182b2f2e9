"""How many alerts there are by night, band and class: counted once a version of `sources`, and anew of open nights."""

import pyarrow as pa

from fink_lib.api.engine import Engine
from fink_lib.api.lake import Snapshot
from fink_lib.api.sql import literal, parquet
from fink_lib.served.opened import Opened

BY = "night, band, class"
EMPTY = pa.schema([("night", pa.date32()), ("band", pa.string()), ("class", pa.string()), ("n", pa.int64())])


def counted(snapshot: Snapshot, query: str) -> pa.Table:
    """Return an answer that needs no more than counts of the alerts that whoever asks may see.

    Parameters
    ----------
    snapshot
        Tables as whoever asks may see them.
    query
        SQL over ``counts``, a row a ``night``, ``band`` and ``class`` with ``n`` alerts; a night has several where some
        of its alerts are for few.
    """
    sources, frames = snapshot.sources, {"closed": EMPTY.empty_table()}
    if sources is not None:
        frames["closed"] = sources.once("counts", lambda: _closed(snapshot.engine, sources))
    nights = ", ".join(literal(night) for night in sorted(snapshot.live_nights))
    parts = [f"SELECT * FROM closed WHERE {f'night NOT IN ({nights})' if nights else 'true'}"]  # noqa: S608  # ours
    if snapshot.live:
        parts.append(f"SELECT {BY}, count(*) AS n FROM {snapshot.live} GROUP BY ALL")  # noqa: S608
    return snapshot.engine.table(f"WITH counts AS ({' UNION ALL '.join(parts)}) {query}", **frames)


def _closed(engine: Engine, sources: Opened) -> pa.Table:
    """Count what stands in the files of `sources`, the rows of every night of them."""
    if not sources.files:
        return EMPTY.empty_table()
    files = parquet([file.path for file in sources.files])
    return engine.table(f"SELECT {BY}, count(*) AS n FROM {files} GROUP BY ALL")  # noqa: S608
