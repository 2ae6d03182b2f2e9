"""An object as people look at it: its row, its partners, and the light curves of all of them together."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

from fink_lib.files import JsonObject
from fink_lib.objects.find import Found, Row, alerts_of, find, of_partner, partners
from fink_lib.objects.light_curve import Point, light_curve
from fink_lib.objects.periods.book import period_row
from fink_lib.storage import LakePath

HIDDEN = frozenset({"nights"})  # of a row: what each night says is told as counts by night


@dataclass(frozen=True)
class View:
    """An object and those that are taken to be it.

    Attributes
    ----------
    found
        The object.
    partners
        Its pairs, as seen from it, nearest first.
    others
        The partners that are there.
    points
        All measurements of all of them, in the order of time.
    period
        Its row of `gold__periods`; None where it was not searched.
    """

    found: Found
    partners: list[Row]
    others: list[Found]
    points: list[Point]
    period: Row | None = None

    def as_json(self) -> JsonObject:
        """Return everything as plain JSON."""
        return {
            **described(self.found),
            "partners": self.partners,
            "objects": [described(one) for one in self.others],
            "period": self.period,
            "light_curve": [point.as_json() for point in self.points],
        }


def view(lake: LakePath, name: str, surveys: Iterable[str] = ()) -> View:
    """Return what the lake knows of an object.

    Parameters
    ----------
    lake
        Root folder of the tables.
    name
        Its name.
    surveys
        Whose it may be; any when none is named.
    """
    found = find(lake, name, tuple(surveys))
    pairs = partners(lake, found)
    others = [one for pair in pairs if (one := of_partner(lake, pair)) is not None]
    points = [
        replace(point, object=one.name)
        for one in (found, *others)
        for point in light_curve(alerts_of(lake, one), one.survey)
    ]
    order = attrgetter("mjd_utc", "survey", "band", "object")
    period = None if found.moves else period_row(lake, found.survey.name, found.name)
    return View(found, pairs, others, sorted(points, key=order), period)


def described(found: Found) -> dict[str, Any]:
    """Return the facts of an object."""
    row = {name: value for name, value in found.row.items() if name not in HIDDEN}
    bands = dict(row.pop("bands"))
    nights = {night["night"].isoformat(): night["alerts"] for night in found.row["nights"]}
    return {
        "survey": found.survey.name,
        "name": found.name,
        "moves": found.moves,
        **row,
        "bands": bands,
        "nights": nights,
    }
