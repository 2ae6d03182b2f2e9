"""The periods of all objects with points enough, as rows of their table; what did not change is not searched again."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib import __version__
from fink_lib.lake.small import read_rows, replace_rows
from fink_lib.lake.tables import gold_objects, gold_periods
from fink_lib.objects.periods.points import read_points
from fink_lib.science.methods.periodogram import LEAST_POINTS, Period, period_of
from fink_lib.storage import LakePath
from fink_lib.surveys import Survey

METHOD = "1.0"  # raised whenever a value can change
ALERTS_OF_PASS = 2_000_000  # read together; what bounds the memory
KEPT = "kept"


def rebuild(lake: LakePath, surveys: Iterable[Survey]) -> Counter[str]:
    """Search every object that gained alerts, and replace the rows of its survey; return how many had which outcome.

    Parameters
    ----------
    lake
        Root folder of the tables.
    surveys
        Whose objects.
    """
    counted: Counter[str] = Counter()
    for survey in surveys:
        alerts = _candidates(lake, survey)
        known = {row["object_id"]: row for row in _rows_of(lake, survey)}
        kept = {name: row for name, row in known.items() if _is_current(row, alerts.get(name))}
        counted[KEPT] += len(kept)
        found = list(kept.values())
        for name, told in _searched(lake, survey, {one: n for one, n in alerts.items() if one not in kept}):
            counted["searched" if isinstance(told, Period) else told] += 1
            if isinstance(told, Period):
                found.append(_row(survey, name, told, alerts[name]))
        if found or known:
            replace_rows(gold_periods(), lake, sorted(found, key=_name), {"survey": survey.name})
    return +counted


def period_row(lake: LakePath, survey: str, name: str) -> dict[str, Any] | None:
    """Return the row of an object; None where it has none.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey
        Name of the survey.
    name
        Of the object.
    """
    where = (pc.field("survey") == survey) & (pc.field("object_id") == name)
    return next(iter(read_rows(gold_periods(), lake, where)), None)


def _rows_of(lake: LakePath, survey: Survey) -> list[dict[str, Any]]:
    return read_rows(gold_periods(), lake, pc.field("survey") == survey.name)


def _is_current(row: Mapping[str, Any], alerts: int | None) -> bool:
    return bool(alerts == row["alerts"] and row["method"] == METHOD)


def _name(row: Mapping[str, Any]) -> str:
    return str(row["object_id"])


def _candidates(lake: LakePath, survey: Survey) -> dict[str, int]:
    """Return the objects with alerts enough, by name, and how many they have; none of those that may move."""
    enough = (pc.field("alerts") >= LEAST_POINTS) & ~pc.field("may_move")
    rows = read_rows(gold_objects(survey.name), lake, enough, columns=["object_id", "alerts"])
    return {row["object_id"]: row["alerts"] for row in sorted(rows, key=_name)}


def _searched(lake: LakePath, survey: Survey, alerts: Mapping[str, int]) -> Iterator[tuple[str, Period | str]]:
    for names in _passes(alerts):
        points = read_points(lake, survey, names)
        for name, mine in _each(points):
            yield name, period_of(*(mine[one].to_numpy(zero_copy_only=False) for one in _READ))


_READ = ("time", "band", "flux_njy", "flux_err_njy")


def _passes(alerts: Mapping[str, int]) -> Iterator[list[str]]:
    names: list[str] = []
    size = 0
    for name, count in alerts.items():
        if names and size + count > ALERTS_OF_PASS:
            yield names
            names, size = [], 0
        names.append(name)
        size += count
    if names:
        yield names


def _each(points: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    names = points["object_id"].to_numpy(zero_copy_only=False)
    ends = [*(np.flatnonzero(names[1:] != names[:-1]) + 1).tolist(), len(names)] if len(names) else []
    for first, last in zip([0, *ends], ends, strict=False):
        yield str(names[first]), points.slice(first, last - first)


def _row(survey: Survey, name: str, told: Period, alerts: int) -> dict[str, Any]:
    head = {"survey": survey.name, "object_id": name, "alerts": alerts, "method": METHOD}
    return {**head, **asdict(told), "code_version": __version__}
