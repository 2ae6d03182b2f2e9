"""The pages: what each is asked by, and what it shows."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fink_lib.api.http.errors import Refused
from fink_lib.api.http.parameters import Around, understood
from fink_lib.api.http.service import Service
from fink_lib.api.lake import Snapshot
from fink_lib.api.queries import latest
from fink_lib.api.queries.cone import SEPARATION, Cone, cone
from fink_lib.api.sky import ARCSEC_PER_DEG
from fink_lib.community.log import shared_log
from fink_lib.filters.restricted import restricted_topics
from fink_lib.followup.facilities import read_facilities
from fink_lib.portal.chart import chart
from fink_lib.portal.community import shown_of
from fink_lib.portal.cutting import STRETCHES, cuts_of
from fink_lib.portal.drawing import page
from fink_lib.portal.elsewhere import elsewhere
from fink_lib.portal.folding import folded, period_of
from fink_lib.portal.nights import night_facts, nights
from fink_lib.portal.object_facts import MOST_TOLD, Row, batch_of_rows, listed, object_facts
from fink_lib.portal.searching import search
from fink_lib.portal.snapshots import snapshot_of
from fink_lib.portal.topics import topic_facts

PAGE_ROWS = 50
MOST_PAGES = 10_000
LAST_NIGHTS = 7
MOST_DOWNLOADED = 10_000


def home(service: Service, _request: Request) -> Response:
    """Show the search box, the last nights and the classes.

    Parameters
    ----------
    service
        The lake.
    _request
        Not used.
    """
    snapshots = [one.now() for one in service.lake.surveys.values()]
    classes = {one.survey.name: latest.classes(one).to_pylist() for one in snapshots}
    return page("home.html.j2", q="", nights=nights(service.lake)[:LAST_NIGHTS], classes=classes, said="", close=())


def found(service: Service, request: Request) -> Response:
    """Go where a text leads, or say that nothing was found.

    Parameters
    ----------
    service
        The lake.
    request
        With the text `q` in its query; without one it leads home.
    """
    text = request.query_params.get("q", "")
    if not text.strip():
        return RedirectResponse("/", 303)
    where = search(service, text)
    if where.address:
        return RedirectResponse(where.address, 303)
    return page("nothing.html.j2", 404, q=text, said=where.said, close=where.close)


def an_object(service: Service, request: Request) -> Response:
    """Show an object.

    Parameters
    ----------
    service
        The lake.
    request
        With `survey` and `name` in its path; in its query perhaps `alert`, the one to show (the newest if none),
        `period` (days, to fold by), and how cutouts are drawn.

    Raises
    ------
    Refused
        When no alert that whoever asks may see is of such an object.
    """
    snapshot = snapshot_of(service, request.path_params["survey"])
    name = request.path_params["name"]
    is_name = re.fullmatch(snapshot.survey.fields.object_name, name) is not None
    facts = object_facts(snapshot, service.lake.settings.lake, name) if is_name else None
    if facts is None:
        raise Refused(f"There is no object “{name}” of {snapshot.survey.name} with public alerts.", status=404)
    period = period_of(request.query_params.get("period"))
    phased = chart(folded(facts.points, period), "difference", "Folded difference magnitude") if period else None
    lake, where = service.lake.settings.lake, facts.alerts[0]
    charts = chart(facts.points, "difference", "Difference magnitude"), chart(facts.points, "total", "Total magnitude")
    asked = request.query_params.get("alert")
    chosen = next((row for row in facts.alerts if row["alert_id"] == asked), facts.alerts[0])
    source = {"survey": facts.survey, snapshot.survey.served.object_parameter: name}
    time = snapshot.survey.columns.units[snapshot.survey.inputs.points["time"][0]]
    facilities = read_facilities(service.lake.settings)
    topics = topic_facts(snapshot, lake, batch_of_rows([chosen]), restricted_topics(service.lake.settings))
    links = elsewhere(snapshot.survey.served.elsewhere, name, where["ra"], where["dec"])
    return page("object.html.j2", q=name, facts=facts, charts=[one for one in charts if one], chosen=chosen, time=time,
                forced=bool(snapshot.survey.inputs.forced and "flux" in snapshot.survey.inputs.points),
                most=MOST_TOLD, download=("/api/v1/sources", source), fold=phased, period=period, topics=topics,
                cuts=cuts_of(request.query_params), stretches=STRETCHES, elsewhere=links, place=where,
                said=shown_of(shared_log(service.lake.settings), facts.survey, name, facilities))  # fmt: skip


def around(service: Service, request: Request) -> Response:
    """List the objects of a circle.

    Parameters
    ----------
    service
        The lake.
    request
        With `ra` and `dec` (deg) and `radius` (arcsec) in its query, and perhaps `survey` and `page`.

    Raises
    ------
    Refused
        When one of them is none.
    """
    said = dict(request.query_params)
    paging = paging_of(said)
    asked = understood(Around, said)
    snapshot = snapshot_of(service, asked.survey)
    circle = Cone(asked.ra, asked.dec, asked.radius / ARCSEC_PER_DEG)
    rows = listed(snapshot, cone(circle, (), (), PAGE_ROWS + 1, paging.offset))
    rows = [{**row, "arcsec": row[SEPARATION] * ARCSEC_PER_DEG} for row in rows]
    place = {name: said.get(name) for name in ("ra", "dec", "radius")}
    title = f"Objects within {asked.radius:g}″ of {asked.ra:.5f} {asked.dec:+.5f}"
    return as_list(service, snapshot, rows, paging, Listing(title, "/cone", place, ("/api/v1/conesearch", place)))


def of_class(service: Service, request: Request) -> Response:
    """List the alerts of a class.

    Parameters
    ----------
    service
        The lake.
    request
        With `name` of the class in its query, and perhaps `survey` and `page`.
    """
    said = dict(request.query_params)
    paging, name = paging_of(said), said.get("name", "")
    snapshot = snapshot_of(service, said.get("survey"))
    wanted = latest.of_class(name, (), (), PAGE_ROWS + 1, paging.offset)
    rows = listed(snapshot, latest.narrowed(snapshot, wanted, name, bounded=False))
    download = "/api/v1/latests", {"class": name, "n": MOST_DOWNLOADED}
    listing = Listing(f"Newest alerts of class “{name}”", "/class", {"name": name}, download)
    return as_list(service, snapshot, rows, paging, listing)


def all_nights(service: Service, _request: Request) -> Response:
    """List the nights.

    Parameters
    ----------
    service
        The lake.
    _request
        Not used.
    """
    return page("nights.html.j2", q="", nights=nights(service.lake))


def a_night(service: Service, request: Request) -> Response:
    """Show a night.

    Parameters
    ----------
    service
        The lake.
    request
        With `survey` and `night` (2021-11-22) in its path.

    Raises
    ------
    Refused
        When there is no such night.
    """
    snapshot, text = snapshot_of(service, request.path_params["survey"]), request.path_params["night"]
    try:
        facts = night_facts(service.lake, snapshot.survey.name, dt.date.fromisoformat(text))
    except ValueError:
        facts = None
    if facts is None:
        raise Refused(f"There is no night “{text}” of {snapshot.survey.name}.", status=404)
    return page("night.html.j2", q="", night=facts)


def schema(service: Service, request: Request) -> Response:
    """List every column.

    Parameters
    ----------
    service
        The lake.
    request
        With `survey` in its query; the first that is served if none.
    """
    snapshot = snapshot_of(service, request.query_params.get("survey"))
    return page("schema.html.j2", q="", survey=snapshot.survey.name, surveys=list(service.lake.surveys),
                places=snapshot.names.places)  # fmt: skip


@dataclass(frozen=True)
class Paging:
    """Which page of a list, from 1."""

    number: int

    @property
    def offset(self) -> int:
        """Rows before it."""
        return (self.number - 1) * PAGE_ROWS


def paging_of(said: dict[str, str]) -> Paging:
    """Take the number of the page out of the parameters of a list.

    Raises
    ------
    Refused
        When it is none.
    """
    text = said.pop("page", "1")
    if not re.fullmatch(r"[1-9]\d{0,4}", text) or int(text) > MOST_PAGES:
        raise Refused(f"“{text}” is no page: pages are numbered from 1 to {MOST_PAGES}.")
    return Paging(int(text))


@dataclass(frozen=True)
class Listing:
    """What a list is called, its own address without survey and page, and where its rows can be had as a file."""

    title: str
    path: str
    asked: dict[str, Any]
    download: tuple[str, dict[str, Any]] | None


def as_list(service: Service, snapshot: Snapshot, rows: list[Row], paging: Paging, listing: Listing) -> Response:
    """Show a page of rows; there is a further one where there is one more row than a page has.

    Parameters
    ----------
    service
        Its surveys can be chosen on the page.
    snapshot
        Of the survey that the rows are of.
    rows
        Of this page, as `listed` returns them, and one more where there is a next page.
    paging
        Which page.
    listing
        What the list is called, and its address.
    """
    survey = snapshot.survey.name
    download = (listing.download[0], {"survey": survey, **listing.download[1]}) if listing.download else None
    return page("list.html.j2", q="", title=listing.title, survey=survey, surveys=list(service.lake.surveys),
                rows=rows[:PAGE_ROWS], page=paging.number, first=paging.offset + 1, is_more=len(rows) > PAGE_ROWS,
                path=listing.path, asked=listing.asked, download=download)  # fmt: skip
