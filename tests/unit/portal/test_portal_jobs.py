"""Jobs in the portal: the form for those with the right, one's own pages, what they show as text."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fink_lib.accounts import groups, people
from fink_lib.accounts.store import Store
from fink_lib.errors import HostError
from fink_lib.served.private import PrivateTable
from fink_lib.served.private_store import PrivateTables
from fink_lib.served.results.book import ResultTopic, ResultTopics
from fink_lib.user_jobs import asking, topics
from fink_lib.user_jobs.book import Book
from fink_lib.user_jobs.record import State
from fink_lib.user_jobs.sandbox.running import LOG
from tests.unit.portal.conftest import MARKUP, Portal
from tests.unit.portal.persons import Someone

ASKED = {"survey": "ztf", "language": "sql", "code": f"SELECT 1 AS x -- {MARKUP}", "format": "csv", "title": MARKUP}


@pytest.fixture
def persons(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Someone]]:
    store = Store(portal.settings.home)
    known = {str(one["person"]) for one in people.everyone(store)}
    for name in {"anna-j", "ben-j"} - known:
        people.add(store, name)
    people.grant(store, people.PERSON, "anna-j", "jobs:run")
    monkeypatch.setattr(asking, "start", lambda _settings: None)
    monkeypatch.setattr(asking, "bubblewrap", lambda: "bwrap")
    found = {name: Someone(portal, name) for name in ("anna-j", "ben-j", "")}
    yield found
    for one in found.values():
        one.http.close()
    shutil.rmtree(portal.settings.home / "user_jobs", ignore_errors=True)


def test_a_job_is_asked_for_looked_at_and_cancelled(persons: dict[str, Someone], portal: Portal) -> None:
    anna, ben = persons["anna-j"], persons["ben-j"]
    assert "one SELECT" in anna.post("/jobs", 400, back="/jobs", **{**ASKED, "code": "DROP TABLE x"})
    page = anna.post("/jobs", back="/jobs", **ASKED)
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert MARKUP not in page
    book = Book(portal.settings)
    (job,) = book.every()
    assert (job.person, job.state) == ("anna-j", State.QUEUED)
    path = f"/jobs/{job.name}"
    assert path in anna.get("/jobs")
    ben.get(path, 404)
    persons[""].get(path, 404)
    assert ben.post(f"{path}/cancel", 404, back="/account")
    assert ">cancelled<" in anna.post(f"{path}/cancel", back="/jobs")
    (book.folder(job.name) / LOG).write_text(f"{MARKUP} said")
    assert "&lt;b&gt;bold&lt;/b&gt; said" in anna.get(path)
    anna.post(f"{path}/rerun", back="/jobs", version="3")
    assert {(one.version, one.rerun_of) for one in book.every()} == {(None, ""), (3, job.name)}
    assert "Version must" in anna.post(f"{path}/rerun", 400, back="/jobs", version="x")


def test_the_form_is_for_those_with_the_right(persons: dict[str, Someone], portal: Portal) -> None:
    assert 'name="code"' in persons["anna-j"].get("/jobs")
    page = persons["ben-j"].get("/jobs")
    assert ("jobs:run" in page, 'name="code"' in page) == (True, False)
    assert "Log in" in persons[""].get("/jobs")
    persons["ben-j"].post("/jobs", 403, back="/account", **ASKED)
    persons[""].post("/jobs", 401, back="/jobs", **ASKED)
    assert Book(portal.settings).every() == []


def test_a_table_is_shown_to_whom_it_is_for_and_dropped(
    persons: dict[str, Someone], portal: Portal, tmp_path: Path
) -> None:
    anna, ben, store = persons["anna-j"], persons["ben-j"], Store(portal.settings.home)
    if "sn-j" not in {str(one["group"]) for one in groups.everyone(store)}:
        groups.add(store, "sn-j")
    groups.join(store, "sn-j", "anna-j")
    kept, rows = PrivateTables(portal.settings), tmp_path / "rows.parquet"
    for name, group in (("mine", ""), ("ours", "sn-j")):
        pq.write_table(pa.table({"x": [1.5], "said": [MARKUP + "y" * 10_000]}), rows)
        kept.keep(
            PrivateTable(name, "anna-j", group, title=MARKUP, columns={"x": "double", "said": "string"}, rows=1), rows
        )
    page = anna.get("/jobs")
    assert ("user_anna_j.mine" in page, "group_sn_j.ours" in page, MARKUP in page) == (True, True, False)
    assert 'name="table"' in page
    assert "anna_j" not in ben.get("/jobs")
    page = anna.get("/tables/user_anna_j/mine")
    assert "y" * 201 not in page, "its first characters"
    assert ("1.5" in page, "&lt;b&gt;bold&lt;/b&gt;" in page, MARKUP in page) == (True, True, False)
    ben.get("/tables/user_anna_j/mine", 404)
    persons[""].get("/tables/user_anna_j/mine", 404)
    ben.post("/tables/user_anna_j/mine/drop", 404, back="/account")
    assert "mine" not in anna.post("/tables/user_anna_j/mine/drop", back="/jobs")
    anna.post("/jobs", back="/jobs", **{**ASKED, "format": "parquet", "table": "new", "group": "sn-j"})
    (job,) = Book(portal.settings).every()
    assert job.kept_as == "group_sn_j.new"
    shutil.rmtree(portal.settings.home / "user_tables")


def test_a_table_is_sent_by_a_button_and_an_account_made_whose_password_is_shown_once(
    persons: dict[str, Someone], portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, commands = persons["anna-j"], list[list[str]]()

    def done(_settings: object, command: list[str], _longest_s: float, _failed: str) -> str:
        commands.append(command)
        return json.dumps({"user": "person-anna-j", "password": "open sesame", "address": "kafka:9093"})

    def away(*_: object) -> str:
        raise HostError("no Kafka answers")

    monkeypatch.setattr(topics, "done", done)
    pq.write_table(pa.table({"x": [1.5]}), tmp_path / "rows.parquet")
    PrivateTables(portal.settings).keep(
        PrivateTable("sent", "anna-j", columns={"x": "double"}, rows=1), tmp_path / "rows.parquet"
    )
    where = "/tables/user_anna_j/sent"
    assert "Send it" in anna.get(where)
    anna.post(f"{where}/topic", back=where)
    persons["ben-j"].post(f"{where}/topic", 404, back="/account")
    assert commands == [["jobs", "topic", "--json", "--who", "anna-j", "--", "user_anna_j.sent"]]
    (table,) = PrivateTables(portal.settings).every()
    book = ResultTopics(portal.settings)
    book.save(replace(ResultTopic.of(table), rows=1))
    page = anna.get(where)
    assert (book.every()[0].topic in page, "Send it again" in page) == (True, True)
    assert "open sesame" in anna.post("/account/kafka", back="/account")
    assert "open sesame" not in anna.get("/account")
    persons[""].post("/account/kafka", 401, back="/login")
    assert commands[1:] == [["users", "kafka", "--json", "--", "anna-j"]]
    monkeypatch.setattr(topics, "done", away)
    assert f"{book.every()[0].topic} is still read" in anna.post(f"{where}/drop", 503, back=where)
    for name in ("user_tables", "user_topics"):
        shutil.rmtree(portal.settings.home / name)
