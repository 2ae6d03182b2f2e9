"""The pages of nights on Airflow's server: whose they are, which files are shown, and where the buttons lead."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from fink_lib.config import Settings
from fink_lib.orchestration.jobs import NightJobOperator
from fink_lib.orchestration.pages import PREFIX, DataDocsLink, ReportLink, page_file
from fink_lib.orchestration.plain_jobs import JobOperator
from fink_lib.orchestration.plugin import FinkPlugin


@pytest.fixture
def nights(home: Settings) -> Path:
    night = home.nights / "ztf" / "2021-11-22"
    (night / "docs").mkdir(parents=True)
    for page in (home.nights / "index.html", night / "report.html", night / "docs" / "index.html"):
        page.write_text("<p>a page</p>")
    (home.home / "secret.json").write_text("{}")
    (home.nights / "key.pem").write_text("key")
    return home.nights


def test_pages_below_the_folder_of_nights_are_shown_and_nothing_else(nights: Path) -> None:
    assert page_file(nights, "") == (nights / "index.html").resolve()
    assert page_file(nights, "ztf/2021-11-22/docs/index.html") is not None
    for place in (
        "../secret.json",
        "ztf/../../secret.json",
        "key.pem",
        "ztf",
        "ztf/2021-11-22/none.html",
        "/etc/passwd",
    ):
        assert page_file(nights, place) is None


def test_each_nightly_task_has_a_button_for_its_night(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    task = NightJobOperator(task_id="quality", survey="ztf", step="quality", night="2021-11-22")
    key: Any = None
    assert {link.name for link in task.operator_extra_links} == {"Report of the night", "Data Docs"}
    assert ReportLink().get_link(task, ti_key=key) == f"{PREFIX}/ztf/2021-11-22/report.html"
    monkeypatch.setenv("FINK_AIRFLOW_URL", "https://fink.example.org/airflow/")
    address = "https://fink.example.org/airflow/fink-nights/ztf/2021-11-22/docs/index.html"
    assert DataDocsLink().get_link(task, ti_key=key) == address
    assert JobOperator(task_id="other", job="maintenance/vacuum").operator_extra_links == ()


def test_airflow_knows_the_buttons_and_the_pages() -> None:
    assert {type(link) for link in FinkPlugin.operator_extra_links} >= {ReportLink, DataDocsLink}
    assert PREFIX in {app["url_prefix"] for app in FinkPlugin.fastapi_apps}


# Airflow's server imports a test client of its own
@pytest.mark.filterwarnings("ignore:Using .httpx. with")
def test_a_page_is_for_those_who_are_logged_in(nights: Path) -> None:
    from airflow.api_fastapi.core_api.security import get_user

    from fink_lib.orchestration.pages import pages_app

    app = pages_app()
    (refused,) = asked(app, "ztf/2021-11-22/report.html")
    assert refused.status_code == 401
    app.dependency_overrides[get_user] = lambda: "somebody"
    shown, missing = asked(app, "ztf/2021-11-22/report.html", "ztf/2021-11-22/none.html")
    assert (shown.text, missing.status_code) == ("<p>a page</p>", 404)


def asked(app: Any, *places: str) -> list[httpx.Response]:
    async def ask() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://airflow") as client:
            return [await client.get(f"/{place}") for place in places]

    return asyncio.run(ask())
