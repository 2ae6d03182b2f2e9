"""Rows of alerts by a condition: from the runs of `sources` that may hold them, and from open nights beside."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.api.lake import Snapshot
from fink_lib.api.names import Place
from fink_lib.api.sql import all_of, literal, one_of, parquet, quoted
from fink_lib.served.opened import File
from fink_lib.storage import LakePath

KEY = "alert_id_"  # beside the columns that were asked for
NIGHT_KEY = "night_"


@dataclass(frozen=True)
class Wanted:
    """Which alerts, and what of them.

    Attributes
    ----------
    where
        Conditions over the columns of `sources`, as SQL.
    columns
        Names of columns; the usual ones where there is none.
    order
        Order, as SQL; empty for none.
    limit, offset
        How many rows, after how many; None for all.
    extra
        Further columns that are computed: name → SQL over the columns of `sources`.
    newest_of_object
        True for the newest of the chosen alerts of each object alone.
    may_hold
        Tells whether a file may hold such an alert.
    """

    where: tuple[str, ...]
    columns: tuple[str, ...] = ()
    order: str = "time DESC, alert_id"
    limit: int | None = None
    offset: int = 0
    extra: dict[str, str] = field(default_factory=dict)
    newest_of_object: bool = False
    may_hold: Callable[[File], bool] = lambda _file: True


def relation(snapshot: Snapshot, where: Sequence[str], may_hold: Callable[[File], bool] = lambda _: True) -> str:
    """Return the public alerts that fulfil some conditions, closed and open nights together, as SQL.

    Parameters
    ----------
    snapshot
        Tables as whoever asks may see them.
    where
        Conditions over the columns of `sources`, as SQL; all must hold.
    may_hold
        Tells of each file whether it may hold such an alert; all are read without it.
    """
    condition = all_of(where)
    parts = []
    if snapshot.live:
        parts.append(f"SELECT * FROM {snapshot.live} WHERE {condition}")  # noqa: S608  # ours, as all SQL here
    sources = snapshot.sources
    files = [file.path for file in sources.files if may_hold(file)] if sources else []
    if sources and files:
        closed = [condition, *(f"night <> {literal(night)}" for night in sorted(snapshot.live_nights))]
        parts.append(f"SELECT * FROM {parquet(files, alike=len(sources.kinds) == 1)} WHERE {all_of(closed)}")  # noqa: S608
    if not parts:
        return "(SELECT NULL WHERE false)"
    return "(" + " UNION ALL BY NAME ".join(parts) + ")"


def is_empty(snapshot: Snapshot, wanted: Wanted) -> bool:
    """Tell from the logs alone that there are no such alerts.

    Parameters
    ----------
    snapshot
        Tables as whoever asks may see them.
    wanted
        Which alerts; its `may_hold` alone counts. False does not say that there are any.
    """
    return not snapshot.live and not any(
        wanted.may_hold(file) for file in (snapshot.sources.files if snapshot.sources else ())
    )


def alerts(snapshot: Snapshot, wanted: Wanted) -> pa.Table:
    """Return alerts.

    Parameters
    ----------
    snapshot
        Tables as whoever asks may see them.
    wanted
        Which alerts, and what of them.

    Returns
    -------
    pyarrow.Table
        All of them in memory; `stream` holds a batch at a time.
    """
    return stream(snapshot, wanted).read_all()


def stream(snapshot: Snapshot, wanted: Wanted) -> pa.RecordBatchReader:
    """Return alerts in batches as they are found: an answer of any size is never held as a whole.

    Parameters
    ----------
    snapshot
        Tables as whoever asks may see them.
    wanted
        Which alerts, and what of them.

    Raises
    ------
    UnknownColumn
        When there is none of a name.
    """
    names = snapshot.names.chosen(wanted.columns)
    places = {name: snapshot.names.places[name] for name in names}
    wide = {name: place for name, place in places.items() if place.wide}
    if is_empty(snapshot, wanted):
        return _no_rows(names, wanted)
    narrow = {name: place.sql for name, place in places.items() if not place.wide} | wanted.extra
    keys = {KEY: "alert_id", NIGHT_KEY: "night"} if wide else {}
    found = snapshot.engine.stream(_query(snapshot, wanted, {**narrow, **keys}))
    if not wide:
        return found
    order = [*names, *wanted.extra]
    first = next(iter(found), None)
    if first is None:
        return _no_rows(names, wanted)
    widened = _widened(snapshot, first, wide, order)

    def batches() -> Iterator[pa.RecordBatch]:
        yield from widened.to_batches()
        for batch in found:
            yield from _widened(snapshot, batch, wide, order).cast(widened.schema).to_batches()

    return pa.RecordBatchReader.from_batches(widened.schema, batches())


def _no_rows(names: Sequence[str], wanted: Wanted) -> pa.RecordBatchReader:
    schema = pa.schema([pa.field(name, pa.string()) for name in (*names, *wanted.extra)])
    return pa.RecordBatchReader.from_batches(schema, [])


def _query(snapshot: Snapshot, wanted: Wanted, chosen: dict[str, str]) -> str:
    listed = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in chosen.items())
    query = f"SELECT {listed} FROM {relation(snapshot, wanted.where, wanted.may_hold)}"  # noqa: S608
    if wanted.newest_of_object:
        own = "coalesce(object_id, alert_id::VARCHAR)"  # an alert without an object stands for itself
        query += f" QUALIFY row_number() OVER (PARTITION BY {own} ORDER BY time DESC, alert_id DESC) = 1"
    if wanted.order:
        query += f" ORDER BY {wanted.order}"
    if wanted.limit is not None:
        query += f" LIMIT {wanted.limit}"
    return f"{query} OFFSET {wanted.offset}" if wanted.offset else query


def _widened(snapshot: Snapshot, rows: pa.RecordBatch, wide: dict[str, Place], order: Sequence[str]) -> pa.Table:
    """Return rows with columns of silver beside those that they have."""
    table = pa.Table.from_batches([rows])
    there = of_silver(snapshot, rows, {name: place.sql for name, place in wide.items()})
    at = pc.index_in(table[KEY], value_set=there[KEY])
    for name in wide:
        table = table.append_column(name, there[name].take(at))
    return table.select(order)


def of_silver(snapshot: Snapshot, rows: pa.RecordBatch, chosen: dict[str, str]) -> pa.Table:
    """Return columns of silver of some alerts that whoever asks may see, with their ids as `KEY`.

    Points of a history that he may not see are left out: packets bring them whatever the programme of their alert is.

    Parameters
    ----------
    snapshot
        Tables as whoever asks may see them; `rows` come from there.
    rows
        At least one alert, with `KEY` and `NIGHT_KEY`.
    chosen
        Name of a column → SQL over silver.
    """
    ids, nights = rows[KEY], set(rows[NIGHT_KEY].to_pylist())
    low, high = (bound.as_py() for bound in pc.min_max(ids).values())
    listed = ", ".join(f"{without_hidden(snapshot, sql)} AS {quoted(name)}" for name, sql in chosen.items())
    files = [
        file.path
        for file in (snapshot.silver.files if snapshot.silver else ())
        if file.partition["night"] in nights and file.may_hold("alert_id", low, high)
    ]
    shape: list[LakePath] = [snapshot.shape] if snapshot.shape else []
    where = one_of("alert_id", ids.to_pylist())
    return snapshot.engine.table(f"SELECT alert_id AS {KEY}, {listed} FROM {parquet([*shape, *files])} WHERE {where}")  # noqa: S608


def without_hidden(snapshot: Snapshot, sql: str) -> str:
    """Return a column of silver, as SQL, without points that may not be seen, and those of no known programme.

    Parameters
    ----------
    snapshot
        Knows which programmes' points whoever asks may see.
    sql
        The column; what is no list of points comes back as it is.
    """
    survey = snapshot.survey
    if sql not in map(quoted, survey.points_withheld):
        return sql
    seen = ", ".join(map(str, snapshot.access.points))
    return f"list_filter({sql}, lambda p: coalesce(p.{quoted(survey.points_programme)} IN ({seen}), false))"
