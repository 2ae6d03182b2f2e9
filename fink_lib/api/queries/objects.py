"""Alerts of objects: light curves, limits out of packets, and what is said of an object as a whole."""

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from fink_lib.api.lake import Snapshot
from fink_lib.api.names import COMPUTED
from fink_lib.api.queries.alerts import KEY, NIGHT_KEY, Wanted, alerts, of_silver, relation
from fink_lib.api.sql import one_of, quoted
from fink_lib.surveys import Survey

TAG = "d:tag"
OBJECT, TIME = "object_", "time_"  # beside the columns that were asked for
KEYS = {KEY: "alert_id", NIGHT_KEY: "night", OBJECT: "object_id", TIME: "time"}
VALID, UPPER_LIMIT, BAD_QUALITY = "valid", "upperlim", "badquality"


def light_curves(
    objects: Sequence[str], where: Sequence[str], columns: Sequence[str], limit: int | None = None, offset: int = 0
) -> Wanted:
    """Return the alerts of some objects, the newest first, as a question.

    Parameters
    ----------
    objects
        Names of objects, at least one.
    where
        Further conditions over the columns of `sources`, as SQL.
    columns
        Names of columns; the usual ones where there is none.
    limit, offset
        How many rows, after how many; None for all.
    """
    ids = sorted(set(objects))
    return Wanted(
        where=(one_of("object_id", ids), *where),
        columns=tuple(columns),
        limit=limit,
        offset=offset,
        may_hold=lambda file: file.may_hold("object_id", ids[0], ids[-1]),
    )


def by_alert(ids: Sequence[int], columns: Sequence[str]) -> Wanted:
    """Return some alerts by their own ids, as a question.

    Parameters
    ----------
    ids
        Ids of alerts, at least one.
    columns
        Names of columns; the usual ones where there is none.
    """
    known = sorted(set(ids))
    return Wanted(
        where=(one_of("alert_id", known),),
        columns=tuple(columns),
        may_hold=lambda file: file.may_hold("alert_id", known[0], known[-1]),
    )


def summaries(snapshot: Snapshot, objects: Sequence[str], columns: Sequence[str] = ()) -> pa.Table:
    """Return a row an object: its newest alert, counts by band, first and last time.

    Parameters
    ----------
    snapshot
        What is asked.
    objects
        Names of objects.
    columns
        Columns of the newest alert.
    """
    chosen = light_curves(objects, (), columns)
    own = {OBJECT: "object_id"}
    newest = alerts(snapshot, replace(chosen, newest_of_object=True, extra=own))
    if not newest.num_rows:
        return newest.drop_columns([OBJECT])
    date = snapshot.names.places[COMPUTED + "lastdate"].sql
    every = relation(snapshot, chosen.where, chosen.may_hold)
    told = snapshot.engine.table(
        f"""SELECT object_id AS {OBJECT}, CAST(sum(n) AS INTEGER) AS "{COMPUTED}n_alerts",
                   min(first) AS "{COMPUTED}firstdate",
                   CAST(to_json(map(list(band ORDER BY band), list(n ORDER BY band))) AS VARCHAR)
                       AS "{COMPUTED}n_by_band"
            FROM (SELECT object_id, coalesce(band, '') AS band, count(*) AS n, min({date}) AS first
                  FROM {every} GROUP BY ALL)
            GROUP BY ALL"""  # noqa: S608  # ours
    )
    beside = f"SELECT * EXCLUDE ({OBJECT}) FROM newest JOIN told USING ({OBJECT}) ORDER BY {OBJECT}"  # noqa: S608
    return snapshot.engine.table(beside, newest=newest, told=told)


def with_limits(snapshot: Snapshot, objects: Sequence[str], where: Sequence[str], columns: Sequence[str]) -> pa.Table:
    """Return the alerts of some objects, and what their packets tell beside: limits, and detections without an alert.

    Parameters
    ----------
    snapshot, objects, where, columns
        As in `light_curves`.

    Returns
    -------
    pyarrow.Table
        The columns, of which points beside alerts have only time, band, brightness and limit; and `TAG`.
    """
    return beside_limits(
        snapshot, alerts(snapshot, replace(light_curves(objects, where, columns), extra=KEYS)), columns
    )


def beside_limits(snapshot: Snapshot, found: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Return alerts that were read already, and what their packets tell beside, as `with_limits` does.

    Parameters
    ----------
    snapshot
        Tables as whoever asks may see them; `found` comes from there.
    found
        Alerts with the columns and with `KEYS`.
    columns
        Those that are returned.
    """
    if not found.num_rows:
        return found.drop_columns(list(KEYS))
    (batch,) = found.select(list(KEYS)).combine_chunks().to_batches()
    history = quoted(snapshot.survey.inputs.history)
    packets = of_silver(snapshot, batch, {"points": history})
    points = snapshot.engine.table(
        _points(snapshot.survey), packets=packets, detected=found.select([KEY, OBJECT, TIME])
    )
    both = [found.append_column(TAG, pa.array([VALID] * found.num_rows)), points]
    together = pa.concat_tables(both, promote_options="permissive").sort_by([(TIME, "descending")])
    return together.select([*columns, TAG])


def _points(survey: Survey) -> str:
    """Return the points of packets that are no alerts, each once, as SQL."""
    prefix, field = survey.served.packet_prefix, {name: one for name, (one, _) in survey.inputs.points.items()}
    shown = [field[name] for name in ("time", "band", "mag", "mag_err", "mag_limit")]
    listed = ", ".join(f"p.{quoted(name)} AS {quoted(prefix + name)}" for name in shown)
    time, band, mag = (f"p.{quoted(field[name])}" for name in ("time", "band", "mag"))
    return f"""
        SELECT DISTINCT ON (own, {time}, {band})
            own AS {quoted(prefix + survey.served.object_parameter)}, {listed}, {time} AS {TIME},
            CASE WHEN {mag} IS NULL THEN '{UPPER_LIMIT}' ELSE '{BAD_QUALITY}' END AS "{TAG}"
        FROM (SELECT {OBJECT} AS own, unnest(points) AS p FROM packets JOIN detected USING ({KEY}))
        WHERE NOT EXISTS (SELECT 1 FROM detected d WHERE d.{OBJECT} = own AND d.{TIME} = {time})
        ORDER BY own, {time}, {band}, {mag}"""  # noqa: S608  # ours
