"""Reports to others as a page: what each says, who approved it, whether it was sent, and what they answered."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fink_lib.accounts.web import PROOF_FIELD, known, require_own_form
from fink_lib.api.http.community.access import refusing
from fink_lib.api.http.community.reporting import REPORTS, report_asked_for
from fink_lib.api.lake import Lake
from fink_lib.community.log import Log
from fink_lib.community.people import person_of
from fink_lib.portal.community import SEE_OTHER, answer_or_why_not
from fink_lib.portal.drawing import page
from fink_lib.portal.followup import decided_by_form, form_of, wishes

PAGE, ASK, DECIDE = "/community/reports", "/community/reports/ask", "/community/reports/decide"
OURS = frozenset({"checked", "dry_run"})
ASKED = ("survey", "object_id", "visibility", "title", "text", "at_type", "label", "tns_name", "instrument_id",
         "spectrum_type_id")  # fmt: skip


def add_reports(app: FastAPI, log: Log, lake: Lake) -> None:
    """Add the page, and the forms that ask and decide.

    Parameters
    ----------
    app
        The application; its state has the accounts.
    log
        Where wishes and their steps are.
    lake
        What reports are written from; its settings say which services there are.
    """

    def show(_request: Request) -> Response:
        return answer_or_why_not(lambda: page("reports.html.j2", q="", rows=_rows(log, lake)))

    async def ask(request: Request) -> Response:
        said = await form_of(request)
        return await run_in_threadpool(answer_or_why_not, lambda: _asked(log, lake, request, said))

    async def decide(request: Request) -> Response:
        said, settings = await form_of(request), lake.settings
        return await run_in_threadpool(
            answer_or_why_not, lambda: decided_by_form(log, settings, request, said, REPORTS)
        )

    app.add_route(PAGE, show, methods=["GET"], include_in_schema=False)
    app.add_route(ASK, ask, methods=["POST"], include_in_schema=False)
    app.add_route(DECIDE, decide, methods=["POST"], include_in_schema=False)


def _rows(log: Log, lake: Lake) -> list[dict[str, Any]]:
    """Return the reports with what each says and what was answered, as text."""
    return [{**row, "says": _text(row["wish"].body["report"]), "answers": _answers(row["steps"])}
            for row in wishes(log, lake.settings, REPORTS)]  # fmt: skip


def _text(report: Mapping[str, Any]) -> str:
    return str(report["voevent"]) if "voevent" in report else json.dumps(report, indent=1, ensure_ascii=False)


def _answers(steps: list[Any]) -> list[tuple[str, str]]:
    """Return state and words of each answer of the other side; what was thought or shown here is none."""
    told = [body for _, _, body in steps if body["answer"] and body["state"] not in OURS]
    return [(body["state"], body["answer"]) for body in told]


def _asked(log: Log, lake: Lake, request: Request, said: dict[str, str]) -> Response:
    claims = known(request)
    require_own_form(request, claims, said.pop(PROOF_FIELD, ""))
    service, _, what = said.get("report", "").partition(" ")
    wish = {name: said[name] for name in ASKED if name in said}
    told = {**wish, "service": service, "what": what, "live": said.get("live") == "yes"}
    refusing(lambda: report_asked_for(log, lake, person_of(claims), told))
    return RedirectResponse(PAGE, SEE_OTHER)
