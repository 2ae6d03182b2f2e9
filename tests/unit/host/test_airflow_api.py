"""The REST client: login, renewal, pages, errors; against a stand-in transport."""

import datetime as dt
import json
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from fink_lib.cli import catalogs
from fink_lib.cli.approval import answer_in_airflow
from fink_lib.config import Settings
from fink_lib.errors import HostError
from fink_lib.host import airflow_api
from fink_lib.host.airflow import LocalAirflow, Login
from fink_lib.host.airflow_api import AirflowApi
from fink_lib.reprocess.folder import RequestFolder, create
from fink_lib.reprocess.request import Request


class Server:
    """Answers like Airflow for the calls under test."""

    def __init__(self) -> None:
        self.tokens = 0
        self.seen: list[tuple[str, str]] = []
        self.bodies: list[dict[str, Any]] = []
        self.answers: dict[tuple[str, str], httpx.Response] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            if json.loads(request.content)["password"] != "right":
                return httpx.Response(401, text="Invalid credentials")
            self.tokens += 1
            return httpx.Response(201, json={"access_token": f"t{self.tokens}"})
        self.seen.append((request.method, request.url.path))
        self.bodies.append(json.loads(request.content or b"{}"))
        if request.headers["Authorization"] == "Bearer t1" and self.tokens == 1 and "expired" in request.url.path:
            return httpx.Response(401)
        if request.url.path == "/api/v2/dags":
            offset = int(request.url.params["offset"])
            page = [{"dag_id": f"d{number}"} for number in range(offset, min(offset + 100, 150))]
            return httpx.Response(200, json={"dags": page, "total_entries": 150})
        return self.answers.get((request.method, request.url.path), httpx.Response(200, json={}))


def api(server: Server, password: str = "right") -> AirflowApi:
    client = AirflowApi("http://airflow", "admin", password)
    client.client = httpx.Client(base_url="http://airflow", transport=httpx.MockTransport(server))
    return client


def test_pages() -> None:
    with api(Server()) as client:
        assert len(client.dags()) == 150


def test_logs_in_once_and_again_when_the_token_has_expired() -> None:
    server = Server()
    with api(server) as client:
        client.dags()
        client.dag_run("expired", "r")
        client.dags()
    assert server.tokens == 2


def test_wrong_password() -> None:
    with api(Server(), "wrong") as client, pytest.raises(HostError, match="does not accept the login of 'admin'"):
        client.dags()


def test_refusal_is_one_sentence() -> None:
    server = Server()
    server.answers["POST", "/api/v2/dags/x/dagRuns"] = httpx.Response(404, text="no such dag")
    with api(server) as client, pytest.raises(HostError, match="refused POST /dags/x/dagRuns: 404 no such dag"):
        client.trigger("x")


def test_missing_dag_names_the_import_errors() -> None:
    server = Server()
    server.answers["GET", "/api/v2/dags/x"] = httpx.Response(404)
    errors = {"import_errors": [{"filename": "x.py", "stack_trace": "Traceback\nImportError: no y\n"}]}
    server.answers["GET", "/api/v2/importErrors"] = httpx.Response(200, json=errors)
    with api(server) as client, pytest.raises(HostError, match=r"no DAG 'x' after 0 s: x.py: ImportError: no y"):
        client.unpause("x", timeout_s=0)


def test_existing_pool_is_given_the_values() -> None:
    server = Server()
    server.answers["POST", "/api/v2/pools"] = httpx.Response(409)
    with api(server) as client:
        client.ensure_pool("p", 2, "two", include_deferred=True)
    assert server.seen == [("POST", "/api/v2/pools"), ("PATCH", "/api/v2/pools/p")]


@pytest.mark.parametrize("failures", [2, 9])
def test_a_pool_is_made_although_the_database_is_busy(failures: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(airflow_api, "POLL_S", 0.0)
    left = [httpx.Response(500, text="database is locked")] * failures

    class Busy(Server):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            told = super().__call__(request)
            return left.pop() if left and request.url.path.endswith("/pools") else told

    server = Busy()
    with api(server) as client:
        if failures > airflow_api.BUSY_TRIES:
            with pytest.raises(HostError, match="refused POST /pools: 500 database is locked"):
                client.ensure_pool("p", 2, "two", include_deferred=True)
        else:
            client.ensure_pool("p", 2, "two", include_deferred=True)
    assert len(server.seen) == min(failures + 1, airflow_api.BUSY_TRIES + 1)


def waiting(settings: Settings, server: Server, monkeypatch: pytest.MonkeyPatch) -> RequestFolder:
    """A request that was made by one run of two, and what Airflow says of them."""
    night = dt.date(2018, 11, 29)
    folder = create(settings, Request("ztf", night, night), dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "manual__1-0000")
    runs = [{"dag_run_id": name, "state": "running"} for name in ("manual__1+00:00", "manual__2+00:00")]
    found = {"dag_runs": runs, "total_entries": 2}
    server.answers["GET", "/api/v2/dags/ztf_reprocess/dagRuns"] = httpx.Response(200, json=found)
    monkeypatch.setattr(LocalAirflow, "is_running", lambda _: True)
    monkeypatch.setattr(LocalAirflow, "login", Login("http://airflow", "admin", "right"))
    monkeypatch.setattr(LocalAirflow, "api", lambda _: api(server))
    return folder


@pytest.mark.parametrize(("state", "answered"), [("awaiting_input", True), ("success", False)])
def test_a_decision_answers_the_run_that_waits_for_it(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    answered: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    server = Server()
    folder = waiting(settings, server, monkeypatch)
    run = "/api/v2/dags/ztf_reprocess/dagRuns/manual__1+00:00/taskInstances"
    tasks = {"task_instances": [{"task_id": "approval", "state": state}], "total_entries": 1}
    server.answers["GET", run] = httpx.Response(200, json=tasks)
    assert answer_in_airflow(settings, folder, "Approve", "agreed") is answered
    assert server.seen.count(("PATCH", f"{run}/approval/-1/hitlDetails")) == answered


def test_catalogues_are_loaded_by_their_dag_when_asked_to(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    runs = "/api/v2/dags/catalogs/dagRuns"
    server.answers["POST", runs] = httpx.Response(200, json={"dag_run_id": "manual__1"})
    command = ["load", "gcvs", "--airflow", "--home", str(settings.home)]
    with pytest.raises(HostError, match="does not run: `fink up` starts it"):
        CliRunner().invoke(catalogs.app, command, catch_exceptions=False)
    monkeypatch.setattr(LocalAirflow, "is_running", lambda _: True)
    monkeypatch.setattr(LocalAirflow, "login", Login("http://airflow", "admin", "right"))
    monkeypatch.setattr(LocalAirflow, "api", lambda _: api(server))
    said = CliRunner().invoke(catalogs.app, command, catch_exceptions=False).output
    assert said.strip() == "started   http://airflow/dags/catalogs/runs/manual__1"
    assert server.seen[-2:] == [("PATCH", "/api/v2/dags/catalogs"), ("POST", runs)]
    assert server.bodies[-1]["conf"] == {"names": ["gcvs"]}


def test_nobody_there() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    client = AirflowApi("http://airflow", "admin", "right")
    client.client = httpx.Client(base_url="http://airflow", transport=httpx.MockTransport(refuse))
    with client, pytest.raises(HostError, match="http://airflow does not answer"):
        client.dags()
