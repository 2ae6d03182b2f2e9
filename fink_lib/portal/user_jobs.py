"""Jobs as pages: one's own, a form for SQL or Python, how far one is, its log, its result, and tables made of those."""

from pathlib import Path
from typing import Any

import pyarrow as pa
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from fink_lib.accounts.asking import asking
from fink_lib.api.http.service import Service
from fink_lib.api.sql import parquet, quoted
from fink_lib.errors import HostError
from fink_lib.portal.acting import Act, Said, add_acts
from fink_lib.portal.drawing import page
from fink_lib.served.access import may_drop
from fink_lib.served.private import PrivateTable
from fink_lib.served.private_store import PrivateTables, while_there
from fink_lib.served.results.book import ResultTopics
from fink_lib.user_jobs import asking as jobs
from fink_lib.user_jobs.record import RIGHT, WAITS, Form, Language, UserJob
from fink_lib.user_jobs.replies import refusing
from fink_lib.user_jobs.tables_http import drop as drop_table
from fink_lib.user_jobs.topics import send_to_topic
from fink_lib.vo.private import vo_table
from fink_lib.vo.tables import tables_of

JOB, TABLE = "/jobs/{name}", "/tables/{schema}/{table}"
LONGEST_NUMBER, SHOWN_ROWS, SHOWN_CHARACTERS = 20, 50, 200
FIELDS = ("title", "language", "code", "format", "table", "group")
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
    theirs = PrivateTables(settings).visible(claims)
    survey = next(iter(service.lake.surveys))
    examples = {name: text.format(survey=survey) for name, text in EXAMPLES.items()}
    return page("user_jobs.html.j2", q="", own=jobs.mine(settings, claims), may=claims.has(RIGHT), right=RIGHT,
                tables=[*tables, *map(vo_table, theirs)], theirs=[(one, may_drop(claims, one)) for one in theirs],
                groups=sorted(claims.groups), surveys=list(service.lake.surveys), forms=list(Form), examples=examples,
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


def table(service: Service, request: Request) -> Response:
    """Show a table of one's own or of a group: its columns and first rows.

    Parameters
    ----------
    service
        Its settings say where tables are kept; its engine reads them.
    request
        With the `schema` and `table` in its path.
    """
    claims, kept, path = asking().claims, PrivateTables(service.lake.settings), request.path_params
    found: PrivateTable = refusing(lambda: kept.get(claims, f"{path['schema']}.{path['table']}"))
    shown = ", ".join(f"left({quoted(name)}, {SHOWN_CHARACTERS})" if kind == "string" else quoted(name)
                      for name, kind in found.columns.items())  # fmt: skip
    file = kept.opened(found)
    query = f"SELECT {shown} FROM {parquet([file])} LIMIT {SHOWN_ROWS}"  # noqa: S608
    rows: pa.Table = refusing(lambda: _read(service, query, file, found))
    return page("user_table.html.j2", q="", table=found, rows=[list(one.values()) for one in rows.to_pylist()],
                may_drop=may_drop(claims, found), topic=ResultTopics(service.lake.settings).of_table(found),
                may_send=claims.person == found.owner and claims.has(RIGHT))  # fmt: skip


def _read(service: Service, query: str, file: Path, found: PrivateTable) -> pa.Table:
    with while_there(file, found):
        return service.lake.engine.table(query)


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
        asked: dict[str, Any] = {name: value for name, value in said.items() if name in FIELDS}
        asked |= {"public": True} if said.get("public") else {}
        asked |= {"tables": said["tables"].replace(",", " ").split()} if said.get("tables") else {}
        asked |= {"surveys": [said["survey"]]} if said.get("survey") else {}
        version = {"version": _number(said["version"])} if said.get("version") else {}
        job = jobs.asked_of({**asked, **version}, claims, tuple(service.lake.surveys))
        return JOB.format(name=jobs.submit(settings, job).name)

    def cancel(request: Request, _said: Said, _person: str) -> str:
        return JOB.format(name=jobs.cancel(settings, asking().claims, request.path_params["name"]).name)

    def again(request: Request, said: Said, _person: str) -> str:
        version = _number(said["version"]) if said.get("version") else None
        return JOB.format(name=jobs.again(settings, asking().claims, request.path_params["name"], version).name)

    def drop(request: Request, _said: Said, _person: str) -> str:
        path = request.path_params
        _, still_read = drop_table(settings, asking().claims, f"{path['schema']}.{path['table']}")
        if still_read:
            raise HostError(still_read)
        return "/jobs"

    def send(request: Request, _said: Said, _person: str) -> str:
        path = request.path_params
        send_to_topic(settings, asking().claims, f"{path['schema']}.{path['table']}")
        return TABLE.format(**path)

    acts = {"/jobs": submit, f"{JOB}/cancel": cancel, f"{JOB}/rerun": again, f"{TABLE}/drop": drop,
            f"{TABLE}/topic": send}  # fmt: skip
    add_acts(app, {path: _refusing(act) for path, act in acts.items()})


def _refusing(act: Act) -> Act:
    return lambda request, said, person: str(refusing(lambda: act(request, said, person)))


def _number(text: str) -> int | str:
    return int(text) if text.isdecimal() and len(text) <= LONGEST_NUMBER else text
