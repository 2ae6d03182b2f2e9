"""The routes: what each is asked by, and which question it puts to the lake."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pyarrow as pa
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from fink_lib.accounts.asking import asking
from fink_lib.accounts.claims import Claims
from fink_lib.api.http import parameters as p
from fink_lib.api.http.answers import etag, facts_answer, headers_of, is_known, unchanged
from fink_lib.api.http.errors import Refused
from fink_lib.api.http.service import Service, window
from fink_lib.api.lake import Snapshot
from fink_lib.api.names import EVERYTHING
from fink_lib.api.queries import latest, objects, records
from fink_lib.api.queries.alerts import Wanted
from fink_lib.api.queries.cone import Cone, cone
from fink_lib.filters.base import topic_of
from fink_lib.filters.registry import filters_of
from fink_lib.filters.restricted import restricted_topics
from fink_lib.served.access import sees_topic
from fink_lib.surveys import Survey

Answer = Callable[[Service, Request, Any], Response]


@dataclass(frozen=True)
class Route:
    """One route, for GET and POST.

    Attributes
    ----------
    name
        Last part of its path.
    model
        What may be asked.
    answer
        What answers.
    summary
        One sentence.
    example
        Parameters of an example, over the sample night.
    """

    name: str
    model: type[BaseModel]
    answer: Answer
    summary: str
    example: dict[str, Any]


def ids_of(service: Service, asked: p.OfObjects) -> tuple[Survey, list[str], list[int]]:
    """Return the survey of a request, the objects and the alerts that it names.

    Parameters
    ----------
    service
        It knows which surveys are served.
    asked
        The request; names of objects and ids of alerts may stand under the survey's own parameters.

    Raises
    ------
    Refused
        When it names none, or too many, or what is no id.
    """
    survey = service.survey(asked.survey, asked)
    facts = survey.served
    found = getattr(asked, facts.object_parameter, ()) or asked.object
    ids = getattr(asked, facts.alert_parameter, ()) or asked.alert
    for name, values in ((facts.object_parameter, found), (facts.alert_parameter, ids)):
        if len(values) > p.LONGEST_LIST:
            raise Refused(f"{len(values)} ids are too many for one request", parameter=name, value=len(values),
                          fix=f"ask for at most {p.LONGEST_LIST} at a time")  # fmt: skip
    if not found and not ids:
        raise Refused(f"the parameter '{facts.object_parameter}' is missing or empty", parameter=facts.object_parameter,
                      fix=f"name objects with commas, or alerts by {facts.alert_parameter}")  # fmt: skip
    if wrong := [one for one in found if not re.fullmatch(survey.fields.object_name, one)]:
        raise Refused(f"'{wrong[0]}' is no name of an object of {survey.name}", parameter=facts.object_parameter,
                      value=wrong[0], fix=f"names match {survey.fields.object_name}")  # fmt: skip
    return survey, list(found), [_alert_id(one, facts.alert_parameter) for one in ids]


def _alert_id(text: str, parameter: str) -> int:
    if not re.fullmatch(r"\d{1,19}", text) or int(text) > p.LARGEST_ID:
        raise Refused(
            f"'{text}' is no id of an alert", parameter=parameter, value=text, fix="a whole number of 64 bits"
        )
    return int(text)


def of_objects(service: Service, request: Request, asked: p.OfObjects) -> Response:
    """Answer with the alerts of objects."""
    _, names, ids = ids_of(service, asked)
    _refuse_cutouts(asked)
    snapshot = service.snapshot(asked)
    chosen = window(snapshot, asked)
    if asked.withupperlim:
        return service.table(request, asked, snapshot, lambda: _with_limits(service, snapshot, names, chosen, asked))
    if names:
        wanted = objects.light_curves(names, chosen, asked.columns, asked.limit, asked.offset)
    else:
        wanted = replace(objects.by_alert(ids, asked.columns), limit=asked.limit, offset=asked.offset)
        wanted = replace(wanted, where=(*wanted.where, *chosen))
    if asked.midpointMjdTai is not None:
        wanted = replace(wanted, where=(*wanted.where, f"time = {asked.midpointMjdTai!r}::DOUBLE"))
    return service.answer(request, asked, snapshot, wanted)


def _refuse_cutouts(asked: p.OfObjects) -> None:
    if asked.withcutouts:
        raise Refused("tables of alerts hold no cutouts", parameter="withcutouts", value=True,
                      fix="leave it out, and ask /api/v1/cutouts for those of one alert")  # fmt: skip


def _with_limits(
    service: Service, snapshot: Snapshot, names: list[str], chosen: tuple[str, ...], asked: p.OfObjects
) -> pa.Table:
    if not names or "mag_limit" not in snapshot.survey.inputs.points:
        raise Refused(f"packets of {snapshot.survey.name} tell no upper limits", parameter="withupperlim", value=True,
                      fix="leave it out; name objects, not alerts")  # fmt: skip
    columns = service.columns(snapshot, asked.columns)
    return objects.with_limits(snapshot, names, chosen, columns)


def by_name(service: Service, request: Request, asked: p.OfObjects) -> Response:
    """Answer as Fink's API of the survey does: with alerts, or with a row an object."""
    survey, names, ids = ids_of(service, asked)
    _refuse_cutouts(asked)
    if survey.served.by_object == "objects":
        return of_objects(service, request, asked)
    snapshot = service.snapshot(asked)
    if ids:
        raise Refused("this route is about objects", parameter=survey.served.alert_parameter, value=ids[0],
                      fix="ask /sources for alerts")  # fmt: skip
    service.columns(snapshot, asked.columns)
    return service.table(request, asked, snapshot, lambda: objects.summaries(snapshot, names, asked.columns))


def conesearch(service: Service, request: Request, asked: p.Around) -> Response:
    """Answer with the newest alert of each object in a circle, the nearest first."""
    snapshot = service.snapshot(asked)
    around = Cone(asked.ra, asked.dec, asked.radius / 3600.0)
    limit = asked.limit if asked.limit is not None else asked.n
    return service.answer(
        request, asked, snapshot, cone(around, window(snapshot, asked), asked.columns, limit, asked.offset)
    )


def latests(service: Service, request: Request, asked: p.Newest) -> Response:
    """Answer with the newest alerts of a class."""
    snapshot, limit = service.snapshot(asked), asked.limit or asked.n
    chosen = window(snapshot, asked)
    wanted = latest.of_class(asked.class_, chosen, asked.columns, limit, asked.offset)
    return service.answer(
        request, asked, snapshot, latest.narrowed(snapshot, wanted, asked.class_, bounded=bool(chosen))
    )


def classes(service: Service, request: Request, asked: p.Told) -> Response:
    """Answer with every class and how many alerts have it."""
    snapshot = service.snapshot(asked)
    tag = etag(snapshot, "classes")
    if is_known(request, tag):
        return unchanged(snapshot, tag)
    rows = latest.classes(snapshot).to_pylist()
    return facts_answer({row["class"]: row["alerts"] for row in rows}, headers_of(snapshot, tag))


def tags(service: Service, request: Request, asked: p.Sent) -> Response:
    """Answer with the newest alerts that a filter sent, or with the filters."""
    survey, settings = service.survey(asked.survey), service.lake.settings
    sees = partial(_sees_filter, survey.name, asking().claims, restricted_topics(settings))
    filters = {one.name: one for one in filters_of(survey.name) if sees(one.name)}
    if asked.tag is None:
        told = {
            name: {"description": one.description, "topic": one.topic, "API support": True}
            for name, one in filters.items()
        }
        return facts_answer(told)
    snapshot, limit = service.snapshot(asked), asked.limit or asked.n
    most = min(limit + 1, p.LONGEST_LIST)
    ids = latest.sent_by(snapshot, settings.lake, asked.tag, most, asked.offset) if sees(asked.tag) else []
    if not ids and asked.tag not in filters:
        raise Refused(f"there is no filter '{asked.tag}'", parameter="tag", value=asked.tag,
                      fix="/api/v1/tags without a tag lists them", status=404)  # fmt: skip
    wanted = objects.by_alert(ids, asked.columns) if ids else Wanted(("false",), asked.columns)
    return service.answer(
        request, asked, snapshot, replace(wanted, where=(*wanted.where, *window(snapshot, asked)), limit=limit)
    )


def _sees_filter(survey: str, claims: Claims, restricted: frozenset[str], name: str) -> bool:
    """Tell whether somebody may know of a filter, and of what it sent: whoever may read its topic."""
    return sees_topic(claims, topic_of(name, survey), restricted)


def statistics(service: Service, request: Request, asked: p.OfNight) -> Response:
    """Answer with the numbers of nights."""
    snapshot, lake = service.snapshot(asked), service.lake.settings.lake

    def make() -> pa.Table:
        rows = records.statistics(snapshot, lake, asked.date)
        if not asked.columns or EVERYTHING in asked.columns:
            return rows
        if unknown := [name for name in asked.columns if name not in rows.column_names]:
            raise Refused(
                f"there is no number '{unknown[0]}'", parameter="columns", value=unknown[0], fix="leave columns out"
            )
        return rows.select(list(dict.fromkeys(["night", *asked.columns])))

    return service.table(request, asked, snapshot, make, by_content=True)


def schema(service: Service, request: Request, asked: p.Told) -> Response:
    """Answer with every column: where it comes from, its unit and its meaning."""
    snapshot = service.snapshot(asked)
    tag = etag(snapshot, "schema")
    if is_known(request, tag):
        return unchanged(snapshot, tag)
    told = {
        name: {"doc": place.meaning, "unit": place.unit, "table": "silver" if place.wide else "sources"}
        for name, place in snapshot.names.places.items()
    }
    return facts_answer(told, headers_of(snapshot, tag))


def resolver(service: Service, request: Request, asked: p.Named) -> Response:
    """Answer with the objects that are called so."""
    name = asked.name or asked.name_or_id
    if not name.strip():
        raise Refused("the parameter 'name' is missing or empty", parameter="name", fix="give the name of an object")
    snapshot = service.snapshot(asked)
    return service.table(request, asked, snapshot, lambda: records.resolve(snapshot, name.strip(), asked.nmax))


def sso(service: Service, request: Request, asked: p.Moving) -> Response:
    """Answer with the alerts of a moving object."""
    snapshot = service.snapshot(asked)
    where = records.moving(snapshot, asked.n_or_d)
    if not where:
        raise Refused(f"alerts of {snapshot.survey.name} do not name moving objects", parameter="survey",
                      value=snapshot.survey.name, fix="ask another survey", status=404)  # fmt: skip
    chosen = (" OR ".join(where), *window(snapshot, asked))
    return service.answer(
        request, asked, snapshot, Wanted(chosen, asked.columns, limit=asked.limit, offset=asked.offset)
    )


def tracklet(service: Service, request: Request, asked: p.Tracklet) -> Response:
    """Answer with alerts that were linked as the path of one moving object."""
    if not asked.date and not asked.id:
        raise Refused(
            "neither 'date' nor 'id' is given", parameter="date", fix="give a night, or the name of a tracklet"
        )
    snapshot, lake = service.snapshot(asked), service.lake.settings.lake
    return service.table(request, asked, snapshot, lambda: records.tracklets(snapshot, lake, asked.date, asked.id))


ROUTES = (
    Route(
        "objects",
        p.OfObjects,
        by_name,
        "Objects: their alerts (ZTF), or a row each (LSST)",
        {"objectId": "ZTF21acoshvy"},
    ),
    Route(
        "sources",
        p.OfObjects,
        of_objects,
        "Alerts of objects, the newest first",
        {"objectId": "ZTF21acoshvy", "columns": "i:jd,i:magpsf"},
    ),
    Route(
        "conesearch",
        p.Around,
        conesearch,
        "Objects in a circle, the nearest first",
        {"ra": 49.1551, "dec": 44.145, "radius": 5},
    ),
    Route("latests", p.Newest, latests, "The newest alerts of a class", {"class": "SN candidate", "n": 5}),
    Route("classes", p.Told, classes, "Every class, and how many alerts have it", {}),
    Route("tags", p.Sent, tags, "The newest alerts that a filter sent; or the filters", {}),
    Route("statistics", p.OfNight, statistics, "Numbers of nights", {"date": "2021"}),
    Route("schema", p.Told, schema, "Every column, its unit and its meaning", {}),
    Route("resolver", p.Named, resolver, "Objects by their names in our tables", {"name": "ZTF21acoshvy"}),
    Route("sso", p.Moving, sso, "Alerts of a moving object", {"n_or_d": "8467"}),
    Route("tracklet", p.Tracklet, tracklet, "Alerts linked as the path of a moving object", {"date": "2021-11-22"}),
)
