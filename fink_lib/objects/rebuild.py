"""All nights of a survey merged anew: for a lake that is older than its tables of objects, and after a repair."""

import datetime as dt
from collections.abc import Iterator

import pyarrow.compute as pc

from fink_lib.lake.pinned import Pinned
from fink_lib.lake.sky_sorted import SkySorted
from fink_lib.lake.small import partitions
from fink_lib.lake.tables import gold_moving_objects, gold_objects
from fink_lib.lake.versions import Table
from fink_lib.objects.merge import Merged, ObjectBook
from fink_lib.storage import LakePath
from fink_lib.surveys import Survey
from fink_lib.surveys.tables import night_specs


def rebuild(lake: LakePath, survey: Survey) -> Iterator[tuple[dt.date, Merged]]:
    """Merge every night, in order, and yield what each holds; nights that silver lost are taken out.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey
        Whose objects.
    """
    specs = night_specs(survey)
    pinned = Pinned.now(specs, lake)
    nights = {dt.date.fromisoformat(part["night"]) for part in partitions(specs[Table.SILVER], lake)}
    for night in sorted(nights | merged_nights(lake, survey)):
        rows = ObjectBook(survey, lake).merge(
            lambda one: pinned.of_night(Table.SILVER, one), [night], pinned.versions[Table.SILVER]
        )
        yield night, rows


def merged_nights(lake: LakePath, survey: Survey) -> set[dt.date]:
    """Return the nights that the objects of a survey are made of.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey
        Whose objects, those that move among them.
    """
    found: set[dt.date] = set()
    for spec in (gold_objects(survey.name), gold_moving_objects(survey.name)):
        table = SkySorted(spec, lake)
        for piece in table.pieces:
            inside = pc.struct_field(pc.list_flatten(table.read(piece, ("nights",))["nights"]), "night")
            found |= set(pc.unique(inside).to_pylist())
    return found
