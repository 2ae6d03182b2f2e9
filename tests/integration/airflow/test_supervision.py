"""Airflow holds the desired state and nothing else: one story, in the order of a day at the broker."""

import json
import os
import signal

import psutil
import pytest
from supervised import Broker
from typer.testing import CliRunner

from fink_lib.cli.catalogs import app
from fink_lib.host.services import AIRFLOW
from fink_lib.processes.detached import session_members, stop_session
from fink_lib.processes.identity import processes_of
from fink_lib.streams.spec import Stage

pytestmark = [pytest.mark.airflow, pytest.mark.spark, pytest.mark.timeout(3000)]

NIGHT = "2021-11-22"
STEPS = [
    "reconcile", "quality", "crossmatch", "objects", "events", "compact", "statistics", "serve", "report", "manifest",
]  # fmt: skip


def test_a_drained_night_is_closed_exactly_once(broker: Broker) -> None:
    broker.wait("three drivers", lambda: all(broker.drivers().values()))
    first = broker.drivers()
    (run,) = broker.wait("a closing", lambda: broker.closings(NIGHT))
    broker.wait("its end", lambda: broker.closings(NIGHT)[0]["state"] in {"success", "failed"})
    tasks = broker.tasks("ztf_close_night", run["dag_run_id"])
    assert tasks == dict.fromkeys(["drain", *STEPS, "done"], "success")
    trace = (broker.settings.night_dir("ztf", NIGHT) / "steps.log").read_text().splitlines()
    assert sorted(trace) == sorted(f"{run['dag_run_id']} {step}" for step in STEPS)
    ended = [line.split()[1] for line in trace]
    assert {*ended[:2]} == {"reconcile", "quality"}
    assert ended[-2:] == ["report", "manifest"]
    _has_buttons(broker, run["dag_run_id"])
    for stage in Stage:
        ended = broker.wait(f"rotation of {stage}", lambda stage=stage: broker.runs(f"ztf_{stage}")[1:])
        assert [each["state"] for each in ended] == ["success"]
    assert broker.drivers() == first, "the next runs re-attached to the drivers that were there"
    assert len(broker.runs("ztf_close_night")) == 1


def _has_buttons(broker: Broker, run_id: str) -> None:
    """A task of a night leads to its report, which Airflow shows to whoever is logged in and to nobody else."""
    (broker.settings.night_dir("ztf", NIGHT) / "report.html").write_text("<p>the night</p>")
    path = f"/dags/ztf_close_night/dagRuns/{run_id}/taskInstances/report/links"
    with broker.airflow.api() as api:
        links = api._request("GET", path).json()["extra_links"]
        page = f"/fink-nights/ztf/{NIGHT}/report.html"
        assert links == {"Report of the night": page, "Data Docs": f"/fink-nights/ztf/{NIGHT}/docs/index.html"}
        assert api.client.get(page).text == "<p>the night</p>"
        api.client.headers.pop("Authorization")
        api.client.cookies.clear()
        assert api.client.get(page).status_code == 401


def test_a_restart_of_airflow_neither_stops_nor_doubles_a_stream(broker: Broker) -> None:
    before = broker.drivers()
    service = broker.airflow.services.get(AIRFLOW)
    assert service is not None
    stop_session(service.mark, timeout_s=0)  # SIGKILL to every process of it
    assert session_members(service.mark) == []
    assert broker.drivers() == before
    broker.feed("2021-11-23", 4)  # alerts go on while Airflow is down
    broker.wait("rows", lambda: broker.rows_seen(Stage.INGEST) == 9)
    broker.airflow.start()
    broker.wait("the next night's closing", lambda: broker.closings("2021-11-23"))
    assert broker.drivers() == before
    for handle in before.values():
        assert handle is not None
        twins = [
            process for process in psutil.process_iter(["cmdline"]) if process.info["cmdline"] == [*handle.command]
        ]
        assert [process.pid for process in twins] == [handle.pid]
    assert len(broker.closings(NIGHT)) == 1


def test_a_killed_driver_is_started_again(broker: Broker) -> None:
    handle = broker.wait("a driver", lambda: broker.driver(Stage.INGEST))
    os.kill(handle.pid, signal.SIGKILL)
    # on a busy host the killed one is seen for a moment
    broker.wait("another driver", lambda: (found := broker.driver(Stage.INGEST)) and found.token != handle.token)
    assert processes_of(handle.token) == [], "its JVM went with it"
    broker.feed(NIGHT, 2)  # late alerts
    broker.wait("late rows", lambda: broker.rows_seen(Stage.INGEST) == 2)


def test_late_alerts_reopen_their_night(broker: Broker) -> None:
    broker.wait("a second closing", lambda: len(broker.closings(NIGHT)) == 2)
    broker.wait("its end", lambda: {run["state"] for run in broker.closings(NIGHT)} == {"success"})
    assert len(broker.closings("2021-11-23")) == 1


def test_clearing_the_task_replaces_the_driver(broker: Broker) -> None:
    handle = broker.wait("a driver", lambda: broker.driver(Stage.ENRICH))
    run_id = broker.runs("ztf_enrich")[0]["dag_run_id"]
    broker.wait("deferral", lambda: broker.tasks("ztf_enrich", run_id)["stream"] == "deferred")
    body = {"dry_run": False, "dag_run_id": run_id, "task_ids": ["stream"], "only_failed": False}
    with broker.airflow.api() as api:
        api._request("POST", "/dags/ztf_enrich/clearTaskInstances", json=body)
    other = broker.wait("another driver", lambda: (now := broker.driver(Stage.ENRICH)) and now != handle and now)
    assert other.spec_hash == handle.spec_hash
    assert not handle.is_alive


def test_a_broken_equation_is_reported_and_fails_the_run(broker: Broker) -> None:
    (broker.settings.home / "break-reconcile").write_text("2 messages are in no table")
    with broker.airflow.api() as api:
        run_id = api.trigger("ztf_close_night", {"night": NIGHT})
        broker.wait("its end", lambda: api.dag_run("ztf_close_night", run_id)["state"] in {"success", "failed"})
        assert api.dag_run("ztf_close_night", run_id)["state"] == "failed"
        log = api.task_log("ztf_close_night", run_id, "reconcile")
    tasks = broker.tasks("ztf_close_night", run_id)
    assert [step for step, state in tasks.items() if state == "success"] == ["drain", "quality", "report"]
    waited = ("crossmatch", "objects", "events", "compact", "statistics", "serve")
    assert {tasks[step] for step in waited} == {"upstream_failed"}
    assert (tasks["reconcile"], tasks["manifest"]) == ("failed", "failed")
    assert broker.tries("ztf_close_night", run_id) == dict.fromkeys(("reconcile", "manifest"), 1), "a retry is no use"
    assert "reconcile failed: 2 messages are in no table" in log
    (broker.settings.home / "break-reconcile").unlink()


def test_a_rerun_takes_its_turn_and_stops_at_a_critical_expectation(broker: Broker) -> None:
    """Another run, which in truth has other work, is said to close the night; then quality fails."""
    told = "1 critical expectation failed on the night ztf 2021-11-22: silver_ztf__alerts.alert_id_unique (2)"
    (broker.settings.home / "break-quality").write_text(told)
    turn = broker.settings.night_dir("ztf", NIGHT) / "closing.json"
    other = next(run["dag_run_id"] for run in broker.runs("ztf_ingest") if run["state"] == "running")
    turn.write_text(json.dumps({"dag_id": "ztf_ingest", "run_id": other}))
    dag_id = "ztf_rerun_nights"
    with broker.airflow.api() as api:
        api.unpause(dag_id)
        run_id = api.trigger(dag_id, {"night": NIGHT})
        gates = ("reconcile", "quality")
        broker.wait("its turn", lambda: {broker.tasks(dag_id, run_id)[gate] for gate in gates} == {"deferred"})
        log = api.task_log(dag_id, run_id, "reconcile")
        assert f"night={NIGHT} is being closed by run {other} of ztf_ingest: waiting for its end" in log
        turn.unlink()
        broker.wait("its end", lambda: api.dag_run(dag_id, run_id)["state"] in {"success", "failed"})
        assert api.dag_run(dag_id, run_id)["state"] == "failed"
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/quality/logs/1"
        shown = api._request("GET", path, params={"full_content": "true"}).json()["content"]
        (error,) = [line for line in shown if line.get("event") == "Task failed with exception"]
        assert f"quality failed: {told}" in json.dumps(error), (
            "the sentence is the task's own error, not a line above it"
        )
        assert "the night stays open: quality was not computed" in api.task_log(dag_id, run_id, "manifest")
    tasks = broker.tasks(dag_id, run_id)
    assert {step for step, state in tasks.items() if state == "success"} == {"reconcile", "report"}
    waited = ("crossmatch", "objects", "events", "compact", "statistics", "serve")
    assert {tasks[step] for step in waited} == {"upstream_failed"}
    assert (tasks["quality"], tasks["manifest"]) == ("failed", "failed")
    assert json.loads(turn.read_text()) == {"dag_id": dag_id, "run_id": run_id}


def test_maintenance_is_started_by_rest_and_by_command(broker: Broker) -> None:
    command = ["load", "gcvs", "--airflow", "--home", str(broker.settings.home)]
    with broker.airflow.api() as api:
        api.unpause("vacuum")
        said = CliRunner().invoke(app, command, catch_exceptions=False).output
        runs = {
            "catalogs": [api.trigger("catalogs", {"names": ["vsx", "gcvs"]})],
            "vacuum": [api.trigger("vacuum")],
        }
        runs["catalogs"].append(said.strip().rsplit("/", 1)[1])
        for dag_id, started in runs.items():
            for run_id in started:
                broker.wait(f"the end of {dag_id}", lambda d=dag_id, r=run_id: api.dag_run(d, r)["state"] == "success")
    left = (broker.settings.home / "plain_jobs.log").read_text().splitlines()
    assert {"catalogs --names=vsx,gcvs", "catalogs --names=gcvs", "vacuum"} <= set(left)
