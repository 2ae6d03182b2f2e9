"""Routes of follow-up: ask, look, decide."""

import datetime as dt
from collections.abc import Collection
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fink_lib.api.http.community.access import NOT_FOUND, answered, json_of, reader_of, speaker_of
from fink_lib.api.http.community.described import REFUSED, asked_with, wish_sent
from fink_lib.api.http.errors import Refused
from fink_lib.community.kinds import Kind
from fink_lib.community.log import Log
from fink_lib.community.objects import told as told_of
from fink_lib.community.people import Person
from fink_lib.config import Settings
from fink_lib.followup.book import Request as Wish
from fink_lib.followup.book import ask, history, requests
from fink_lib.followup.facilities import read_facilities
from fink_lib.followup.observability import Limits, observability
from fink_lib.followup.run import Desk, decide
from fink_lib.followup.sites import SITES, site_of
from fink_lib.followup.states import State

PLACE: dict[str, Any] = {"ra": 49.1551, "dec": 44.1449, "site": "la-silla", "night": "2026-01-20"}
OBSERVATIONS = (Kind.FOLLOWUP_REQUEST,)
DECISIONS = {"approve": State.APPROVED, "reject": State.REJECTED, "cancel": State.CANCELLED,
             "arrived": State.SUBMITTED, "done": State.COMPLETED}  # fmt: skip


def asking_router(log: Log, settings: Settings) -> APIRouter:
    """Return the routes of follow-up.

    Parameters
    ----------
    log
        Where wishes and their steps are.
    settings
        Say which facilities there are.
    """
    router = APIRouter(tags=["follow-up"], responses=REFUSED)

    @router.get("/followup", summary="Requests for observations, as they stand")
    async def listed(request: Request) -> Response:
        reader = reader_of(request)
        return await answered(lambda: [wish_facts(one) for one in requests(log, reader, OBSERVATIONS)])

    @router.post("/followup", summary="Ask for an observation; the same wish again is the request that there is",
                 openapi_extra=wish_sent())  # fmt: skip
    async def asked(request: Request) -> Response:
        speaker, said = speaker_of(request), await json_of(request)
        return await answered(lambda: wish_facts(asked_for(log, settings, speaker, said)))

    @router.get("/followup/{key}", summary="One request, with its steps")
    async def one(request: Request, key: str) -> Response:
        reader = reader_of(request)
        return await answered(lambda: with_steps(log, wish_of(log, reader, key, OBSERVATIONS)))

    @router.post("/followup/{key}/{decision}", summary="approve, reject, cancel a request; arrived, done",
                 openapi_extra=asked_with("reason"))  # fmt: skip
    async def decided(request: Request, key: str, decision: str) -> Response:
        speaker, why = speaker_of(request), request.query_params.get("reason", "")
        said = decision, why
        desk = Desk(log, read_facilities(settings))
        return await answered(lambda: wish_facts(decided_on(desk, speaker, key, said, OBSERVATIONS)))

    @router.get("/observability", summary="How a place can be observed in a night at a site",
                openapi_extra=asked_with(*PLACE, "max_airmass", "min_moon_deg", **PLACE))  # fmt: skip
    async def observable(request: Request) -> Response:
        said = dict(request.query_params)
        return await answered(lambda: observable_facts(said))

    return router


def wish_facts(one: Wish) -> dict[str, Any]:
    """Return a request for programs."""
    row = told_of(one.row)
    names = ("survey", "object_id", "ra", "dec", "author", "visibility", "at", "statement_id")
    told = ("facility", "rule", "night", "live", "observation", "report", "text")
    body = {name: one.body[name] for name in told if name in one.body}
    stands = {"state": str(one.state), "since": one.since.isoformat(), "external_id": one.external_id}
    return {"key": one.key, **{name: row.get(name) for name in names}, **body, **stands, "reason": one.reason}


def wish_of(log: Log, reader: Person, key: str, kinds: Collection[Kind]) -> Wish:
    """Return a request.

    Parameters
    ----------
    log, reader, key
        Where, who asks, and its name.
    kinds
        Observations, reports, or both.

    Raises
    ------
    Refused
        When there is none that the reader may see.
    """
    found = next((one for one in requests(log, reader, kinds) if one.key == key), None)
    if found is None:
        raise Refused(f"there is no request '{key[:40]}'", status=NOT_FOUND)
    return found


def asked_for(log: Log, settings: Settings, speaker: Person, said: Any) -> Wish:
    """Ask for an observation.

    Parameters
    ----------
    log
        Where the wish goes.
    settings
        Say which facilities there are.
    speaker
        Who asks.
    said
        JSON of the request as it came; without a rule in its `body`, the rule is `by_hand.` and the speaker's name.

    Raises
    ------
    Refused
        When something is missing.
    """
    if not isinstance(said, dict) or not isinstance(said.get("body"), dict):
        raise Refused("send survey, object_id, ra, dec and body", fix="docs/community.md shows a request")
    body = {"rule": f"by_hand.{speaker.name}", "live": False, **said["body"]}
    missing = ({"survey", "object_id", "ra", "dec"} - said.keys()) | (
        {"facility", "night", "observation"} - body.keys()
    )
    if missing:
        raise Refused(f"the request lacks '{min(missing)}'", parameter=min(missing))
    facility = read_facilities(settings).observer(str(body["facility"]))
    return ask(log, speaker, {**said, "body": body}, most=facility.quota_per_night)


def with_steps(log: Log, one: Wish) -> dict[str, Any]:
    """Return a request for programs, with each step of it.

    Parameters
    ----------
    log
        Where the steps are.
    one
        A request that the reader may see: that is not looked at here.
    """
    return {**wish_facts(one), "steps": [told_of(row) for row in history(log, one.row)]}


def decided_on(desk: Desk, speaker: Person, key: str, said: tuple[str, str], kinds: Collection[Kind]) -> Wish:
    """Decide on a request.

    Parameters
    ----------
    desk, speaker, key
        Where, who decides, and on which.
    said
        Which decision, and why.
    kinds
        Observations, reports, or both.

    Raises
    ------
    Refused
        When there is no such decision or request.
    """
    decision, why = said
    if decision not in DECISIONS:
        raise Refused(f"'{decision[:20]}' is no decision", fix=", ".join(DECISIONS), status=NOT_FOUND)
    return decide(desk, speaker, wish_of(desk.log, speaker, key, kinds), DECISIONS[decision], why)


def observable_facts(said: dict[str, str]) -> dict[str, Any]:
    """Return how a place can be observed, out of a query: ra, dec, site, night, max_airmass, min_moon_deg.

    Raises
    ------
    Refused
        When a parameter cannot be used.
    """
    try:
        ra, dec = float(said["ra"]), float(said["dec"])
        night = dt.date.fromisoformat(said.get("night") or dt.datetime.now(dt.UTC).date().isoformat())
        limits = Limits(float(said.get("max_airmass", 2.0)), float(said.get("min_moon_deg", 30.0)))
    except (KeyError, ValueError) as error:
        raise Refused(f"ra, dec, night or a limit cannot be used: {error}", fix=f"sites: {', '.join(SITES)}") from error
    if not (0.0 <= ra < 360.0 and abs(dec) <= 90.0):  # noqa: PLR2004 - the sphere
        raise Refused("there is no such place", parameter="ra", fix="degrees: ra in [0, 360), dec in [-90, 90]")
    return observability(ra, dec, site_of(said.get("site", "la-silla")), night, limits).as_json()
