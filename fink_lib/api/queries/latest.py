"""The newest alerts: of a class, of a topic's filter; and which classes there are."""

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from fink_lib.api.lake import Snapshot
from fink_lib.api.queries.alerts import Wanted
from fink_lib.api.queries.counts import counted
from fink_lib.api.sql import literal, one_of, parquet
from fink_lib.lake.delta import delta_table, is_delta_table
from fink_lib.lake.tables import gold_published
from fink_lib.served.columns import RUN_NAME
from fink_lib.served.opened import Opened
from fink_lib.storage import LakePath

ALL_CLASSES = "allclasses"
MOST_BY_ID = 1_000
FOUND = "time, alert_id, hpx"


def of_class(name: str, where: Sequence[str], columns: Sequence[str], limit: int | None, offset: int = 0) -> Wanted:
    """Return the newest alerts of a class, or of all, as a question.

    Parameters
    ----------
    name
        Of the class, or `ALL_CLASSES`.
    where
        Further conditions over the columns of `sources`, as SQL.
    columns
        Names of columns; the usual ones where there is none.
    limit, offset
        How many rows, after how many; None for all.
    """
    chosen = () if name == ALL_CLASSES else (f"class = {literal(name)}",)
    return Wanted(where=(*chosen, *where), columns=tuple(columns), limit=limit, offset=offset)


def narrowed(snapshot: Snapshot, wanted: Wanted, name: str, *, bounded: bool) -> Wanted:
    """Return a question for a class, told by `latest` where the answer stands: that table is in the order asked for.

    Parameters
    ----------
    snapshot
        What is asked.
    wanted
        The question.
    name
        The class.
    bounded
        True where times are bounded: then the question is as good as it is.
    """
    if snapshot.latest is None or name == ALL_CLASSES or bounded or wanted.limit is None:
        return wanted
    most = wanted.limit + wanted.offset + 1
    if most > MOST_BY_ID:
        return wanted
    found = _newest(snapshot, name, most)
    ids, cells = [one[1] for one in found], sorted({one[2] for one in found})
    if not ids:
        return Wanted(("false",), wanted.columns, limit=wanted.limit)
    near = one_of("hpx", cells)
    return replace(
        wanted,
        where=(near, one_of("alert_id", ids)),
        may_hold=lambda file: file.may_hold("hpx", cells[0], cells[-1]),
    )


def _newest(snapshot: Snapshot, name: str, most: int) -> list[tuple[float, int, int]]:
    """Return time, id and cell of the newest alerts of a class: runs are looked at until no older one can tell."""
    chosen = f"class = {literal(name)}"
    order = f"ORDER BY time DESC, alert_id LIMIT {most}"
    found: list[tuple[float, int, int]] = []
    if snapshot.live:
        found += _rows(snapshot, f"SELECT {FOUND} FROM {snapshot.live} WHERE {chosen} {order}")  # noqa: S608  # ours
    closed = " AND ".join([chosen, *(f"night <> {literal(night)}" for night in snapshot.live_nights)])
    table = snapshot.latest
    for run in sorted(table.rows_by_run, reverse=True) if table else ():
        files = [file for file in table.files if file.partition[RUN_NAME] == run.name] if table else []
        if len(found) >= most and found[most - 1][0] > max(file.high.get("time", float("inf")) for file in files):
            break
        paths = [file.path for file in files if file.may_hold("class", name, name)]
        if paths:
            found += _rows(snapshot, f"SELECT {FOUND} FROM {parquet(paths)} WHERE {closed} {order}")  # noqa: S608
        found.sort(key=lambda one: (-one[0], one[1]))
    return found[:most]


def _rows(snapshot: Snapshot, query: str) -> list[tuple[float, int, int]]:
    rows = snapshot.engine.table(query)
    return list(zip(*(rows[name].to_pylist() for name in ("time", "alert_id", "hpx")), strict=True))


def classes(snapshot: Snapshot) -> pa.Table:
    """Return every class, with how many alerts have it."""
    query = """SELECT class, CAST(sum(n) AS INTEGER) AS alerts FROM counts WHERE class IS NOT NULL
               GROUP BY class ORDER BY alerts DESC, class"""
    return counted(snapshot, query)


def sent_by(snapshot: Snapshot, lake: LakePath, name: str, most: int | None, offset: int = 0) -> list[int]:
    """Return the ids of the alerts that a filter sent last, the newest first.

    Parameters
    ----------
    snapshot
        Says which survey, and reads the files.
    lake
        Root of the lake.
    name
        Name of the filter; whether its topic is for who asks is not looked at here.
    most, offset
        How many ids, after how many; None for all.
    """
    path = gold_published(snapshot.survey.name).path(lake)
    if not is_delta_table(path):
        return []
    published = Opened(delta_table(path))
    files = [file.path for file in published.files if file.may_hold("filter", name, name)]
    if not files:
        return []
    cut = "" if most is None else f" LIMIT {most}"
    rows = snapshot.engine.table(
        f"SELECT alert_id FROM {parquet(files)} WHERE {one_of('filter', [name])} "  # noqa: S608
        f"GROUP BY alert_id ORDER BY max(publish_time) DESC, alert_id{cut} OFFSET {offset}"
    )
    return list(rows["alert_id"].to_pylist())
