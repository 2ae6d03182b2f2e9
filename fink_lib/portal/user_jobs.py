"""Jobs as pages: one's own, a form for SQL or Python, how far one is, its log and its result."""

from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from fink_lib.accounts.asking import asking
from fink_lib.api.http.service import Service
from fink_lib.portal.acting import Act, Said, add_acts
from fink_lib.portal.drawing import page
from fink_lib.user_jobs import asking as jobs
from fink_lib.user_jobs.http import refusing
from fink_lib.user_jobs.record import RIGHT, WAITS, Form, Language, UserJob
from fink_lib.vo.tables import tables_of

JOB = "/jobs/{name}"
LONGEST_NUMBER = 20
EXAMPLES = {
    Language.SQL: "SELECT band, count(*) AS n\nFROM {survey}.sources\nGROUP BY band",
    Language.PYTHON: "rows = db.sql('SELECT ra, dec FROM {survey}.sources').df()\nprint(len(rows))\nresult = rows",
}


def every(service: Service, _request: Request) -> Response:
    """Show one's own jobs and the form.

    Parameters
    ----------
    service
        The lake that jobs read.
    _request
        Not used.
    """
    claims, settings = asking().claims, service.lake.settings
    tables = [one for lake in service.lake.surveys.values() for one in tables_of(lake.now())]
    survey = next(iter(service.lake.surveys))
    examples = {name: text.format(survey=survey) for name, text in EXAMPLES.items()}
    return page("user_jobs.html.j2", q="", own=jobs.mine(settings, claims), may=claims.has(RIGHT), right=RIGHT,
                tables=tables, surveys=list(service.lake.surveys), forms=list(Form), examples=examples,
                settings=settings)  # fmt: skip


def one(service: Service, request: Request) -> Response:
    """Show a job of one's own.

    Parameters
    ----------
    service
        Its settings say where jobs are kept.
    request
        With the `name` of the job in its path.
    """
    claims, settings, name = asking().claims, service.lake.settings, request.path_params["name"]
    job: UserJob = refusing(lambda: jobs.own(settings, claims, name))
    log: str = refusing(lambda: jobs.log_of(settings, claims, name))
    return page("user_job.html.j2", q="", job=job, log=log, waits=job.state in WAITS)


def add_user_jobs(app: FastAPI, service: Service) -> None:
    """Add what the forms do.

    Parameters
    ----------
    app
        The application; its state has the accounts.
    service
        The lake that jobs read.
    """
    settings = service.lake.settings

    def submit(_request: Request, said: Said, _person: str) -> str:
        claims = asking().claims
        asked: dict[str, Any] = {
            name: value for name, value in said.items() if name in ("title", "language", "code", "format")
        }
        asked |= {"surveys": [said["survey"]]} if said.get("survey") else {}
        version = {"version": _number(said["version"])} if said.get("version") else {}
        job = jobs.asked_of({**asked, **version}, claims, tuple(service.lake.surveys))
        return JOB.format(name=jobs.submit(settings, job).name)

    def cancel(request: Request, _said: Said, _person: str) -> str:
        return JOB.format(name=jobs.cancel(settings, asking().claims, request.path_params["name"]).name)

    def again(request: Request, said: Said, _person: str) -> str:
        version = _number(said["version"]) if said.get("version") else None
        return JOB.format(name=jobs.again(settings, asking().claims, request.path_params["name"], version).name)

    acts = {"/jobs": submit, f"{JOB}/cancel": cancel, f"{JOB}/rerun": again}
    add_acts(app, {path: _refusing(act) for path, act in acts.items()})


def _refusing(act: Act) -> Act:
    return lambda request, said, person: str(refusing(lambda: act(request, said, person)))


def _number(text: str) -> int | str:
    return int(text) if text.isdecimal() and len(text) <= LONGEST_NUMBER else text
