"""What moved in a night, of the alerts of silver that may: glints of satellites, and links of moving objects.

They are in `gold_<survey>__tracklets` and `gold_<survey>__asteroid_links`.
"""

import logging
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.files import JsonObject
from fink_lib.lake import tables
from fink_lib.lake.rows import Rows
from fink_lib.lake.small import replace_rows
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.nightly.job import NightContext
from fink_lib.science.methods.moving_objects import MAY_MOVE, Member, moving_of
from fink_lib.surveys.inputs import BANDS, inputs_of

logger = logging.getLogger(__name__)

BRIGHTNESS = "mag"
MOST_NAMED = 20


def link(context: NightContext, silver: Rows) -> JsonObject | None:
    """Link a night's alerts, record what was found, and return what the report shows; None for a survey without.

    Parameters
    ----------
    context
        The night.
    silver
        Its rows.
    """
    inputs, flag = inputs_of(context.survey.name).scalars, context.survey.report.moving
    if flag not in silver.names or BRIGHTNESS not in inputs:
        return None
    chosen, brightness = silver.chosen(pc.field(flag).isin(list(MAY_MOVE))), inputs[BRIGHTNESS][0]
    read = chosen.read("alert_id", "object_id", "time", "ra", "dec", "band", brightness)
    alerts = read.rename_columns([BRIGHTNESS if name == brightness else name for name in read.column_names])
    found = moving_of(alerts["alert_id"].to_numpy(), _columns(alerts))
    record(context, tables.gold_tracklets(context.survey.name), found.glints)
    record(context, tables.gold_asteroid_links(context.survey.name), found.links)
    return summary(alerts.num_rows, found.glints) | {"asteroid_links": summary(alerts.num_rows, found.links)}


def record(context: NightContext, spec: TableSpec, members: list[Member]) -> None:
    """Replace the rows of the night.

    Parameters
    ----------
    context
        The night.
    spec
        A table of tracklets, partitioned by night.
    members
        One an alert of a tracklet; none leaves the night without rows.
    """
    rows = [{"night": context.night, **asdict(member)} for member in members]
    replace_rows(spec, context.settings.lake, rows, {"night": context.night.isoformat()})
    logger.info("night=%s %s=%d", context.label, spec.name, len({member.tracklet for member in members}))


def summary(alerts: int, members: list[Member]) -> JsonObject:
    """Return the counts, and the longest tracklets.

    Parameters
    ----------
    alerts
        How many may have moved.
    members
        One an alert of a tracklet.

    Returns
    -------
    ``alerts``, tracklets (``count``), alerts in them (``linked``), and the `MOST_NAMED` longest, with degrees and
    degrees a day.
    """
    first = {member.tracklet: member for member in reversed(members)}
    longest = sorted(first.values(), key=lambda member: (-member.members, member.tracklet))
    return {
        "alerts": alerts,
        "count": len(first),
        "linked": len(members),
        "longest": [
            {"tracklet": m.tracklet, "alerts": m.members, "rate_deg_per_day": _rounded(m.rate_deg_per_day),
             "ra": m.ra, "dec": m.dec, "mag": round(m.mag, 2)}
            for m in longest[:MOST_NAMED]
        ],
    }  # fmt: skip


def _rounded(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 4)


def _columns(alerts: pa.Table) -> dict[str, object]:
    places = {name: place for place, name in enumerate(BANDS)}
    numbers = {
        name: np.asarray(alerts[name].to_numpy(), dtype=np.float64) for name in ("time", "ra", "dec", BRIGHTNESS)
    }
    return {
        **numbers,
        "band": np.array([places.get(name, -1) for name in alerts["band"].to_pylist()], dtype=np.int64),
        "object_id": alerts["object_id"].to_pylist(),
    }
