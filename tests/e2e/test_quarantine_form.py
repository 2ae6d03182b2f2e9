"""What an operator does with messages that could not be used: the form of the quarantine in a real browser."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from deltalake import DeltaTable

from e2e.airflow_pages import airflow_pages
from e2e.conftest import Fink
from e2e.waiting import succeeded, wait
from fink_lib.host.airflow import LocalAirflow
from fink_lib.ingest.stream import plan
from fink_lib.lake.digest import table_digest
from fink_lib.lake.releases import read_releases
from fink_lib.streams.runner import LocalRunner
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import Survey, get_survey
from tests.builders.lake_folder import lake_folder

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.e2e, pytest.mark.airflow, pytest.mark.kafka, pytest.mark.spark]

DAG_ID = "ztf_replay_quarantine"
NIGHT, ARCHIVE, ALERTS = "2020-01-01", "ztf_public_20200101.tar.gz", 50
WHY = "the code of today asks for no such field"


def of_an_older_version(survey: Survey) -> Survey:
    """Return the survey as code knew it that asked for a field which its packets do not have."""
    return replace(survey, fields=replace(survey.fields, required=(*survey.fields.required, "candidate.score")))


@pytest.fixture(scope="module")
def refused(airflow: LocalAirflow, fink: Fink, shared_data: Path, spark: "SparkSession") -> Path:
    """The quarantine after an ingest of an older version, from the checkpoint of the stream, refused a whole night."""
    spec, runner = StreamSpec("ztf", Stage.INGEST, airflow.settings), LocalRunner(airflow.settings)
    with airflow.api() as api:
        api.pause("ztf_ingest")
        runner.kill(spec)
        fink("simulate", str(shared_data / "ztf" / ARCHIVE))
        query = plan(spark, spec, of_an_older_version(get_survey("ztf"))).start(available_now=True)
        query.awaitTermination(600)
        assert query.exception() is None
        api.unpause("ztf_ingest")
        api.unpause(DAG_ID)
    wait("the stream of today", lambda: runner.find(spec))
    return lake_folder(airflow.settings) / "bronze_ztf__quarantine"


def classes(table: Path) -> list[str]:
    found: list[str] = DeltaTable(str(table)).to_pyarrow_table(columns=["error_class"])["error_class"].to_pylist()
    return found


def released_by_form(airflow: LocalAirflow, kind: str, why: str) -> str:
    """Fill in the form, wait for the end of its run, and return what it told."""
    with airflow_pages(airflow.login) as pages:
        run_id = pages.trigger(DAG_ID, {"error_class": kind, "why": why}, off="dry_run")
    wait("the release", lambda: succeeded(airflow, DAG_ID, run_id))
    with airflow.api() as api:
        return api.task_log(DAG_ID, run_id, "release")


def test_a_dry_run_by_rest_says_what_is_still_damaged_and_a_release_leaves_it(
    refused: Path, airflow: LocalAirflow
) -> None:
    kinds = classes(refused)
    kind = next(kind for kind in kinds if kind != "unknown_schema")
    before, count = table_digest(refused), kinds.count(kind)
    with airflow.api() as api:
        run_id = api.trigger(DAG_ID, {"error_class": kind})
        wait("the dry run", lambda: succeeded(airflow, DAG_ID, run_id))
        assert f"{count} messages: {count} are still damaged" in api.task_log(DAG_ID, run_id, "plan")
        tasks = {task["task_id"]: task["state"] for task in api.task_instances(DAG_ID, run_id)}
    assert tasks == {"plan": "success", "release": "skipped"}
    told = released_by_form(airflow, kind, "after a repair that repaired nothing")
    assert f"0 of {count} messages replayed; still damaged: {count} {kind}" in told
    assert table_digest(refused) == before


def test_what_is_good_after_a_repair_is_released_and_its_night_adds_up(
    refused: Path, airflow: LocalAirflow, fink: Fink
) -> None:
    settings = airflow.settings
    assert classes(refused).count("unknown_schema") == ALERTS
    told = released_by_form(airflow, "unknown_schema", WHY)
    assert f"{ALERTS} of {ALERTS} messages replayed; nights to be closed again: {NIGHT} (+{ALERTS})" in told
    wait("the night's books", lambda: (books := books_of(airflow)) and books["bronze"] == ALERTS)
    books = books_of(airflow)
    assert books is not None
    assert (books["offered"], books["quarantine"], books["lost"]) == (ALERTS, 0, [])
    assert books["silver"] + books["rejected"] == ALERTS
    assert books["equation_holds"] is True
    kept = read_releases(lake_folder(settings), get_survey("ztf").name).to_pylist()
    assert [(row["who"], row["why"]) for row in kept] == [("admin", WHY)] * ALERTS
    assert json.loads(fink("quarantine", "list", "--error-class", "unknown_schema", "--json")) == []


def books_of(airflow: LocalAirflow) -> dict[str, Any] | None:
    """Return the manifest of the night, once there is one."""
    path = airflow.settings.night_dir("ztf", NIGHT) / "manifest.json"
    books: dict[str, Any] | None = json.loads(path.read_text()) if path.exists() else None
    return books
