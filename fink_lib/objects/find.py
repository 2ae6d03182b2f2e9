"""An object by its name: its row, its partners, its alerts. No JVM; Bloom filters tell where a name cannot be."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, QueryBuilder

from fink_lib.errors import LakeError
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.sky_sorted import opened
from fink_lib.lake.tables import gold_moving_objects, gold_object_pairs, gold_objects
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.lake.versions import Table
from fink_lib.objects.designation import spelled
from fink_lib.objects.pairs import DESIGNATION
from fink_lib.storage import LakePath
from fink_lib.surveys import SURVEYS, Survey, value_at
from fink_lib.surveys.tables import night_specs

Row = dict[str, Any]
HEAD = ("alert_id", "object_id", "time", "ra", "dec", "band")


@dataclass(frozen=True)
class Found:
    """An object of the lake.

    Attributes
    ----------
    survey
        Whose.
    name
        Its name, or its designation.
    moves
        True where it is known by its designation.
    row
        Its row in the table of objects.
    """

    survey: Survey
    name: str
    moves: bool
    row: Row


def find(lake: LakePath, name: str, surveys: Sequence[str] = ()) -> Found:
    """Return the object of a name.

    Parameters
    ----------
    lake
        Root folder of the tables.
    name
        The survey's own name of it, or a designation in any spelling.
    surveys
        Where to look; everywhere when none is named.

    Raises
    ------
    LakeError
        When no survey has it, or several have.
    """
    chosen = list(surveys) or sorted(SURVEYS)
    found = [one for survey in chosen for one in _of_survey(lake, survey, name)]
    static = [one for one in found if not one.moves]
    if len(static or found) == 1:
        return (static or found)[0]
    if found:
        told = ", ".join(one.survey.name for one in static or found)
        raise LakeError(f"'{name}' is an object of {told}: say which one with --survey")
    there = [survey for survey in chosen if opened(gold_objects(survey), lake) is not None]
    if not there:
        of, option = (f" of {', '.join(surveys)}", f" --survey {surveys[0]}") if surveys else ("", "")
        raise LakeError(
            f"{lake} has no table of objects{of} yet: a night that is closed makes it, or `fink object rebuild{option}`"
        )
    raise LakeError(f"no object '{name}' of {', '.join(there)}{_hint(lake, there, name)}")


def partners(lake: LakePath, found: Found) -> list[Row]:
    """Return the pairs that an object is in, nearest first, each as seen from it: ``partner`` and ``survey`` of it.

    ``candidates`` are the objects of the partner's survey around this one, ``rivals`` the further objects of this one's
    survey around the partner; ``chance`` is the probability that an unrelated object of that survey is as near.

    Parameters
    ----------
    lake
        Root folder of the tables.
    found
        The object.
    """
    name, survey = _quoted(found.name), _quoted(found.survey.name)
    sides = " OR ".join(f"(object_{side} = {name} AND survey_{side} = {survey})" for side in "ab")
    kind = f"kind {'=' if found.moves else '<>'} '{DESIGNATION}'"
    rows = _asked(gold_object_pairs(), lake, f"({sides}) AND {kind}")
    turned = [_seen_from(row, "a" if (row["survey_a"], row["object_a"]) == (found.survey.name, found.name) else "b")
              for row in rows]  # fmt: skip
    return sorted(turned, key=lambda row: (row["separation_arcsec"] or 0.0, row["survey"], row["partner"]))


def of_partner(lake: LakePath, pair: Row) -> Found | None:
    """Return the partner of a pair; None where the table of its survey does not have it any more.

    Parameters
    ----------
    lake
        Root folder of the tables.
    pair
        As `partners` returns it.
    """
    moves = pair["kind"] == DESIGNATION
    return next((one for one in _of_survey(lake, pair["survey"], pair["partner"]) if one.moves == moves), None)


def alerts_of(lake: LakePath, found: Found) -> list[Row]:
    """Return the alerts of an object as rows of silver, with what its light curve is made of, in the order of time.

    Parameters
    ----------
    lake
        Root folder of the tables.
    found
        The object.
    """
    spec, survey = night_specs(found.survey)[Table.SILVER], found.survey
    table = opened(spec, lake)
    if table is None:
        return []
    nights = [one["night"] for one in found.row["nights"]]
    dataset = dataset_of(table)
    where = pc.field("night").isin(pa.array(nights, pa.date32()))
    roots = dict.fromkeys(path.split(".")[0] for path in (*survey.objects.designations, *_curve_paths(survey)))
    columns = [name for name in dict.fromkeys((*HEAD, *roots)) if name in dataset.schema.names]
    where &= survey.objects.moving.holds if found.moves else pc.field("object_id") == found.name
    rows: list[Row] = dataset.to_table(columns, filter=where).to_pylist()
    return sorted((row for row in rows if _is_of(row, found)), key=lambda row: (row["time"], row["alert_id"]))


def _is_of(row: Row, found: Found) -> bool:
    if not found.moves:
        return True
    told = (spelled(_text(value_at(row, path))) for path in found.survey.objects.designations)
    return next((name for name in told if name), None) == found.name


def _curve_paths(survey: Survey) -> tuple[str, ...]:
    inputs = survey.inputs
    return (inputs.current, inputs.history, *((inputs.forced,) if inputs.forced else ()))


def _of_survey(lake: LakePath, survey: str, name: str) -> list[Found]:
    found = [Found(SURVEYS[survey], name, False, row)
             for row in _asked(gold_objects(survey), lake, f"object_id = {_quoted(name)}")]  # fmt: skip
    if designation := spelled(name):
        rows = _asked(gold_moving_objects(survey), lake, f"designation = {_quoted(designation)}")
        found += [Found(SURVEYS[survey], designation, True, row) for row in rows]
    return found


def _asked(spec: TableSpec, lake: LakePath, condition: str) -> list[Row]:
    """Return the rows that a condition holds for; the engine passes over files and row groups that cannot have one."""
    table = opened(spec, lake)
    if table is None:
        return []
    answer = QueryBuilder().register("asked", table).execute(f"SELECT * FROM asked WHERE {condition}")  # noqa: S608  # quoted
    return [row for batch in answer for row in pa.record_batch(batch).to_pylist()]


def _seen_from(row: Row, side: str) -> Row:
    other = "b" if side == "a" else "a"
    return {
        "survey": row[f"survey_{other}"],
        "partner": row[f"object_{other}"],
        **{
            name: row[name]
            for name in ("kind", "separation_arcsec", "ambiguous", "since_night", "radius_arcsec", "rule")
        },
        "candidates": row[f"candidates_{other}"],
        "rank": row[f"rank_{other}"],
        "rivals": row[f"candidates_{side}"] - 1,
        "position_error_arcsec": row[f"position_error_{other}_arcsec"],
        "own_position_error_arcsec": row[f"position_error_{side}_arcsec"],
        "chance": row[f"chance_{other}"],
        "density_arcmin2": row[f"density_{other}_arcmin2"],
    }


def _hint(lake: LakePath, surveys: Sequence[str], name: str) -> str:
    """Return names that look alike, out of the first of each survey; an empty text where none does."""
    known: list[str] = []
    for survey in surveys:
        table = opened(gold_objects(survey), lake)
        if table is not None:
            known += _some_names(table)
    close = difflib.get_close_matches(name, known, n=3)
    return f": did you mean {' or '.join(close)}?" if close else ""


def _some_names(table: DeltaTable, most: int = 20_000) -> list[str]:
    names: list[str] = dataset_of(table).head(most, columns=["object_id"])["object_id"].to_pylist()
    return names


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
