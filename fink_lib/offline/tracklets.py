"""Tracklets and links over packets in files: the nightly step without a lake."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from fink_lib.errors import ConfigError
from fink_lib.offline.datums import BATCH_ALERTS
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.batch_builder import batch_of_packets, wanted
from fink_lib.science.framework.registry import with_needs
from fink_lib.science.framework.runner import run
from fink_lib.science.methods.moving_objects import MAY_MOVE, NEEDED, Moving, moving_of
from fink_lib.surveys import Survey
from fink_lib.surveys.inputs import inputs_of

FLAG_MODULE, FLAG = "solar_system", "roid"


def night_tracklets(
    packets: Iterable[Mapping[str, Any]], survey: Survey, cache: Path
) -> dict[dt.date, tuple[int, Moving]]:
    """Link the alerts of each night: night → number of alerts that may move, and its tracklets and links.

    Parameters
    ----------
    packets
        Decoded packets of any nights, at least one.
    survey
        Whose packets.
    cache
        Folder of catalogues and models.

    Raises
    ------
    ConfigError
        When the survey's packets do not say what may move.
    """
    inputs = inputs_of(survey.name)
    if not set(NEEDED) <= set(inputs.scalars):
        raise ConfigError(f"packets of {survey.name} do not say which alerts may move: there are no tracklets of it")
    modules = with_needs(survey.name, [FLAG_MODULE])
    want = wanted(modules, inputs)
    want = replace(want, scalars=tuple(sorted({*want.scalars, *NEEDED})))
    stream, parts = iter(packets), []
    while chunk := list(islice(stream, BATCH_ALERTS)):
        batch = batch_of_packets(chunk, want, inputs, survey)
        flag = run(modules, batch, cache).columns[FLAG].to_numpy(zero_copy_only=False)
        parts.append(_chosen(batch, np.flatnonzero(np.isin(flag, MAY_MOVE))))
    columns = {name: np.concatenate([part[name] for part in parts]) for name in ("alert_id", *NEEDED)}
    return _by_night(columns, survey)


def _chosen(batch: AlertBatch, rows: Any) -> dict[str, Any]:
    return {"alert_id": batch.alert_id[rows], **{name: batch.scalars[name][rows] for name in NEEDED}}


def _by_night(columns: Mapping[str, Any], survey: Survey) -> dict[dt.date, tuple[int, Moving]]:
    finite = np.isfinite(columns["time"])
    nights = np.array([survey.night.night_of(time) for time in columns["time"][finite].tolist()], dtype=object)
    found = {}
    for night in sorted(set(nights)):
        rows = np.flatnonzero(finite)[nights == night]
        mine = {name: values[rows] for name, values in columns.items()}
        found[night] = (len(rows), moving_of(mine["alert_id"], mine))
    return found
