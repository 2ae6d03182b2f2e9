"""An object as reports tell of it, out of the tables made for reading: detections of alerts, and upper limits."""

import datetime as dt
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fink_lib.accounts.asking import asked_by
from fink_lib.accounts.claims import ANONYMOUS
from fink_lib.api.lake import Lake, Snapshot
from fink_lib.api.queries.alerts import alerts
from fink_lib.api.queries.objects import BAD_QUALITY, TAG, light_curves, with_limits
from fink_lib.errors import ConfigError
from fink_lib.followup.reports.discovery import Discovery, Measured, discovery
from fink_lib.science.methods.photometry import MAG_PER_RELATIVE_FLUX
from fink_lib.surveys import SURVEYS
from fink_lib.surveys.inputs import POSITIVE

AB_ZERO_POINT_NJY = 31.4  # magnitude of 1 nJy, AB system
SAME_TIME_DIGITS = 7
MEASURED = ("time", "band", "mag", "mag_err", "mag_limit", "is_positive", "flux", "flux_err")
Row = Mapping[str, Any]


def discovery_of(lake: Lake, survey: str, name: str) -> Discovery:
    """Return an object as it is reported: out of public alerts alone, whatever whoever asks may see beside them.

    A detection that a packet tells of without an alert of its own is left out: it did not pass the survey's own cuts.

    Parameters
    ----------
    lake, survey
        Where, and whose.
    name
        Of the object.

    Raises
    ------
    ConfigError
        When it has no public alert, or none that is brighter than the reference.
    """
    if survey not in lake.surveys or not re.fullmatch(SURVEYS[survey].fields.object_name, name):
        raise ConfigError(f"there is no object '{name[:64]}' of a survey '{survey[:20]}' that is served here")
    with asked_by(ANONYMOUS):
        return _public(lake.surveys[survey].now(), name)


def _public(snapshot: Snapshot, name: str) -> Discovery:
    survey = snapshot.survey
    fields, prefix = survey.inputs.points, survey.served.packet_prefix
    columns = {one: prefix + fields[one][0] for one in MEASURED if one in fields}
    columns = {one: column for one, column in columns.items() if column in snapshot.names.places}
    asked = light_curves([name], (), tuple(columns.values()))
    rows = alerts(snapshot, replace(asked, extra={"ra": "ra", "dec": "dec"})).to_pylist()
    if not rows:
        raise ConfigError(f"there is no object '{name[:64]}' of {survey.name} with public alerts")
    if "mag_limit" in columns:
        beside = with_limits(snapshot, [name], (), tuple(columns.values())).to_pylist()
        own = {round(row[columns["time"]], SAME_TIME_DIGITS) for row in rows}
        rows += [row for row in beside
                 if row[TAG] != BAD_QUALITY and round(row[columns["time"]], SAME_TIME_DIGITS) not in own]  # fmt: skip
    told = [{**{one: row.get(column) for one, column in columns.items()}, "ra": row.get("ra"), "dec": row.get("dec")}
            for row in rows]  # fmt: skip
    return discovery(survey.name, name, [_measured(snapshot, row) for row in told])


def _measured(snapshot: Snapshot, row: Row) -> Measured:
    survey = snapshot.survey
    at = dt.datetime.fromtimestamp(survey.night.unix_s(row["time"]), dt.UTC)
    band = survey.bands.get(str(row["band"]), str(row["band"]))
    mag, error = _brightness(row)
    limit = _number(row.get("mag_limit"))
    return Measured(at, band, mag, error, limit, row["ra"], row["dec"])


def _brightness(row: Row) -> tuple[float | None, float | None]:
    """Return AB magnitude and error of what is brighter than the reference; None for anything else."""
    flux, error = _number(row.get("flux")), _number(row.get("flux_err"))
    if flux is not None:
        noise = None if error is None or flux <= 0.0 else MAG_PER_RELATIVE_FLUX * error / flux
        return (AB_ZERO_POINT_NJY - 2.5 * math.log10(flux), noise) if flux > 0.0 else (None, None)
    mag, error = _number(row.get("mag")), _number(row.get("mag_err"))
    is_positive = "is_positive" not in row or row["is_positive"] is None or str(row["is_positive"]).lower() in POSITIVE
    return (mag, error) if mag is not None and is_positive else (None, None)


def _number(value: Any) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
