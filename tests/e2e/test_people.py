"""What people do with a broker that runs: jobs that Airflow runs for them, a table, a quota, past alerts on a topic."""

import datetime as dt
import io
import json
from collections import Counter

import pyarrow.parquet as pq
import pytest
import pyvo
import requests

from e2e.airflow_pages import airflow_pages
from e2e.conftest import ARCHIVES, Fink
from e2e.persons import PATIENCE_MS, Program, logged_in
from e2e.waiting import all_runs_ended, succeeded, wait
from fink_lib.config import Settings
from fink_lib.filters.registry import filters_of
from fink_lib.host.airflow import LocalAirflow
from fink_lib.host.api import LocalApi
from fink_lib.lake.reading import read

pytestmark = [pytest.mark.e2e, pytest.mark.airflow, pytest.mark.kafka, pytest.mark.spark]

TABLE = "user_ada.seen"
SEEN = "SELECT object_id, count(*) AS alerts FROM ztf.sources GROUP BY object_id ORDER BY object_id"
OFTEN = "rows = db.sql('SELECT * FROM user_ada.seen WHERE alerts > 1').df()\nprint(len(rows), 'often')\nresult = rows"
ENDLESS = "import time\nprint('begun', flush=True)\nwhile True: time.sleep(0.1)"
BRIGHT_MAG = 17.5
FIRST, *_, LAST = sorted(ARCHIVES)


@pytest.fixture(scope="module")
def ada(airflow: LocalAirflow, e2e_settings: Settings, fink: Fink) -> Program:
    """A person who may run jobs, by a token that may do so."""
    fink("users", "add", "ada")
    fink("users", "grant", "ada", "jobs:run")
    token = fink("tokens", "add", "ada", "test", "--write", "--right", "jobs:run").strip()
    return Program(LocalApi(e2e_settings).url, token)


@pytest.fixture(scope="module")
def seen(ada: Program) -> str:
    """The job in SQL whose result is kept as a table."""
    name = ada.submit(SEEN, table="seen", title="how often")
    job = ada.awaited(name)
    assert (job["state"], job["error"], job["table"]) == ("done", "", TABLE)
    return name


def public_alerts(settings: Settings) -> Counter[str]:
    """Return how many public alerts silver has of each object."""
    rows = read("silver", "ztf", columns=["object_id", "candidate.programid"], lake=settings.lake)
    return Counter(name for name, programme in zip(*(one.to_pylist() for one in rows.columns), strict=True)
                   if programme == 1)  # fmt: skip


def test_a_query_is_run_by_airflow_downloaded_and_asked_as_a_table(
    seen: str, ada: Program, e2e_settings: Settings
) -> None:
    expected = public_alerts(e2e_settings)
    found = pq.read_table(io.BytesIO(ada.call("GET", f"/jobs/{seen}/result"))).to_pylist()
    assert {row["object_id"]: row["alerts"] for row in found} == expected
    known = requests.Session()
    known.headers["Authorization"] = f"Bearer {ada.token}"
    ask = "SELECT object_id, alerts FROM user_ada.seen WHERE alerts > 1"
    rows = pyvo.dal.TAPService(f"{ada.url}/tap", session=known).run_sync(ask)
    often = {name: count for name, count in expected.items() if count > 1}
    assert often
    assert {str(row["object_id"]): int(row["alerts"]) for row in rows} == often
    with pytest.raises(pyvo.DALQueryError, match="seen"):
        pyvo.dal.TAPService(f"{ada.url}/tap").run_sync(ask)


def test_code_in_python_by_the_form_of_the_portal(
    seen: str, ada: Program, e2e_settings: Settings, fink: Fink, airflow: LocalAirflow
) -> None:
    often = {name: count for name, count in public_alerts(e2e_settings).items() if count > 1}
    with logged_in(fink("users", "link", "ada").split()[0]) as page:
        page.goto(f"{ada.url}/jobs")
        page.locator("input[name=language][value=python]").check()
        page.fill("#code", OFTEN)
        page.locator("input[name=format][value=csv]").check()
        page.fill("#tables", TABLE)
        page.get_by_role("button", name="Run", exact=True).click()
        page.wait_for_url("**/jobs/*")
        name = page.url.rsplit("/", 1)[1]
        page.locator(".word.good", has_text="done").wait_for()  # the page looks again by itself
        assert f"{len(often)} often" in page.inner_text("pre >> nth=0")
        with page.expect_download() as download:
            page.get_by_role("link", name="download csv").click()
        lines = download.value.path().read_text().splitlines()
    assert lines[0].replace('"', "") == "object_id,alerts"
    assert len(lines) == 1 + len(often)
    assert ada.call("GET", f"/jobs/{name}")["rows"] == len(often)
    wait("the runs of both jobs", lambda: all_runs_ended(airflow, "user_jobs", 2))


def test_one_job_too_many_is_refused_and_others_are_cancelled(seen: str, ada: Program, airflow: LocalAirflow) -> None:
    with airflow.api() as api:
        before = len(api.dag_runs("user_jobs"))
    most = airflow.settings.user_jobs_per_person
    names = [ada.submit(ENDLESS, "python") for _ in range(most)]
    told = ada.call("POST", "/jobs", 429, language="sql", code=SEEN)["error"]["message"]
    assert f"{most} of your jobs wait or run" in told
    ada.awaited(names[0], {"running"}.__contains__)
    for name in names:
        ada.call("POST", f"/jobs/{name}/cancel")
    assert {ada.awaited(name)["state"] for name in names} == {"cancelled"}
    # A run whose job was cancelled, before or while it ran, is no failure.
    wait("the runs of all jobs", lambda: all_runs_ended(airflow, "user_jobs", before + most))
    with airflow.api() as api:
        assert len(api.dag_runs("user_jobs")) == before + most, "one that was refused starts no run"


def test_past_alerts_are_asked_for_by_the_wizard_and_stand_on_a_topic(
    ada: Program, e2e_settings: Settings, fink: Fink
) -> None:
    rows = read("silver", "ztf", columns=["candidate.magpsf", "candidate.programid"], lake=e2e_settings.lake)
    mags, programmes = (one.to_pylist() for one in rows.columns)
    bright = sum(mag < BRIGHT_MAG and one == 1 for mag, one in zip(mags, programmes, strict=True))
    assert bright
    with logged_in(fink("users", "link", "ada").split()[0]) as page:
        page.goto(f"{ada.url}/transfers")
        page.select_option("#first", FIRST)
        page.select_option("#last", LAST)
        page.locator("input[name=by][value=predicate]").check()
        page.fill("#predicate", f"candidate.magpsf < {BRIGHT_MAG}")
        page.locator("input[name=content][value=without_cutouts]").check()
        page.get_by_role("button", name="Tell its size").click()
        page.locator(".word", has_text="runs").wait_for()
        size = page.locator("section", has=page.get_by_role("heading", name="Size"))
        size.wait_for(timeout=3 * PATIENCE_MS)
        assert f"{bright} alerts" in size.inner_text()
        topic = size.locator("code").first.inner_text()
        page.get_by_role("button", name="Send them").click()
        page.locator(".word", has_text="runs").wait_for()
        told = page.locator("section", has=page.get_by_role("heading", name="Read it"))
        told.wait_for(timeout=3 * PATIENCE_MS)
        assert f"{bright} alerts stand on {topic}, sealed" in told.inner_text()
        assert page.locator(".word.good", has_text="done").count() == 1
        page.goto(f"{ada.url}/transfers")
        assert topic in page.inner_text("table")
    assert messages(fink, topic) == bright


def test_past_alerts_are_sent_by_the_dag_from_its_form(airflow: LocalAirflow, fink: Fink) -> None:
    night = dt.date.fromisoformat(LAST)
    rows = read("gold", "ztf", "published", night=night, columns=["filter"], lake=airflow.settings.lake)
    known = {one.name for one in filters_of("ztf")}
    (chosen, count), *_ = Counter(one for one in rows["filter"].to_pylist() if one in known).most_common()
    form = {"first_night": LAST, "what": chosen, "reason": "asked for by a form"}
    with airflow_pages(airflow.login) as pages:
        run_id = pages.trigger("ztf_transfer", form, off="dry_run")
    wait("the transfer", lambda: succeeded(airflow, "ztf_transfer", run_id))
    (sent,) = (one for one in json.loads(fink("transfer", "list", "--json")) if one["reason"] == form["reason"])
    assert (sent["what"], sent["rows"], sent["asked_by"]) == (chosen, count, "admin")
    assert messages(fink, sent["topic"]) == count


def messages(fink: Fink, topic: str) -> int:
    """Return how many messages a topic has."""
    (found,) = (one for one in json.loads(fink("kafka", "topics", "--json")) if one["topic"] == topic)
    return int(found["messages"])
