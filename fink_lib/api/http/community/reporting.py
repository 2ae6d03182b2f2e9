"""Routes of reports to others: ask that one is sent, read it, decide, see what they answered."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fink_lib.api.http.community.access import answered, json_of, reader_of, speaker_of
from fink_lib.api.http.community.asking import decided_on, wish_facts, wish_of, with_steps
from fink_lib.api.http.community.described import REFUSED, asked_with, report_sent
from fink_lib.api.http.errors import Refused
from fink_lib.api.lake import Lake
from fink_lib.api.reported import discovery_of
from fink_lib.community.kinds import Kind
from fink_lib.community.log import Log
from fink_lib.community.people import Person
from fink_lib.followup.book import Request as Wish
from fink_lib.followup.book import requests
from fink_lib.followup.facilities import read_facilities
from fink_lib.followup.reports.wished import ReportWish, ask_report
from fink_lib.followup.run import Desk

REPORTS = (Kind.PUBLICATION,)


def reporting_router(log: Log, lake: Lake) -> APIRouter:
    """Return the routes of reports.

    Parameters
    ----------
    log
        Where wishes and their steps are.
    lake
        What reports are written from; its settings say which services there are.
    """
    router = APIRouter(tags=["reports"], responses=REFUSED)

    @router.get("/reports", summary="Reports to others, as they stand")
    async def listed(request: Request) -> Response:
        reader = reader_of(request)
        return await answered(lambda: [wish_facts(one) for one in requests(log, reader, REPORTS)])

    @router.post("/reports", summary="Ask that a report is sent; the same again is the report that there is",
                 openapi_extra=report_sent())  # fmt: skip
    async def asked(request: Request) -> Response:
        speaker, said = speaker_of(request), await json_of(request)
        return await answered(lambda: wish_facts(report_asked_for(log, lake, speaker, said)))

    @router.get("/reports/{key}", summary="One report, with its steps and what the other side answered")
    async def one(request: Request, key: str) -> Response:
        reader = reader_of(request)
        return await answered(lambda: with_steps(log, wish_of(log, reader, key, REPORTS)))

    @router.post("/reports/{key}/{decision}", summary="approve, reject, cancel a report; arrived, done",
                 openapi_extra=asked_with("reason"))  # fmt: skip
    async def decided(request: Request, key: str, decision: str) -> Response:
        speaker, why = speaker_of(request), request.query_params.get("reason", "")
        desk = Desk(log, read_facilities(lake.settings))
        return await answered(lambda: wish_facts(decided_on(desk, speaker, key, (decision, why), REPORTS)))

    return router


def report_asked_for(log: Log, lake: Lake, speaker: Person, said: Any) -> Wish:
    """Ask that a report is sent.

    Parameters
    ----------
    log, lake
        Where it is asked for, and where the object is read.
    speaker, said
        Who asks, and the fields of `ReportWish`.

    Raises
    ------
    Refused
        When it is no object.
    """
    if not isinstance(said, dict):
        raise Refused("send survey, object_id, service and what", fix="docs/community.md shows a report")
    wish = ReportWish.of(said)
    service = read_facilities(lake.settings).service(wish.service)
    return ask_report(log, speaker, service, wish, discovery_of(lake, wish.survey, wish.object_id))
