"""Small tables as answers: statistics of nights, tracklets, names of objects in catalogues."""

import datetime as dt
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.api.lake import Snapshot
from fink_lib.api.queries.alerts import Wanted, alerts, relation
from fink_lib.api.queries.counts import counted
from fink_lib.api.sql import literal, quoted
from fink_lib.lake.delta import delta_table, is_delta_table
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.tables import gold_statistics, gold_tracklets
from fink_lib.storage import LakePath

# What Fink's API calls a count of ours
BASIC = {"bronze": "basic:raw", "silver": "basic:sci", "exposures": "basic:exposures", "fields": "basic:fields"}
NAME_COLUMNS = ("vsx", "gcvs", "tns")
UNKNOWN = "Unknown"
# Numbers of nights that tell nothing of alerts which few may see
OF_ALL = ("quarantine", "science_s", "filter", "filter_objects")
COUNTS_OF_ALL = (("count", "bronze"), ("count", "quarantine"))


def statistics(snapshot: Snapshot, lake: LakePath, date: str) -> pa.Table:
    """Return the numbers of nights, a row a night, a column a number.

    Nights are counted over all their alerts. Who may not see all of them gets the numbers that tell nothing of those
    he may not see, and the alerts counted that he may, by band and class; so it is on every night, also on one where
    there is nothing to hide.

    Parameters
    ----------
    snapshot, lake
        Whose, as whom, and where they are.
    date
        Start of the night as YYYYMMDD: a year, a month, a day, or nothing for all.

    Returns
    -------
    pyarrow.Table
        ``night`` (YYYYMMDD), ``basic:…`` under Fink's names, ``<measure>:<name>`` for the others.
    """
    path = gold_statistics().path(lake)
    if not is_delta_table(path):
        return pa.table({"night": pa.array([], pa.string())})
    mine = pc.field("survey") == snapshot.survey.name
    rows = dataset_of(delta_table(path)).to_table(filter=mine).to_pylist()
    if not snapshot.access.is_whole:
        closed = {row["night"] for row in rows}
        rows = [row for row in rows if _tells_nothing(row)] + [
            one for one in _counted(snapshot) if one["night"] in closed
        ]
    nights: dict[str, dict[str, float]] = {}
    for row in sorted(rows, key=lambda row: (row["night"], row["measure"], row["name"] or "")):
        night = row["night"].strftime("%Y%m%d")
        if night.startswith(date) and row["value"] is not None:
            plain = BASIC.get(row["name"]) if row["measure"] == "count" else None
            nights.setdefault(night, {})[plain or f"{row['measure']}:{row['name']}"] = row["value"]
    columns = sorted({name for numbers in nights.values() for name in numbers}, key=lambda n: (n[:6] != "basic:", n))
    table = {"night": pa.array(list(nights), pa.string())}
    table |= {name: pa.array([numbers.get(name) for numbers in nights.values()], pa.float64()) for name in columns}
    return pa.table(table)


def _tells_nothing(row: dict[str, Any]) -> bool:
    """Tell whether a number is of messages, of what left, or of time: not of alerts that few may see."""
    return (
        row["measure"] in OF_ALL or (row["measure"], row["name"]) in COUNTS_OF_ALL or row["measure"][:8] == "latency:"
    )


def public_alerts(snapshot: Snapshot) -> dict[dt.date, int]:
    """Return how many alerts of each night whoever asks may see."""
    told = counted(snapshot, "SELECT night, CAST(sum(n) AS BIGINT) AS n FROM counts GROUP BY night")
    return dict(zip(told["night"].to_pylist(), told["n"].to_pylist(), strict=True))


def _counted(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Return the alerts that whoever asks may see as numbers of their nights."""
    named = literal(f"class:{snapshot.survey.served.class_column}")
    query = f"""SELECT night, measure, name, CAST(sum(n) AS DOUBLE) AS value FROM (
                    SELECT night, n, unnest([{{'measure': 'count', 'name': 'silver'}},
                                             {{'measure': 'silver_band', 'name': coalesce(band, '')}},
                                             {{'measure': {named}, 'name': coalesce(class, '(none)')}}],
                                            recursive := true)
                    FROM counts) GROUP BY ALL"""  # noqa: S608  # ours
    found: list[dict[str, Any]] = counted(snapshot, query).to_pylist()
    return found


def tracklets(snapshot: Snapshot, lake: LakePath, night: str, name: str) -> pa.Table:
    """Return the alerts of the tracklets of a night, or of one tracklet, that are public.

    Parameters
    ----------
    snapshot
        Tables as whoever asks may see them.
    lake
        Root of the lake.
    night
        Date as text, 2021-11-22; not looked at where a name is given.
    name
        Of a tracklet; empty for all of the night.
    """
    spec = gold_tracklets(snapshot.survey.name)
    path = spec.path(lake)
    if not is_delta_table(path):
        return spec.plain_schema.empty_table()
    asked = pc.field("tracklet") == name if name else pc.field("night").cast(pa.string()) == night
    rows = dataset_of(delta_table(path)).to_table(filter=asked)
    if not rows.num_rows:
        return rows
    ids = sorted(rows["alert_id"].to_pylist())
    where = f"alert_id IN ({', '.join(map(str, ids))})"
    public = alerts(snapshot, Wanted((where,), (snapshot.names.usual[1],)))
    kept = pc.is_in(rows["alert_id"], value_set=public.column(0).combine_chunks()) if public.num_rows else None
    found = rows.filter(kept) if kept is not None else rows.slice(0, 0)
    return found.sort_by([("tracklet", "ascending"), ("time", "ascending")])


def moving(snapshot: Snapshot, name: str) -> tuple[str, ...]:
    """Return the condition on alerts of a moving object, by number or designation; none where the survey tells none.

    Parameters
    ----------
    snapshot
        Says which columns the survey's alerts have.
    name
        Number or designation, letter for letter.
    """
    fields = [one for one in ("ssnamenr", "ssObjectId") if one in _kept(snapshot)]
    return tuple(f"CAST({quoted(one)} AS VARCHAR) = {literal(name)}" for one in fields)


def _kept(snapshot: Snapshot) -> set[str]:
    return {place.sql.strip('"') for place in snapshot.names.places.values() if not place.wide}


def resolve(snapshot: Snapshot, name: str, most: int) -> pa.Table:
    """Return the objects that are called so, by the survey or by a catalogue that its alerts were matched with.

    Parameters
    ----------
    snapshot
        Tables as whoever asks may see them.
    name
        As somebody wrote it.
    most
        Most objects.

    Returns
    -------
    pyarrow.Table
        ``object``, ``name``, ``source`` (object, or the catalogue), ``ra``, ``dec`` of its newest alert.
    """
    known = [one for one in NAME_COLUMNS if one in _kept(snapshot)]
    rows = relation(snapshot, (" OR ".join([f"object_id = {literal(name)}", *_named(known, name)]),))
    empty = pa.table({key: pa.array([], pa.string()) for key in ("object", "name", "source", "ra", "dec")})
    if "SELECT NULL" in rows:
        return empty
    source = " ".join(f"WHEN lower({one}) = lower({literal(name)}) THEN '{one}'" for one in known)
    told = f"CASE WHEN object_id = {literal(name)} THEN 'object' {source} END"
    return snapshot.engine.table(
        f"""SELECT object_id AS object, {literal(name)} AS name, {told} AS source, ra, dec FROM {rows}
            QUALIFY row_number() OVER (PARTITION BY object_id ORDER BY time DESC) = 1
            ORDER BY object LIMIT {most}"""  # noqa: S608  # ours
    )


def _named(columns: list[str], name: str) -> list[str]:
    return [f"lower({one}) = lower({literal(name)})" for one in columns if name != UNKNOWN]
