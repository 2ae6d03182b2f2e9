"""What people say, on the page of an object: shown to who may see it, and said by forms of these pages."""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fink_lib.accounts.asking import asking
from fink_lib.accounts.claims import Scope
from fink_lib.accounts.web import PROOF_FIELD, known, require_own_form
from fink_lib.api.http.community.access import refusing
from fink_lib.api.http.errors import Refused
from fink_lib.community.board import board
from fink_lib.community.draft import Draft
from fink_lib.community.ids import STATEMENT_ID
from fink_lib.community.kinds import GROUP, PERSON, PUBLIC
from fink_lib.community.log import Log
from fink_lib.community.objects import object_view
from fink_lib.community.people import person_of
from fink_lib.community.saying import say
from fink_lib.community.taxonomy import NEWEST, TAXONOMIES
from fink_lib.community.uploads import draft_of_upload
from fink_lib.followup.facilities import Facilities
from fink_lib.followup.reports.tns import AT_TYPES
from fink_lib.portal.drawing import page
from fink_lib.portal.searching import object_address
from fink_lib.portal.uploaded import picture_of

Facts = dict[str, Any]
SEE_OTHER = 303
UPLOADED = ("photometry", "spectrum")
MOST_FILE_BYTES = 8 * 1024 * 1024
CLAIM_HOURS = (6, 24, 72, 168)
SAYING, BOARD = "/community/say", "/community/board/{name}"


def shown_of(log: Log, survey: str, object_id: str, facilities: Facilities) -> dict[str, Any]:
    """Return what the page of an object shows of what is said, for who asks now.

    Parameters
    ----------
    log
        What people say.
    survey
        Name of the survey.
    object_id
        Name of the object.
    facilities
        Those that an observation can be asked of, and services that take reports.
    """
    person = person_of(asking().claims)
    view = object_view(log.now(), person, survey, object_id, dt.datetime.now(dt.UTC))
    groups = [GROUP + name for name in sorted(person.groups)]
    may_write = bool(person.name) and asking().claims.may(Scope.WRITE)
    drawn = [(one, picture_of(one)) for one in (*view["photometry"], *view["spectra"])]
    return {
        **view,
        "drawn": drawn,
        "classes": list(TAXONOMIES[NEWEST].parents),
        "hours": CLAIM_HOURS,
        "may_write": may_write,
        "visibilities": [PUBLIC, *groups, *([PERSON + person.name] if person.name else [])],
        "person": person.name,
        "facilities": sorted(facilities.observing),
        "services": [(name, what) for name, one in sorted(facilities.services.items()) for what in one.takes],
        "at_types": list(AT_TYPES),
    }


def add_community(app: FastAPI, log: Log) -> None:
    """Add the form by which people speak, and the boards of groups.

    Parameters
    ----------
    app
        The application; its state has the accounts.
    log
        Where what is said goes.
    """

    async def speak(request: Request) -> Response:
        async with request.form(max_files=1) as form:
            file = form.get("file")
            content = b"" if file is None or isinstance(file, str) else await file.read(MOST_FILE_BYTES + 1)
            said = {name: value for name, value in form.items() if isinstance(value, str) and value}
        return await run_in_threadpool(answer_or_why_not, lambda: _spoken(log, request, said, content))

    def show_board(request: Request) -> Response:
        return answer_or_why_not(lambda: _board(log, request.path_params["name"]))

    app.add_route(SAYING, speak, methods=["POST"], include_in_schema=False)
    app.add_route(BOARD, show_board, methods=["GET"], include_in_schema=False)


def answer_or_why_not(answer: Any) -> Response:
    """Return an answer, or as a page why there is none."""
    try:
        found: Response = answer()
    except Refused as error:
        said, status = error.message, error.status
    except HTTPException as error:
        said, status = str(error.detail), error.status_code
    else:
        return found
    return page("nothing.html.j2", status, q="", said=f"{said[:1].upper()}{said[1:]}.", close=())


def _spoken(log: Log, request: Request, said: dict[str, str], content: bytes) -> Response:
    claims = known(request)
    require_own_form(request, claims, said.pop(PROOF_FIELD, ""))
    if len(content) > MOST_FILE_BYTES:
        raise Refused(f"The file has more than {MOST_FILE_BYTES} bytes", status=413)
    back = object_address(said.get("survey", ""), said.get("object_id", ""))
    draft = refusing(lambda: _draft(said, content))
    refusing(lambda: say(log, person_of(claims), [draft]))
    return RedirectResponse(f"{back}#community", SEE_OTHER)


def _draft(said: Mapping[str, str], content: bytes) -> Draft:
    """Return the statement of a form.

    Raises
    ------
    Refused
        When a field holds what it cannot.
    """
    kind, about = said.get("kind", ""), said.get("about", "")
    if about and not STATEMENT_ID.fullmatch(about):
        raise Refused("this is about no statement")
    if kind in UPLOADED:
        return draft_of_upload(kind, content, {name: value for name, value in said.items() if name != "kind"})
    if kind not in _FORMS:
        raise Refused("this form says nothing that is known")
    around = {name: said[name] for name in ("survey", "object_id", "visibility") if name in said}
    return Draft.of({**around, "kind": kind, **_FORMS[kind](said)})


def _label(said: Mapping[str, str]) -> Facts:
    body = {"text": said.get("text", ""), **({"spectrum": said["spectrum"]} if "spectrum" in said else {})}
    return {"taxonomy": NEWEST, "label": said.get("label", ""), **_share(said), "body": body}


def _claim(said: Mapping[str, str]) -> Facts:
    until = dt.datetime.now(dt.UTC) + dt.timedelta(hours=_number(said, "hours"))
    return {"body": {"until": until.isoformat(), "intent": said.get("text", "")}}


def _citation(said: Mapping[str, str]) -> Facts:
    return {"cites": [{"uri": said.get("uri", ""), "relation": said.get("relation", "Cites")}]}


def _vote(said: Mapping[str, str]) -> Facts:
    return {"about_statement": said.get("about"), "body": {"value": _number(said, "value")}}


_FORMS: Mapping[str, Callable[[Mapping[str, str]], Facts]] = {
    "classification": _label,
    "claim": _claim,
    "citation": _citation,
    "vote": _vote,
    "comment": lambda said: {"body": {"text": said.get("text", "")}},
    "withdrawal": lambda said: {"supersedes": said.get("about")},
}


def _share(said: Mapping[str, str]) -> dict[str, float]:
    text = said.get("probability", "")
    if text and not re.fullmatch(r"[01](\.\d{1,6})?", text):
        raise Refused(f"“{text[:20]}” is no probability")
    return {"probability": float(text)} if text else {}


def _number(said: Mapping[str, str], name: str) -> int:
    text = said.get(name, "")
    if not re.fullmatch(r"-?\d{1,4}", text):
        raise Refused(f"“{text[:20]}” is no number")
    return int(text)


def _board(log: Log, name: str) -> Response:
    """Show the board of a group; to others it is as if there were none."""
    person = person_of(asking().claims)
    if name not in person.groups:
        raise Refused("There is no board of that name that you may see", status=404)
    rows = board(log.now(), person, name, dt.datetime.now(dt.UTC))
    return page("board.html.j2", q="", name=name, rows=rows)
