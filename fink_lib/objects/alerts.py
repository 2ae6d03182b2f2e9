"""The alerts of a night that are of objects: those that stay in their place, and those that move."""

import functools
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.lake.rows import Rows
from fink_lib.objects.designation import spelled
from fink_lib.objects.entries import ALERT, NAME
from fink_lib.surveys import Survey
from fink_lib.surveys.facts import NightFlag

ARCSEC = 3600.0
HEAD = ("alert_id", "object_id", "time", "ra", "dec", "band")


@dataclass(frozen=True)
class ObjectAlerts:
    """The alerts of some rows of silver, by what they are of.

    Attributes
    ----------
    static
        `ALERT` under the names of objects.
    moving
        `ALERT` under designations.
    nameless
        Alerts that name neither.
    """

    static: pa.Table
    moving: pa.Table
    nameless: int


def object_alerts(silver: Rows, survey: Survey) -> ObjectAlerts:
    """Tell the alerts of silver apart.

    One that the survey takes to be of a moving object is of that alone, whatever static object it lies on.

    Parameters
    ----------
    silver
        Rows of silver.
    survey
        Whose.
    """
    facts, label = survey.objects, survey.report.label
    texts = [path for path in facts.designations if silver.has(path)]
    errors = [path for path in facts.error_paths if silver.has(path)]
    columns = {name: pc.field(name) for name in HEAD} | {path: pc.field(*path.split(".")) for path in [*texts, *errors]}
    columns |= {"moving": flagged(silver, facts.moving), "may_move": flagged(silver, facts.may_move)}
    columns["label"] = pc.field(label) if label and silver.has(label) else pc.scalar(pa.scalar(None, pa.string()))
    rows = silver.dataset.to_table(columns=columns, filter=silver.where)
    rows = rows.append_column("error_arcsec", _errors(rows, errors, facts.typical_error_arcsec))
    none = survey.fields.no_object
    placed = pc.and_(*(pc.fill_null(pc.is_finite(rows[name]), fill_value=False) for name in ("ra", "dec")))
    designation = designations_of(rows, texts)
    moving = pc.and_(rows["moving"], pc.is_valid(designation))
    named = pc.and_(pc.is_valid(rows["object_id"]), pc.fill_null(pc.not_equal(rows["object_id"], none or ""), False))
    static = pc.and_(pc.invert(moving), named)
    kept = [pc.and_(chosen, placed) for chosen in (static, moving)]
    return ObjectAlerts(
        static=_alerts(rows.append_column(NAME, rows["object_id"]).filter(kept[0])),
        moving=_alerts(rows.append_column(NAME, designation).filter(kept[1])),
        nameless=rows.num_rows - sum(pc.sum(one).as_py() or 0 for one in kept),
    )


def flagged(silver: Rows, flag: NightFlag) -> pc.Expression:
    """Return the condition of a flag of nights; false where it is null, or where what it needs is not there.

    Parameters
    ----------
    silver
        Rows of silver.
    flag
        One of the survey's.
    """
    known = all(silver.has(path) for path in flag.needs)
    return pc.coalesce(flag.holds, pc.scalar(False)) if known else pc.scalar(False)


def _errors(rows: pa.Table, paths: list[str], typical_arcsec: float) -> pa.Array:
    """Return the error of each position in arcsec an axis: the mean square of both, or the typical one."""
    if not paths:
        return pa.array(np.full(rows.num_rows, typical_arcsec))
    values = np.stack([rows[path].cast(pa.float64()).to_numpy() for path in paths])
    told = np.sqrt(np.mean(values**2, axis=0)) * ARCSEC
    return pa.array(np.where(np.isfinite(told), told, typical_arcsec))


def designations_of(rows: pa.Table, paths: list[str]) -> pa.ChunkedArray:
    """Return the designation of each alert, null where it has none.

    Parameters
    ----------
    rows
        Rows of silver.
    paths
        Columns that may hold a designation, at root level or dotted as `rows` names them; the first that has one
        counts.
    """
    nothing = pa.nulls(rows.num_rows, pa.string())
    found = [pa.chunked_array([[spelled(text) for text in rows[path].cast(pa.string()).to_pylist()]], pa.string())
             for path in paths]  # fmt: skip
    return functools.reduce(pc.coalesce, found) if found else pa.chunked_array([nothing])


def _alerts(rows: pa.Table) -> pa.Table:
    return rows.select(ALERT.names).cast(ALERT)
