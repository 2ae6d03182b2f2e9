"""Users' filters as pages: written, tried on past nights, activated, paused; each with its history."""

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fink_lib.accounts.asking import asking
from fink_lib.api.http.errors import Refused
from fink_lib.api.http.service import Service
from fink_lib.config import Settings
from fink_lib.errors import FinkError
from fink_lib.filters.restricted import restricted_topics
from fink_lib.filters.users.acting import Written, add, keep, refuse_too_much, running
from fink_lib.filters.users.predicate import parse_predicate
from fink_lib.filters.users.slow import standing as standing_of
from fink_lib.filters.users.store import Action, Event, history, newest
from fink_lib.filters.users.trial import Trial
from fink_lib.portal.acting import SEE_OTHER, Said, add_acts
from fink_lib.portal.drawing import page
from fink_lib.portal.nights import alerts_by_night
from fink_lib.portal.snapshots import snapshot_of
from fink_lib.portal.works.desk import Standing, State, begin, everything
from fink_lib.served.access import sees_topic

KIND = "filter trial"
OWN = "/filters/own/{survey}/{name}"
Row = dict[str, Any]


@dataclass(frozen=True)
class Tried:
    """A trial that has ended: a night each, the newest first, and the version that was tried."""

    nights: list[Trial]
    version: int

    @property
    def worst(self) -> Trial:
        """The night of which the largest share was selected."""
        return max(self.nights, key=lambda one: one.match_rate or 0.0)


def path_of(survey: str, name: str) -> str:
    """Return the address of a filter.

    Parameters
    ----------
    survey
        Name of the survey.
    name
        Name of the filter.
    """
    return OWN.format(survey=survey, name=name)


def listed(settings: Settings, survey: str) -> list[Row]:
    """Return the users' filters that whoever asks may know of, with how they stand, by name.

    Parameters
    ----------
    settings
        Say where the lake is, and which topics are restricted.
    survey
        Name of the survey.
    """
    events, hidden = history(settings.lake, survey), restricted_topics(settings)
    filters = [newest(events, name) for name in sorted({one.name for one in events})]
    return [
        {"filter": one, "state": standing_of(events, one.name), "path": path_of(survey, one.name)}
        for one in filters if _may_know(one, hidden)
    ]  # fmt: skip


def _may_know(event: Event, hidden: frozenset[str]) -> bool:
    """Tell whether a filter is for who asks: a restricted one is for its owner, and who may read its topic."""
    claims = asking().claims
    return sees_topic(claims, event.topic, hidden) or (not claims.is_anonymous and event.owner == claims.person)


def new(service: Service, request: Request) -> Response:
    """Show the form of a new filter.

    Parameters
    ----------
    service
        The lake.
    request
        With `survey` in its query; who is not logged in is led to the login.
    """
    snapshot = snapshot_of(service, request.query_params.get("survey"))
    if asking().claims.is_anonymous:
        return RedirectResponse(f"/login?next=/filters/new?survey={snapshot.survey.name}", SEE_OTHER)
    return page("new_filter.html.j2", q="", survey=snapshot.survey.name, surveys=list(service.lake.surveys))


def own(service: Service, request: Request) -> Response:
    """Show a filter, what was done with it, and the last trial of whoever asks.

    Parameters
    ----------
    service
        The lake.
    request
        With `survey` and `name` of the filter in its path.
    """
    settings, person = service.lake.settings, asking().claims.person
    event, events = _named(service, request)
    work = last_trial(settings, event, person)
    tried = tried_of(work) if work else None
    snapshot = snapshot_of(service, event.survey)
    nights = sorted(map(str, alerts_by_night(snapshot)), reverse=True)
    return page("own_filter.html.j2", q="", event=event, events=events[::-1], state=standing_of(events, event.name),
                path=path_of(event.survey, event.name), is_owner=bool(person) and event.owner == person, work=work,
                tried=tried, nights=nights, clauses=_clauses(event))  # fmt: skip


def last_trial(settings: Settings, event: Event, person: str) -> Standing | None:
    """Return the newest trial that somebody asked for of a filter's newest version.

    Parameters
    ----------
    settings
        Say where works are kept.
    event
        Newest version of the filter: trials of an earlier one are passed over.
    person
        Who asked for the trial.
    """
    about = {"survey": event.survey, "name": event.name, "version": event.version}
    mine = (one for one in everything(settings) if one.work.kind == KIND and one.work.person == person)
    return next((one for one in mine if one.work.about == about), None)


def tried_of(work: Standing) -> Tried | None:
    """Return what a trial has found; None where it has not ended well."""
    if work.state is not State.DONE:
        return None
    rows = json.loads(work.answer)
    return Tried([Trial.from_json(row) for row in rows], max(row["version"] for row in rows)) if rows else None


def add_own_filters(app: FastAPI, service: Service) -> None:
    """Add what the forms of these pages do.

    Parameters
    ----------
    app
        The application; its state has the accounts.
    service
        The lake that filters are written to and tried on.
    """
    settings = service.lake.settings

    def write(_request: Request, said: Said, person: str) -> str:
        survey = service.survey(said.get("survey") or None).name
        written = Written(survey, said.get("name", ""), said.get("predicate", ""), person, said.get("description", ""))
        mine = history(settings.lake, survey, written.name)
        if mine and newest(mine, written.name).owner != person:
            raise Refused(f"There is a filter '{written.name}' of somebody else: choose another name", status=409)
        add(settings.lake, written, person, after=len(mine))
        return path_of(survey, written.name)

    def attempt(request: Request, said: Said, person: str) -> str:
        event, _ = _named(service, request)
        first, last = (_night(said.get(name, "")) for name in ("first", "last"))
        words = ["filters", "test", event.name, "--survey", event.survey, "--night", first, "--last-night", last]
        about = {"survey": event.survey, "name": event.name, "version": event.version}
        begin(settings, KIND, person, [*words, "--json"], about)
        return f"{path_of(event.survey, event.name)}#trial"

    def activate(request: Request, said: Said, person: str) -> str:
        event, events = _mine(service, request, person)
        work = last_trial(settings, event, person)
        tried = tried_of(work) if work else None
        if tried is None or tried.version != event.version:
            raise Refused(f"Version {event.version} was not tried yet: try it on a past night first", status=409)
        refuse_too_much(event.name, tried.worst)
        rate = tried.worst.match_rate
        keep(settings.lake, event, len(events), Action.ACTIVATE, person, reason=said.get("reason", ""), rate=rate)
        return path_of(event.survey, event.name)

    def pause(request: Request, said: Said, person: str) -> str:
        event, events = _mine(service, request, person)
        active = running(events, event.name)
        keep(settings.lake, active, len(events), Action.PAUSE, person, reason=said.get("reason", ""))
        return path_of(event.survey, event.name)

    acts = {"/filters/new": write, f"{OWN}/try": attempt, f"{OWN}/activate": activate, f"{OWN}/pause": pause}
    add_acts(app, acts)


def _named(service: Service, request: Request) -> tuple[Event, list[Event]]:
    """Return the newest version of the filter that a path names, and all that was done with it."""
    survey, settings = service.survey(request.path_params["survey"]).name, service.lake.settings
    name = request.path_params["name"]
    events = history(settings.lake, survey, name)
    if not events or not _may_know(newest(events, name), restricted_topics(settings)):
        raise Refused(f"There is no filter “{name[:64]}” of a user of {survey}", status=404)
    return newest(events, name), events


def _mine(service: Service, request: Request, person: str) -> tuple[Event, list[Event]]:
    event, events = _named(service, request)
    if event.owner != person:
        raise Refused(f"Filter '{event.name}' is of {event.owner}: its owner alone does this", status=403)
    return event, events


def _clauses(event: Event) -> list[str]:
    """Return the clauses of a filter; a single one where it cannot be read any more."""
    try:
        return list(parse_predicate(event.predicate, _Everything()).shown)
    except FinkError:
        return [event.predicate]


class _Everything(frozenset[str]):
    """Holds every name: the predicate was judged when it was added."""

    def __contains__(self, _name: object) -> bool:
        return True


def _night(text: str) -> str:
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise Refused(f"“{text[:20]}” is no night: write it as 2021-11-22") from error
