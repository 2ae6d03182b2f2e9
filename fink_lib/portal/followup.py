"""Requests for observations as a page: asked for on the page of an object, decided on and followed here."""

import datetime as dt
import json
from collections.abc import Collection, Mapping
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fink_lib.accounts.asking import asking
from fink_lib.accounts.claims import Scope
from fink_lib.accounts.web import PROOF_FIELD, known, require_own_form
from fink_lib.api.http.community.access import refusing
from fink_lib.api.http.community.asking import OBSERVATIONS, asked_for, decided_on
from fink_lib.api.http.errors import Refused
from fink_lib.community.kinds import Kind
from fink_lib.community.log import Log
from fink_lib.community.people import Person, person_of
from fink_lib.config import Settings
from fink_lib.followup.book import Request as Wish
from fink_lib.followup.book import history, requests
from fink_lib.followup.facilities import Facilities, read_facilities
from fink_lib.followup.run import Desk, may_decide
from fink_lib.followup.states import NEXT, State
from fink_lib.portal.community import SEE_OTHER, answer_or_why_not
from fink_lib.portal.drawing import page

PAGE, ASK, DECIDE = "/community/followup", "/community/followup/ask", "/community/followup/decide"
MOST_SHOWN = 200
BUTTONS: Mapping[str, State] = {"approve": State.APPROVED, "reject": State.REJECTED, "cancel": State.CANCELLED}


def add_followup(app: FastAPI, log: Log, settings: Settings) -> None:
    """Add the page, and the forms that ask and decide.

    Parameters
    ----------
    app
        The application; its state has the accounts.
    log
        Where wishes and their steps are.
    settings
        Say which facilities there are.
    """

    def show(_request: Request) -> Response:
        return answer_or_why_not(lambda: page("followup.html.j2", q="", rows=wishes(log, settings, OBSERVATIONS)))

    async def ask(request: Request) -> Response:
        said = await form_of(request)
        return await run_in_threadpool(answer_or_why_not, lambda: _asked(log, settings, request, said))

    async def decide(request: Request) -> Response:
        said = await form_of(request)
        return await run_in_threadpool(
            answer_or_why_not, lambda: decided_by_form(log, settings, request, said, OBSERVATIONS)
        )

    app.add_route(PAGE, show, methods=["GET"], include_in_schema=False)
    app.add_route(ASK, ask, methods=["POST"], include_in_schema=False)
    app.add_route(DECIDE, decide, methods=["POST"], include_in_schema=False)


async def form_of(request: Request) -> dict[str, str]:
    """Return what a form says, without what was left empty."""
    async with request.form() as form:
        return {name: value for name, value in form.items() if isinstance(value, str) and value}


def wishes(log: Log, settings: Settings, kinds: Collection[Kind]) -> list[dict[str, Any]]:
    """Return what is shown of requests of some kinds, for who asks now: what goes on first, the newest first.

    Parameters
    ----------
    log
        Where wishes and their steps are.
    settings
        Say which facilities and services there are.
    kinds
        Observations, reports, or both.
    """
    person, facilities = person_of(asking().claims), read_facilities(settings)
    found = sorted(requests(log, person, kinds), key=lambda one: (one.is_over, -one.since.timestamp()))[:MOST_SHOWN]
    may_write = bool(person.name) and asking().claims.may(Scope.WRITE)
    return [_row(log, facilities, person, one, may_write=may_write) for one in found]


def _row(log: Log, facilities: Facilities, person: Person, one: Wish, *, may_write: bool) -> dict[str, Any]:
    """Return what is shown of a request: how it stands, its steps, and what this reader may decide."""
    facility = facilities.by_name.get(one.body["facility"])
    buttons = [
        name for name, state in BUTTONS.items()
        if may_write and facility is not None and state in NEXT.get(one.state, ())
        and may_decide(facility, person, one, state)
    ]  # fmt: skip
    steps = [(row["at"], row["author"], row["body"]) for row in _steps(log, one)]
    return {"wish": one, "steps": steps, "buttons": buttons}


def _steps(log: Log, one: Wish) -> list[dict[str, Any]]:
    return [{**row, "body": json.loads(row["body"])} for row in history(log, one.row)]


def _asked(log: Log, settings: Settings, request: Request, said: dict[str, str]) -> Response:
    claims = known(request)
    require_own_form(request, claims, said.pop(PROOF_FIELD, ""))
    try:
        place = {name: float(said[name]) for name in ("ra", "dec")}
        observation: dict[str, Any] = {"exposure_s": float(said["exposure_s"])}
    except (KeyError, ValueError) as error:
        raise Refused("Give the exposure as a number of seconds") from error
    observation |= {name: said[name] for name in ("instrument_type", "filter") if name in said}
    body = {
        "facility": said.get("facility", ""),
        "night": said.get("night") or dt.datetime.now(dt.UTC).date().isoformat(),
        "live": said.get("live") == "yes",
        "observation": observation,
        "text": said.get("text", ""),
    }
    around = {name: said[name] for name in ("survey", "object_id", "visibility") if name in said}
    refusing(lambda: asked_for(log, settings, person_of(claims), {**around, **place, "body": body}))
    return RedirectResponse(PAGE, SEE_OTHER)


def decided_by_form(
    log: Log, settings: Settings, request: Request, said: dict[str, str], kinds: Collection[Kind]
) -> Response:
    """Decide as a form says, and go back to the page that it stands on.

    Parameters
    ----------
    log, settings
        Where, and whom it may ask.
    request, said
        Of the form, and its fields: ``key``, ``decision``, ``reason``.
    kinds
        Of what may be decided on here.

    Raises
    ------
    Refused
        When the form decides nothing, or the decision is not for whoever sent it.
    """
    claims = known(request)
    require_own_form(request, claims, said.pop(PROOF_FIELD, ""))
    if said.get("decision") not in BUTTONS:
        raise Refused("This form decides nothing that is known")
    desk = Desk(log, read_facilities(settings))
    told = said["decision"], said.get("reason", "")
    refusing(lambda: decided_on(desk, person_of(claims), said.get("key", ""), told, kinds))
    return RedirectResponse(request.url.path.rpartition("/")[0], SEE_OTHER)
