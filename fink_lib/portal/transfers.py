"""Transfers as pages: what is sealed, a form to ask for one, its size before it is sent, and how far it is."""

import json
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from fink_lib.accounts.asking import asking
from fink_lib.api.http.errors import Refused
from fink_lib.api.http.service import Service
from fink_lib.api.lake import Snapshot
from fink_lib.api.queries import latest
from fink_lib.config import Settings
from fink_lib.filters.base import topic_of
from fink_lib.filters.registry import filters_of
from fink_lib.filters.restricted import restricted_topics
from fink_lib.filters.users.store import history
from fink_lib.portal.acting import Said, add_acts
from fink_lib.portal.drawing import page
from fink_lib.portal.nights import alerts_by_night
from fink_lib.portal.snapshots import snapshot_of
from fink_lib.portal.transfer_size import bytes_of_alert
from fink_lib.portal.works.desk import Standing, State, begin, everything, of_person
from fink_lib.served.access import sees_topic
from fink_lib.transfer.early import refuse_early
from fink_lib.transfer.request import By, Content, TransferRequest

PLAN, SEND = "transfer plan", "transfer"
WORK = "/transfers/{name}"
Row = dict[str, Any]


@dataclass(frozen=True)
class Estimate:
    """What a plan says, and how much that may be.

    Attributes
    ----------
    topic, nights, alerts
        Where to, and how many alerts of which night.
    megabytes
        About how much stands on the topic then; at most, where some columns alone are sent.
    """

    topic: str
    nights: dict[str, int]
    alerts: int
    megabytes: float


def every(service: Service, request: Request) -> Response:
    """Show the transfers that are sealed, one's own work, and the form.

    Parameters
    ----------
    service
        The lake.
    request
        With `survey` in its query, and perhaps what the form is to be filled with.
    """
    snapshot, person = snapshot_of(service, request.query_params.get("survey")), asking().claims.person
    settings = service.lake.settings
    own = [one for one in everything(settings) if one.work.kind in {PLAN, SEND} and one.work.person == person]
    return page("transfers.html.j2", q="", survey=snapshot.survey.name, surveys=list(service.lake.surveys),
                sealed=sealed(settings), own=own if person else [], nights=_nights(snapshot), contents=list(Content),
                filters=_filters(settings, snapshot), classes=_classes(snapshot), asked=dict(request.query_params),
                quota=settings.transfer_quota)  # fmt: skip


def one(service: Service, request: Request) -> Response:
    """Show a plan with its size, or a transfer that is sent: how far it is, its topic and its command.

    Parameters
    ----------
    service
        The lake.
    request
        With the `name` of the work in its path.

    Raises
    ------
    Refused
        When whoever asks has none of that name.
    """
    settings, name = service.lake.settings, request.path_params["name"]
    work = of_person(settings, name, asking().claims.person, PLAN, SEND)
    answer = json.loads(work.answer) if work.state is State.DONE else None
    estimate = _estimate(service, work, answer) if answer and work.work.kind == PLAN else None
    return page("transfer.html.j2", q="", work=work, asked=work.work.about, estimate=estimate,
                sent=answer if work.work.kind == SEND else None, quota=settings.transfer_quota)  # fmt: skip


def sealed(settings: Settings) -> list[Row]:
    """Return the manifests of sealed transfers that whoever asks may know of, the newest first."""
    found = [json.loads(one.read_text("utf-8")) for one in (settings.home / "transfers").glob("*/manifest.json")]
    hidden = restricted_topics(settings)
    mine = [row for row in found if row["by"] != By.FILTER or _sees(row["what"], row["survey"], hidden)]
    return sorted(mine, key=lambda row: (row["asked_at"], row["transfer_id"]), reverse=True)


def add_transfers(app: FastAPI, service: Service) -> None:
    """Add what the forms do.

    Parameters
    ----------
    app
        The application; its state has the accounts.
    service
        The lake that is sent from.
    """
    settings = service.lake.settings

    def plan(_request: Request, said: Said, person: str) -> str:
        request = TransferRequest.from_json({**_asked(service, said), "asked_by": person})
        refuse_early(settings, request)
        about = request.as_json()
        return WORK.format(name=begin(settings, PLAN, person, words_of(about, "--dry-run"), about).name)

    def send(request: Request, _said: Said, person: str) -> str:
        planned = of_person(settings, request.path_params["name"], person, PLAN)
        if planned.state is not State.DONE:
            raise Refused("This was not planned yet: wait until its size is known", status=409)
        about = planned.work.about
        _require_topic(settings, about)  # a right may have been taken away since the plan
        return WORK.format(name=begin(settings, SEND, person, words_of(about, "--progress"), about).name)

    add_acts(app, {"/transfers": plan, f"{WORK}/send": send})


def words_of(about: Row, how: str) -> list[str]:
    """Return the command of a transfer, after ``fink``: what is asked for stands last, and is no option.

    Parameters
    ----------
    about
        What is asked for, as a request's JSON; what is empty is left out.
    how
        `--dry-run` for the size alone, `--progress` to send.
    """
    given = {"--survey": about["survey"], "--by": about["by"], "--first-night": about["first_night"],
             "--last-night": about["last_night"], "--content": about["content"], "--who": about["asked_by"],
             "--reason": about["reason"], "--name": about["transfer_id"]}  # fmt: skip
    named = [word for name, value in given.items() if value for word in (name, value)]
    columns = [word for name in about["columns"] for word in ("--column", name)]
    return ["transfer", "send", *named, *columns, how, "--json", "--", about["what"]]


def _asked(service: Service, said: Said) -> Row:
    """Return what a form asks for.

    Raises
    ------
    Refused
        When it asks for a topic that is not for this person.
    """
    survey = service.survey(said.get("survey") or None).name
    by = said.get("by", "")
    what = said.get({By.FILTER: "filter", By.LABEL: "class"}.get(by, "predicate"), "")  # type: ignore[call-overload]
    _require_topic(service.lake.settings, {"by": by, "what": what, "survey": survey})
    columns = said.get("columns", "").replace(",", " ").split()
    first = said.get("first", "")
    return {"survey": survey, "by": by, "what": what, "first_night": first, "last_night": said.get("last") or first,
            "content": said.get("content", ""), "columns": columns, "reason": said.get("reason", "")}  # fmt: skip


def _require_topic(settings: Settings, about: Row) -> None:
    """Refuse a filter whose topic is not for who asks, as if there were none."""
    what, survey = about["what"], about["survey"]
    if about["by"] == By.FILTER and not _sees(what, survey, restricted_topics(settings)):
        raise Refused(f"There is no filter “{what[:64]}” of {survey}", status=404)


def _sees(name: str, survey: str, hidden: frozenset[str]) -> bool:
    return sees_topic(asking().claims, topic_of(name, survey), hidden)


def _nights(snapshot: Snapshot) -> list[str]:
    return sorted(map(str, alerts_by_night(snapshot)), reverse=True)


def _filters(settings: Settings, snapshot: Snapshot) -> list[str]:
    survey, hidden = snapshot.survey.name, restricted_topics(settings)
    names = {one.name for one in filters_of(survey)} | {one.name for one in history(settings.lake, survey)}
    return sorted(name for name in names if _sees(name, survey, hidden))


def _classes(snapshot: Snapshot) -> list[str]:
    return [row["class"] for row in latest.classes(snapshot).to_pylist() if row.get("class")]


def _estimate(service: Service, work: Standing, answer: Row) -> Estimate:
    about, counts = work.work.about, answer["rows_by_night"]
    snapshot = snapshot_of(service, about["survey"])
    each = bytes_of_alert(snapshot, about["first_night"], about["last_night"], Content(about["content"]))
    alerts = sum(counts.values())
    return Estimate(answer["topic"], counts, alerts, alerts * each / 1e6)
