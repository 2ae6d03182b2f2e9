"""The best alerts of a night as the report shows them: facts, light curve, three stamps; read without a JVM."""

import base64
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from fink_lib.files import JsonObject
from fink_lib.filters.base import Filter
from fink_lib.filters.registry import filters_of
from fink_lib.lake.versions import Table
from fink_lib.lake.writer_schemas import WriterSchemas
from fink_lib.nightly.job import NightContext
from fink_lib.nightly.report.highlights.choose import Choice, choose, ranking_columns
from fink_lib.nightly.report.highlights.rows import ALERT_ID, night_files, read_columns, rows_of
from fink_lib.packets.reading import PacketReader
from fink_lib.render.cutouts import stamp_png
from fink_lib.science.cases.magnitudes import flux_njy
from fink_lib.science.framework.base import NO_MATCH, Role
from fink_lib.science.framework.batch_builder import Wanted, batch_of_packets
from fink_lib.science.framework.registry import outputs_with
from fink_lib.storage import LakePath
from fink_lib.surveys import Survey, value_at
from fink_lib.surveys.inputs import BANDS, SurveyInputs, inputs_of
from fink_lib.surveys.pruned import pruned
from fink_lib.surveys.tables import night_specs, packet_schema

SIGN = "is_positive"
POINTS = ("band", "mag", "mag_err", "mag_limit", "flux", "flux_err", SIGN)
DIGITS = 5
HEAD = ("object_id", "ra", "dec", "band", "time")


def best_of_night(context: NightContext, versions: Mapping[str, int | None]) -> list[JsonObject]:
    """Return, by science case, the best alerts of a night.

    Parameters
    ----------
    context
        The night.
    versions
        Versions of the tables that the night's statistics were read from.
    """
    survey, filters = context.survey, filters_of(context.survey.name)
    files = {
        table: night_files(spec.path(context.settings.lake), context.night, versions.get(str(table)))
        for table, spec in night_specs(survey).items()
    }
    if not files[Table.PUBLISHED]:
        return []
    scores = survey.report.scores
    sent = read_columns(files[Table.PUBLISHED], ["filter", ALERT_ID])
    ranks = read_columns(files[Table.SILVER], [ALERT_ID, "object_id", *ranking_columns(filters, scores)])
    chosen = choose(sent, ranks, filters, scores)
    ids = [choice.alert_id for choice in chosen]
    inputs = inputs_of(survey.name)
    science = list(outputs_with(survey.name))
    roots = dict.fromkeys([inputs.alert_id.split(".")[0], inputs.current, inputs.history])
    silver = rows_of(files[Table.SILVER], ids, [*HEAD, *science, *roots])
    bytes_of = rows_of(files[Table.BRONZE], ids, ["schema_sha256", "head", "tail"])
    cutouts = cutouts_of(bytes_of, survey, context.settings.lake)
    shown = [_facts(choice, silver[choice.alert_id], cutouts.get(choice.alert_id, {}), survey) for choice in chosen]
    return _by_case(filters, shown)


def cutouts_of(rows: Mapping[int, JsonObject], survey: Survey, lake: LakePath) -> dict[int, JsonObject]:
    """Return the cutouts of alerts, by id, out of the bytes of their packets.

    Parameters
    ----------
    rows
        Alert id → its row of bronze, with ``schema_sha256``, ``head`` and ``tail``.
    survey
        Whose packets.
    lake
        Root folder of the tables, which has the writer schemas.

    Returns
    -------
    Alert id → the packet's roots that hold cutouts.
    """
    reader = PacketReader(
        survey, pruned(packet_schema(survey, cutouts=True), survey.cutout_roots), WriterSchemas(lake).text
    )
    columns = {name: [row[name] for row in rows.values()] for name in ("schema_sha256", "head", "tail")}
    head, tail = (pa.array(columns[name], pa.binary()) for name in ("head", "tail"))
    found = reader.read(pa.array(columns["schema_sha256"], pa.string()), head, tail)
    return dict(zip(rows, found.to_pylist(), strict=True))


def _by_case(filters: Sequence[Filter], shown: Sequence[JsonObject]) -> list[JsonObject]:
    cases = []
    for one in filters:
        mine = [facts for facts in shown if facts["filter"] == one.name]
        if mine:
            cases.append({"filter": one.name, "description": one.description, "alerts": mine})
    return cases


def _facts(choice: Choice, row: JsonObject, cutouts: JsonObject, survey: Survey) -> JsonObject:
    inputs = inputs_of(survey.name)
    return {
        "filter": choice.filter,
        "alert_id": choice.alert_id,
        "object_id": choice.object_id,
        "place": choice.place,
        "score": _number(choice.score),
        "ra": _number(row["ra"]),
        "dec": _number(row["dec"]),
        "band": row["band"],
        "time": row["time"],
        "labels": labels(row, survey.name),
        "light_curve": light_curve(row, inputs, survey),
        "stamps": {name: _data(value_at(cutouts, path)) for name, path in inputs.stamps.items()},
    }


def labels(row: Mapping[str, Any], survey: str) -> dict[str, str]:
    """Return the text labels that the science gave an alert; those that found nothing are left out.

    Parameters
    ----------
    row
        A row of silver.
    survey
        Name of the survey.

    Returns
    -------
    Column → text.
    """
    found = outputs_with(survey, Role.LABEL, Role.NAME)
    texts = {name: row[name] for name in found if isinstance(row.get(name), str)}
    return {name: text for name, text in texts.items() if text and text != NO_MATCH}


def light_curve(row: JsonObject, inputs: SurveyInputs, survey: Survey) -> JsonObject:
    """Return the points of an alert's light curve, in days before its own time, in magnitudes or nJy.

    A magnitude has no sign: where the source was fainter than its reference at any point, the curve is that of the
    difference fluxes.

    Parameters
    ----------
    row
        A row of silver, with its packet and ``time``.
    inputs
        How the survey feeds time and points.
    survey
        Whose alert.

    Returns
    -------
    ``kind`` (``mag`` or ``flux``) and ``points``; those before the alert have negative days.
    """
    known = tuple(name for name in POINTS if name in inputs.points)
    batch = batch_of_packets([row], Wanted((), (inputs.time, *known), ()), inputs, survey)
    points = batch.histories
    days = points[inputs.time] - row["time"]
    bands = [BANDS[code] if code >= 0 else "" for code in points["band"].tolist()]
    columns = {name: points[name] for name in known if name not in {"band", SIGN}}
    if SIGN in points and (points[SIGN] == 0.0).any():
        columns = _signed(points)
    return {
        "kind": "mag" if "mag" in columns else "flux",
        "points": [
            {
                "days": round(float(day), DIGITS),
                "band": band,
                **{name: _number(column[at]) for name, column in columns.items()},
            }
            for at, (day, band) in enumerate(zip(np.asarray(days), bands, strict=True))
        ],
    }


def _signed(points: Mapping[str, Any]) -> dict[str, Any]:
    """Return magnitudes and limits as difference fluxes in nJy; NaN where the sign is not known."""
    flux, error = flux_njy(points["mag"], points["mag_err"])
    sign = np.where(points[SIGN] == 1.0, 1.0, np.where(points[SIGN] == 0.0, -1.0, np.nan))
    limit, _ = flux_njy(points["mag_limit"], np.zeros(len(flux)))
    return {"flux": sign * flux, "flux_err": error, "flux_limit": np.where(np.isnan(points["mag"]), limit, np.nan)}


def _number(value: Any) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), DIGITS)


def _data(raw: bytes | None) -> str | None:
    png = stamp_png(raw)
    return None if png is None else "data:image/png;base64," + base64.b64encode(png).decode()
