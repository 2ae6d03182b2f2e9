"""New sources of a night out of its alerts in silver: one row an object, with when it was first seen."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.lake.rows import Rows
from fink_lib.multimessenger.background import Background, background_of
from fink_lib.multimessenger.matching import WINDOW_S, Sources
from fink_lib.sky import on_sphere
from fink_lib.surveys import Survey

Floats: TypeAlias = npt.NDArray[np.float64]

IDENTITY = ("alert_id", "object_id", "time", "ra", "dec")
FIRST, HOST = "first", "host"


@dataclass(frozen=True)
class NightSources:
    """New sources of a night.

    Attributes
    ----------
    alert_ids, object_ids
        The first alert of each in the night, and its object.
    sources
        What a match needs of them, row by row.
    background
        Measured from them, and from where all alerts of the night lie.
    """

    alert_ids: npt.NDArray[np.int64]
    object_ids: list[str]
    sources: Sources
    background: Background


def lacking(survey: Survey, silver: Rows) -> list[str]:
    """Return the columns without which a silver table tells of no new sources; none where all are there.

    Parameters
    ----------
    survey
        Whose; of one that tells of no new sources nothing is lacking.
    silver
        Rows of its silver table.
    """
    new = survey.new_sources
    return [] if new is None else [one for one in (new.first_seen, *new.needs) if not silver.has(one)]


def new_sources(survey: Survey, silver: Rows) -> NightSources:
    """Read the new sources of a night.

    Parameters
    ----------
    survey
        Whose; it tells which alerts may be of something new.
    silver
        Its alerts of that night.
    """
    facts = survey.new_sources
    everywhere = silver.read("time", "ra", "dec")
    if facts is None or not everywhere.num_rows:
        return _night(survey, pa.table({name: [] for name in (*IDENTITY, FIRST, HOST)}), everywhere)
    host = [facts.host_mpc] if facts.host_mpc and silver.has(facts.host_mpc) else []
    read = silver.chosen(facts.trusted).read(*IDENTITY, facts.first_seen, *host)
    named = read.rename_columns([*IDENTITY, FIRST, *([HOST] if host else [])])
    return _night(survey, named, everywhere)


def _night(survey: Survey, alerts: pa.Table, everywhere: pa.Table) -> NightSources:
    all_s = seconds_of(survey, _numbers(everywhere, "time"))
    new = _new(survey, alerts, float(np.nanmin(all_s)) - WINDOW_S if len(all_s) else 0.0)
    firsts: dict[str, int] = {}
    for row, name in enumerate(new["object_id"].to_pylist()):
        firsts.setdefault(name, row)
    chosen = new.take(pa.array(list(firsts.values()), pa.int64()))
    ra, dec, first_s = (_numbers(chosen, name) for name in ("ra", "dec", FIRST))
    host = _numbers(chosen, HOST) if HOST in chosen.column_names else np.full(len(ra), np.nan)
    seen = _numbers(everywhere, "ra"), _numbers(everywhere, "dec")
    kept = on_sphere(*seen)
    background = background_of((seen[0][kept], seen[1][kept]), (ra, dec), first_s)
    ids = np.asarray(chosen["alert_id"].to_numpy(), dtype=np.int64)
    return NightSources(ids, list(firsts), Sources(ra, dec, first_s, host), background)


def _new(survey: Survey, alerts: pa.Table, begin_s: float) -> pa.Table:
    """Return the alerts of objects first seen after a time, in order of time, the first time in seconds of UTC."""
    first_s = seconds_of(survey, _numbers(alerts, FIRST))
    named = alerts["object_id"].is_valid().to_numpy()
    placed = on_sphere(_numbers(alerts, "ra"), _numbers(alerts, "dec"))
    good = named & placed & (np.nan_to_num(first_s, nan=-np.inf) > begin_s)
    dated = alerts.set_column(alerts.column_names.index(FIRST), FIRST, pa.array(first_s))
    return dated.filter(pa.array(good)).sort_by([("time", "ascending"), ("alert_id", "ascending")])


def _numbers(table: pa.Table, name: str) -> Floats:
    values: Any = table[name].cast(pa.float64()).to_numpy()
    return np.asarray(values, dtype=np.float64)


def seconds_of(survey: Survey, times: Floats) -> Floats:
    """Return times of a survey as seconds since 1970 (UTC); NaN for none, and for zero, which some packets write.

    Parameters
    ----------
    survey
        Whose calendar the times are of.
    times
        In days, as the survey counts them; negative ones are none.

    Returns
    -------
    One value a time.
    """
    return np.where(times > 0.0, (times + survey.night.days_to_epoch - survey.night.offset_h / 24.0) * 86_400.0, np.nan)
