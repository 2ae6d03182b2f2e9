"""The page *Broker*: what it says of a home, to whom it is shown, and where the buttons of tasks lead."""

import asyncio
import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from fink_lib.config import Settings
from fink_lib.lake.losses import Loss, note_losses
from fink_lib.lake.places import Range
from fink_lib.monitoring.alarms import Alarm, write_alarms
from fink_lib.monitoring.rules import Severity
from fink_lib.orchestration.broker import alarms_page, broker_facts, broker_page
from fink_lib.orchestration.broker_pages import LOG_BYTES, PREFIX, log_tail
from fink_lib.orchestration.operators import StreamOperator
from fink_lib.orchestration.plugin import FinkPlugin
from fink_lib.orchestration.reprocess import ReprocessOperator
from fink_lib.processes.faults import Fault
from fink_lib.streams.faults import note
from fink_lib.streams.heartbeat import Heartbeat
from fink_lib.streams.spec import Stage, StreamSpec

NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC).timestamp()
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def broken(home: Settings) -> Settings:
    """A home with a stream that cannot go on, a night that balances, a loss, and an alarm."""
    spec = StreamSpec("ztf", Stage.ENRICH, home)
    beat = Heartbeat(spec.name, spec.hash, "token", os.getpid(), "here", lag=7, rows_per_s=12.5)
    note(beat, f"no {EVIL}", Fault.LASTING)
    beat.write(spec.paths.heartbeat)
    spec.paths.log.write_text("what the driver said\n")
    night = home.night_dir("ztf", "2021-11-22")
    night.mkdir(parents=True)
    equations = ["10 offered = 9 bronze + 1 quarantine"]
    manifest = {"ok": True, "closed_at": "2026-01-02T00:00:00+00:00", "equations": equations,
                "bronze": 9, "quarantine": 1, "repeats": 1}  # fmt: skip
    (night / "manifest.json").write_text(json.dumps(manifest))
    note_losses(home.lake, "ztf", [Loss(Range("ztf_20211122_programid1", 0, 3, 5), None, "expired")])
    alarm = Alarm(
        "StreamBroken", Severity.CRITICAL, "stream ztf.enrich cannot go on", (("stream", "ztf.enrich"),), NOW - 90
    )
    write_alarms(home, [alarm], NOW - 10)
    return home


def test_all_that_an_operator_asks_first_is_on_one_page(broken: Settings) -> None:
    page = broker_page(broken)
    for words in (
        "ztf.enrich", "broken", '<td class="n">7</td>', "12.5",
        "10 offered = 9 bronze + 1 quarantine", "../fink-nights/ztf/2021-11-22/report.html",
        "ztf_20211122_programid1:0:3-5", "3 messages", "StreamBroken", "alarms#streambroken",
    ):  # fmt: skip
        assert words in page
    assert EVIL not in page, "what a driver says is text"
    assert "&lt;script&gt;" in page


def test_a_monitor_that_stands_still_is_told(broken: Settings) -> None:
    assert broker_facts(broken, NOW).has_monitor
    assert not broker_facts(broken, NOW + 120).has_monitor
    assert "what follows is old" in broker_page(broken)


def test_an_empty_home_has_a_page_too(home: Settings) -> None:
    page = broker_page(home)
    assert "The monitor never looked at this home" in page
    assert "No stream has run yet" in page
    assert "No night is closed yet" in page


def test_every_alarm_has_its_paragraph() -> None:
    page = alarms_page()
    assert 'id="unreadexpires"' in page
    assert "What to do." in page
    assert "<code>fink quarantine list</code>" in page
    assert "`" not in page


@pytest.mark.filterwarnings("ignore:Using .httpx. with")
def test_pages_are_for_those_who_are_logged_in_and_show_nothing_else_of_the_home(broken: Settings) -> None:
    from airflow.api_fastapi.core_api.security import get_user

    from fink_lib.orchestration.broker_pages import broker_app

    comparison = broken.home / "reprocess" / "one" / "diff.html"
    comparison.parent.mkdir(parents=True)
    comparison.write_text("<p>compared</p>")
    (broken.home / "airflow").mkdir(exist_ok=True)
    (broken.home / "airflow" / "login.json").write_text("{}")
    places = ("", "alarms", "log/ztf.enrich", "reprocess/one/diff.html", "log/ztf.ingest",
              "airflow/login.json", "reprocess/../airflow/login.json", "log/..%2Fztf.enrich")  # fmt: skip
    app = broker_app()
    assert {answer.status_code for answer in asked(app, *places)} == {401}
    app.dependency_overrides[get_user] = lambda: "somebody"
    answers = asked(app, *places)
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 404, 404, 404, 404]
    assert answers[2].text == "what the driver said\n"
    assert answers[2].headers["content-type"].startswith("text/plain")


def asked(app: Any, *places: str) -> list[httpx.Response]:
    async def ask() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://airflow") as client:
            return [await client.get(f"/{place}") for place in places]

    return asyncio.run(ask())


def test_a_long_log_shows_its_end(broken: Settings) -> None:
    path = broken.streams / "ztf.enrich" / "driver.log"
    path.write_text("a line of it\n" * (LOG_BYTES // 13 + 10) + "the end\n")
    said = log_tail(broken, "ztf.enrich")
    assert said is not None
    assert said.startswith("(the last 200 kB of ")
    assert said.endswith("a line of it\nthe end\n")


def test_buttons_lead_to_these_pages(home: Settings, tmp_path: Path) -> None:
    key: Any = None
    stream = StreamOperator(task_id="stream", survey="ztf", kind=Stage.ENRICH, starts_closing=False)
    links = {link.name: link.get_link(stream, ti_key=key) for link in stream.operator_extra_links}
    assert links == {"Broker": f"{PREFIX}/", "Log of the driver": f"{PREFIX}/log/ztf.enrich"}
    diff = ReprocessOperator(task_id="diff", survey="ztf", step="diff")
    diff.request_id = "one"
    (link,) = diff.operator_extra_links
    assert link.get_link(diff, ti_key=key) == f"{PREFIX}/reprocess/one/diff.html"


def test_an_approval_leads_to_the_comparison_and_names_no_path_of_the_server(home: Settings) -> None:
    diff = ReprocessOperator(task_id="diff", survey="ztf", step="diff")
    diff.request_id = "one"
    folder = diff.folder(home)
    folder.mkdir(parents=True)
    (folder / "diff.md").write_text(f"3 alerts differ\n\nThe whole comparison: `{folder / 'diff.html'}`")
    said = diff._summary(folder)
    assert said.endswith(f"The whole comparison: [the comparison]({PREFIX}/reprocess/one/diff.html)")
    assert str(home.home) not in said


def test_airflow_has_the_page_in_its_own_bar() -> None:
    (view,) = FinkPlugin.external_views
    assert (view["name"], view["href"], view["destination"]) == ("Broker", "fink-broker/", "nav")
    assert PREFIX in {app["url_prefix"] for app in FinkPlugin.fastapi_apps}
    assert {"Broker", "Log of the driver", "Comparison"} <= {link.name for link in FinkPlugin.operator_extra_links}
