"""JSON messages: of GCN (its notice of a broker, `gcn/notices/boom` of its schemas), and of Hermes (SCiMMA)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from fink_lib.community.texts import LONGEST_LINE, sound_text
from fink_lib.followup.reports.discovery import Discovery, Measured

GCN_SCHEMA = "https://gcn.nasa.gov/schema/main/gcn/notices/boom/alert.schema.json"


def gcn_notice(found: Discovery, classes: Mapping[str, float], at: dt.datetime) -> dict[str, Any]:
    """Return a notice in the shape of GCN's unified schema for targets of a broker.

    Parameters
    ----------
    found, at
        What is told, and when.
    classes
        Class → probability.
    """
    error = max(found.ra_err_arcsec, found.dec_err_arcsec) / 3600.0
    place = {"ra": found.ra_deg, "dec": found.dec_deg, "position_a_error": error}
    target = {"event_name": found.object_id, **place, "classification_scores": dict(classes)}
    points = [_gcn_point(found, one) for one in found.points if one.mag is not None or one.limit_mag is not None]
    return {
        "$schema": GCN_SCHEMA,
        "alert_datetime": _time(at),
        "mission": "Fink lake",
        "data": {"targets": [target], "photometry": points},
    }


def _gcn_point(found: Discovery, one: Measured) -> dict[str, Any]:
    values = {"mag": one.mag, "mag_error": one.mag_err, "limiting_mag": one.limit_mag}
    measured = {name: value for name, value in values.items() if value is not None}
    where = {"instrument": found.survey.upper(), "filter": f"{found.survey}{one.band}", "mag_system": "AB"}
    return {"event_name": found.object_id, "observation_start": _time(one.at), **where, **measured}


def hermes_message(
    found: Discovery, *, title: str, text: str, authors: str, submitter: str, topic: str
) -> dict[str, Any]:
    """Return a message that Hermes validates and sends on: one target with its photometry.

    Parameters
    ----------
    found
        What is told.
    title, text, authors, submitter, topic
        Of the message.
    """
    target = {"name": found.object_id, "ra": found.ra_deg, "dec": found.dec_deg, "new_discovery": False}
    return {
        "topic": topic,
        "title": sound_text(title, LONGEST_LINE, lines=False),
        "submitter": submitter,
        "authors": authors,
        "message_text": sound_text(text),
        "data": {"targets": [target], "photometry": [*_photometry(found, found.points)]},
    }


def _photometry(found: Discovery, points: Sequence[Measured]) -> list[dict[str, Any]]:
    rows = []
    for one in points:
        row: dict[str, Any] = {"target_name": found.object_id, "date_obs": _time(one.at), "bandpass": one.band,
                               "telescope": found.survey.upper(), "brightness_unit": "AB mag"}  # fmt: skip
        if one.mag is not None:
            row |= {"brightness": one.mag, **({} if one.mag_err is None else {"brightness_error": one.mag_err})}
        elif one.limit_mag is not None:
            row["limiting_brightness"] = one.limit_mag
        else:
            continue
        rows.append(row)
    return rows


def _time(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
