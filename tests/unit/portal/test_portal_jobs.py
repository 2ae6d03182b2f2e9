"""Jobs in the portal: the form for those with the right, one's own pages, what they show as text."""

import shutil
from collections.abc import Iterator

import pytest

from fink_lib.accounts import people
from fink_lib.accounts.store import Store
from fink_lib.user_jobs import asking
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
