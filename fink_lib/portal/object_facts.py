"""What the page of an object tells: its alerts, points, science with versions and reasons, matches, and provenance."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.api.lake import Snapshot
from fink_lib.api.names import COMPUTED
from fink_lib.api.queries.alerts import KEY, NIGHT_KEY, Wanted, alerts, of_silver
from fink_lib.api.queries.objects import KEYS, beside_limits, light_curves
from fink_lib.lake.delta import delta_table, is_delta_table
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.tables import gold_crossmatch
from fink_lib.portal.curves import Point, columns_of, points_of
from fink_lib.portal.packet_points import points_beside
from fink_lib.science.framework.registry import modules_of
from fink_lib.storage import LakePath

Row = dict[str, Any]
MOST_TOLD = 200  # alerts whose way is told on the page; downloads have all
KAFKA = ("kafka_topic", "kafka_partition", "kafka_offset", "kafka_time", "code_version")


@dataclass(frozen=True)
class ObjectFacts:
    """What is known of an object.

    Attributes
    ----------
    survey, name
        Which.
    alerts
        Its alerts, the newest first: ``alert_id``, ``night``, ``time``, ``at`` (UTC), ``band``, ``class``, ``ra``,
        ``dec``, ``point``, and where they stood in Kafka for the newest `MOST_TOLD`.
    bands, classes
        How many alerts have which.
    points
        Its light curve.
    science
        Of the newest alert, a row a module: ``module``, ``version``, ``meaning``, ``why``, ``values``.
    matches
        Sources of catalogues, the match of the newest alert for each.
    """

    survey: str
    name: str
    alerts: list[Row]
    bands: dict[str, int]
    classes: dict[str, int]
    points: list[Point]
    science: list[Row]
    matches: list[Row]


def described(snapshot: Snapshot) -> dict[str, str]:
    """Return what lists of alerts show beside brightness: name → SQL over `sources`."""
    at = snapshot.names.places[COMPUTED + "lastdate"].sql
    plain = {"object": "object_id", "time": "time", "band": "band", "class": "class", "ra": "ra", "dec": "dec"}
    return {KEY: "alert_id", NIGHT_KEY: "night", "at": at, **plain}


def shown_columns(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the columns of points that this lake has without a look at silver."""
    places = snapshot.names.places
    return tuple(name for name in columns_of(snapshot.survey) if name in places and not places[name].wide)


def listed(snapshot: Snapshot, wanted: Wanted) -> list[Row]:
    """Return the alerts of a question as rows of a list, each with its point.

    Parameters
    ----------
    snapshot
        Tables as whoever asks may see them.
    wanted
        The question; its columns are replaced by those that a list shows.
    """
    return _as_rows(snapshot, _found(snapshot, wanted, {}))


def _found(snapshot: Snapshot, wanted: Wanted, further: dict[str, str]) -> pa.Table:
    """Return the alerts of a question with all that lists show of them, and further columns."""
    extra = {**wanted.extra, **described(snapshot), **further}
    return alerts(snapshot, replace(wanted, columns=shown_columns(snapshot), extra=extra))


def _as_rows(snapshot: Snapshot, found: pa.Table) -> list[Row]:
    rows = found.to_pylist()
    points = [points_of(snapshot.survey, [row])[0] for row in rows]
    return [
        {**row, "alert_id": str(row[KEY]), "night": row[NIGHT_KEY], "point": point}
        for row, point in zip(rows, points, strict=True)
    ]


def object_facts(snapshot: Snapshot, lake: LakePath, name: str) -> ObjectFacts | None:
    """Return what is known of an object; None where it has no public alert.

    Parameters
    ----------
    snapshot
        Tables as whoever asks may see them.
    lake
        Root of the lake, for the matches with catalogues.
    name
        Of the object, in the survey's form: it is not checked here.
    """
    found = _found(snapshot, light_curves([name], (), ()), KEYS)
    rows = _as_rows(snapshot, found)
    if not rows:
        return None
    kafka = {row["alert_id"]: row for row in _way(snapshot, rows[:MOST_TOLD])}
    bands, classes = (Counter(row[key] or "none" for row in rows) for key in ("band", "class"))
    return ObjectFacts(
        snapshot.survey.name,
        name,
        [{**row, **kafka.get(row["alert_id"], {})} for row in rows],
        dict(sorted(bands.items())),
        dict(classes.most_common()),
        _points(snapshot, found, rows),
        _science(snapshot, rows[0]),
        _matches(snapshot, lake, rows),
    )


def _points(snapshot: Snapshot, found: pa.Table, rows: list[Row]) -> list[Point]:
    """Return the points of alerts and, where packets tell them, those beside and the upper limits."""
    if "mag_limit" not in snapshot.survey.inputs.points:
        both = [*(row["point"] for row in rows), *points_beside(snapshot, rows)]
        return sorted(both, key=lambda point: (point.time, point.band, point.alert_id or ""))
    return points_of(snapshot.survey, beside_limits(snapshot, found, shown_columns(snapshot)).to_pylist())


def batch_of_rows(rows: Sequence[Row]) -> pa.RecordBatch:
    """Return some alerts of a list as `of_silver` asks for them."""
    ids = pa.array([row[KEY] for row in rows], pa.int64())
    return pa.RecordBatch.from_arrays([ids, pa.array([row[NIGHT_KEY] for row in rows])], names=[KEY, NIGHT_KEY])


def _way(snapshot: Snapshot, rows: Sequence[Row]) -> list[Row]:
    found = of_silver(snapshot, batch_of_rows(rows), {name: name for name in KAFKA}).to_pylist()
    return [{**row, "alert_id": str(row[KEY])} for row in found]


def _science(snapshot: Snapshot, newest: Row) -> list[Row]:
    """Return what each science module said of an alert, with its version, or why it said nothing."""
    there = set(snapshot.silver.schema.names) if snapshot.silver else set()
    modules = [(one, [out for out in one.outputs if out.name in there]) for one in modules_of(snapshot.survey.name)]
    columns = [out.name for _, outputs in modules for out in outputs]
    wanted = {name: f'"{name}"' for name in (*columns, "science_versions", "science_errors")}
    (row,) = of_silver(snapshot, batch_of_rows([newest]), wanted).to_pylist() or [{}]
    versions, errors = (dict(row.get(name) or ()) for name in ("science_versions", "science_errors"))
    return [
        {
            "module": module.name,
            "version": versions.get(module.name),
            "meaning": module.meaning,
            "why": errors.get(module.name),
            "values": [(out.name, row.get(out.name), out.unit, out.meaning) for out in outputs],
        }
        for module, outputs in modules
        if outputs and (module.name in errors or any(row.get(out.name) is not None for out in outputs))
    ]


def _matches(snapshot: Snapshot, lake: LakePath, rows: Sequence[Row]) -> list[Row]:
    path = gold_crossmatch(snapshot.survey.name).path(lake)
    if not is_delta_table(path):
        return []
    ids, nights = [row[KEY] for row in rows], sorted({row[NIGHT_KEY] for row in rows})
    mine = pc.field("night").isin(nights) & pc.field("alert_id").isin(ids)
    found = dataset_of(delta_table(path)).to_table(filter=mine).to_pylist()
    newest = {row["catalog"]: row for row in sorted(found, key=lambda row: -ids.index(row["alert_id"]))}
    return [newest[name] for name in sorted(newest)]
