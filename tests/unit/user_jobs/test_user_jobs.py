"""Jobs of people: asked for over HTTP, run in their turn over the rows that each may see, for their person alone."""

import io
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.csv as pc_csv
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from fink_lib.accounts import people, tokens
from fink_lib.accounts.claims import Scope
from fink_lib.accounts.store import Store
from fink_lib.api.http.app import PREFIX, make_app
from fink_lib.api.lake import Lake
from fink_lib.config import Settings
from fink_lib.errors import HostError
from fink_lib.user_jobs import asking
from fink_lib.user_jobs.book import Book
from fink_lib.user_jobs.http import add_jobs
from fink_lib.user_jobs.main import sentences
from fink_lib.user_jobs.record import State
from fink_lib.user_jobs.sandbox.command import MISSING
from tests.builders.packet_rows import sample_packets
from tests.builders.served_home import NIGHT, PRIVATE, ZTF, arrive, later, serve

COUNT, SECRET = 12, 7
ALL = "SELECT alert_id, object_id FROM ztf.sources ORDER BY alert_id"
RIGHTS = ("jobs:run", "ztf:caltech")


@dataclass
class Place:
    """A home with public rows and one that is not, people, and who answers."""

    settings: Settings
    http: TestClient
    tokens: dict[str, str]
    public: set[int]

    def call(self, who: str, method: str, path: str = "", status: int = 200, **body: Any) -> Any:
        sent = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        answer = self.http.request(method, f"{PREFIX}/jobs{path}", headers=sent, json=body or None)
        assert answer.status_code == status, answer.text
        return answer.json() if "json" in answer.headers["content-type"] else answer

    def ask(self, who: str, status: int = 201, **body: Any) -> Any:
        return self.call(who, "POST", "", status, **{"language": "sql", "code": ALL, "surveys": ["ztf"], **body})

    def done(self, who: str, **body: Any) -> Any:
        """Ask for a job, run what waits, and return how it stands."""
        name = self.ask(who, **body)["name"]
        while list(sentences(self.settings, f"run-{name}")) != ["no job waits"]:
            pass
        return self.call(who, "GET", f"/{name}")

    def ids(self, who: str, job: Any) -> set[int]:
        found = self.call(who, "GET", f"/{job['name']}/result")
        return set(pq.read_table(io.BytesIO(found.content))["alert_id"].to_pylist())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    if shutil.which("bwrap") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    settings = Settings(home=tmp_path_factory.mktemp("jobs") / "home", user_jobs_s=60)
    packets = sample_packets(COUNT)
    hidden = later(packets[0], 0, programid=PRIVATE) | {"candid": SECRET, "objectId": "ZTF21secrets"}
    hidden["candidate"]["candid"] = SECRET
    arrive(settings, packets)
    serve(settings, NIGHT)
    moved = later(packets[1], 1)
    arrive(settings, [hidden, moved], first=1000)
    store = Store(settings.home)
    for name, rights in {"ada": RIGHTS, "bob": RIGHTS[:1], "eve": ()}.items():
        people.add(store, name)
        for right in rights:
            people.grant(store, people.PERSON, name, right)
    made = {name: tokens.add(store, name, "all", days=1, scopes=tuple(Scope), rights=rights)
            for name, rights in {"ada": RIGHTS, "bob": RIGHTS[:1], "eve": ()}.items()}  # fmt: skip
    made["ada-narrow"] = tokens.add(store, "ada", "narrow", days=1, scopes=tuple(Scope), rights=RIGHTS[:1])
    made["ada-reads"] = tokens.add(store, "ada", "reads", days=1, rights=RIGHTS)
    lake = Lake(settings, [ZTF])
    app = make_app(lake)
    add_jobs(app, lake, PREFIX)
    public = {one["candid"] for one in packets} | {moved["candid"]}
    with TestClient(app) as http:
        yield Place(settings, http, made, public)


@pytest.fixture(autouse=True)
def _no_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are made by the tests: what Airflow would start is called by them."""
    monkeypatch.setattr(asking, "start", lambda _settings: None)


@pytest.fixture(autouse=True)
def _empty(place: Place) -> Iterator[None]:
    yield
    shutil.rmtree(place.settings.home / "user_jobs", ignore_errors=True)


def test_each_sees_the_rows_that_are_for_him(place: Place) -> None:
    ada, bob = place.done("ada"), place.done("bob")
    assert (ada["state"], bob["state"]) == ("done", "done"), (ada, bob)
    assert place.ids("bob", bob) == place.public
    assert place.ids("ada", ada) == place.public | {SECRET}
    narrow = place.done("ada-narrow")
    assert place.ids("ada-narrow", narrow) == place.public, "a token that does not claim a right has not got it"
    assert "secrets" not in place.call("bob", "GET", f"/{bob['name']}/result").text
    noted = (place.settings.home / "accounts" / "access.jsonl").read_text()
    assert f"/jobs/{ada['name']}" in noted
    assert f"/jobs/{bob['name']}" not in noted


def test_python_is_run_and_cannot_see_more(place: Place) -> None:
    code = ("import glob, pyarrow.parquet as pq\nids = set()\nfor one in glob.glob('/data/*/*.parquet'):\n"
            " ids |= set(pq.read_table(one)['alert_id'].to_pylist())\nprint('looked')\n"
            "result = {'alert_id': sorted(ids)}")  # fmt: skip
    job = place.done("bob", language="python", code=code)
    assert (job["state"], job["rows"], job["error"]) == ("done", len(place.public), "")
    assert place.ids("bob", job) == place.public
    assert place.call("bob", "GET", f"/{job['name']}/log").text == "looked\n"
    assert SECRET in place.ids("ada", place.done("ada", language="python", code=code))


def test_a_result_as_csv_and_objects_too(place: Place) -> None:
    job = place.done("bob", code="SELECT object_id, n_alerts FROM ztf.objects", format="csv")
    answer = place.call("bob", "GET", f"/{job['name']}/result")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    assert sum(pc_csv.read_csv(io.BytesIO(answer.content))["n_alerts"].to_pylist()) == len(place.public)


def test_jobs_are_for_their_person_and_their_right(place: Place) -> None:
    job = place.done("ada")
    for path, method in (("", "GET"), ("/log", "GET"), ("/result", "GET"), ("/cancel", "POST"), ("/rerun", "POST")):
        place.call("bob", method, f"/{job['name']}{path}", 404)
        place.call("", method, f"/{job['name']}{path}", 401)
    assert place.call("bob", "GET") == []
    assert "jobs:run" in place.ask("eve", 403)["error"]["message"]
    place.ask("", 401)
    assert "write" in place.ask("ada-reads", 403)["error"]["message"]
    assert "ztf:caltech" in place.call("ada-narrow", "GET", f"/{job['name']}/result", 403)["error"]["message"]
    place.call("bob", "GET", "/" + "a" * 300, 404)
    store = Store(place.settings.home)
    people.withdraw(store, people.PERSON, "ada", "ztf:caltech")
    try:
        place.call("ada", "GET", f"/{job['name']}/result", 403)
        assert place.ids("ada", place.done("ada")) == place.public
    finally:
        people.grant(store, people.PERSON, "ada", "ztf:caltech")


def test_what_a_job_says_of_rows_is_hidden_from_who_sees_them_no_longer(place: Place) -> None:
    code = "raise ValueError(str(db.sql('SELECT max(object_id) FROM ztf.sources').fetchall()))"
    name = place.ask("ada", language="python", code=code)["name"]
    said = "".join(sentences(place.settings, "one"))
    assert "secrets" in place.call("ada", "GET", f"/{name}")["error"]
    assert "secrets" not in said, "the log of the task is read by others"
    for method, path in (("GET", f"/{name}"), ("POST", f"/{name}/cancel")):
        job = place.call("ada-narrow", method, path)
        assert (job["rows"], job["versions"], "secrets" in str(job)) == (None, {}, False)
    assert "secrets" not in str(place.call("ada-narrow", "GET"))


def test_rights_that_were_lost_while_a_job_waited_are_not_used(place: Place) -> None:
    store, name = Store(place.settings.home), place.ask("bob")["name"]
    people.withdraw(store, people.PERSON, "bob", "jobs:run")
    try:
        list(sentences(place.settings, "late"))
    finally:
        people.grant(store, people.PERSON, "bob", "jobs:run")
    job = place.call("bob", "GET", f"/{name}")
    assert (job["state"], "any longer" in job["error"]) == ("failed", True)


def test_again_on_a_version_has_the_closed_nights_alone(place: Place) -> None:
    first, newest = place.done("ada"), place.http.get("/health").json()["surveys"]["ztf"]["version"]
    name = place.call("ada", "POST", f"/{first['name']}/rerun", version=newest)["name"]
    assert "done" in "".join(sentences(place.settings, "again"))
    job = place.call("ada", "GET", f"/{name}")
    assert (job["rerun_of"], job["version"], job["versions"]) == (first["name"], newest, {"ztf": f"v{newest}"})
    assert len(place.ids("ada", job)) == COUNT
    lost = place.done("ada", version=999)
    assert (lost["state"], "no version 999" in lost["error"]) == ("failed", True)


@pytest.mark.parametrize(
    ("body", "told"),
    [({"code": "DROP TABLE x"}, "one SELECT"), ({"code": " "}, "code must"), ({"language": "perl"}, "sql, python"),
     ({"surveys": ["moon"]}, "surveys must"), ({"version": "3"}, "version must"), ({"format": "exe"}, "parquet, csv"),
     ({"code": 5}, "code must"), ({"more": 1}, "has no 'more'"), ({"title": "x" * 201}, "title must"),
     ({"version": 10**18}, "version must")],
)  # fmt: skip
def test_what_cannot_be_run_is_refused_at_once(place: Place, body: dict[str, Any], told: str) -> None:
    assert told in place.ask("bob", 400, **body)["error"]["message"]
    assert Book(place.settings).every() == []


def test_who_asks_for_much_waits_behind_the_others(place: Place) -> None:
    names = [place.ask("ada")["name"] for _ in range(3)]
    assert "3 of your jobs" in place.ask("ada", 429)["error"]["message"]
    other = place.ask("bob")["name"]
    book = Book(place.settings)
    taken = [book.take(f"run-{number}") for number in range(5)]
    assert [one and one[0].name for one in taken] == [names[0], other, names[1], names[2], None]
    for one in taken[:-1]:
        assert one is not None
        one[1].release()
    again = book.take("run-1")
    assert again is not None
    assert again[0].name == other, "a run that was cut off takes its own job again"
    again[1].release()


def test_a_days_worth_of_seconds(place: Place) -> None:
    book = Book(place.settings)
    job = book.get(place.ask("bob")["name"])
    book.end(job, State.DONE, seconds=float(place.settings.user_jobs_s_per_day))
    assert "within a day" in place.ask("bob", 429)["error"]["message"]


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_by_its_runner(place: Place) -> None:
    name = place.ask("bob")["name"]
    assert place.call("bob", "POST", f"/{name}/cancel")["state"] == "cancelled"
    assert list(sentences(place.settings, "none")) == ["no job waits"]
    name = place.ask("bob", language="python", code="while True: pass")["name"]
    (Path(Book(place.settings).folder(name)) / "cancel").touch()
    list(sentences(place.settings, "one"))
    job = place.call("bob", "GET", f"/{name}")
    assert (job["state"], job["rows"]) == ("cancelled", None)
    place.call("bob", "GET", f"/{name}/result", 400)


def test_a_job_that_is_not_taken_is_not_kept(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_settings: Settings) -> None:
        raise HostError("Airflow does not run")

    monkeypatch.setattr(asking, "start", refuse)
    assert place.ask("bob", 503)["error"]["message"] == "Airflow does not run"
    monkeypatch.setenv("PATH", "/nowhere")
    assert place.ask("bob", 503)["error"]["message"] == MISSING
    assert Book(place.settings).every() == []


def test_a_job_that_a_run_has_taken_is_kept_though_airflow_told_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = Book(place.settings)

    def slow(_settings: Settings) -> None:
        taken = book.take("run")
        assert taken is not None
        taken[1].release()
        raise HostError("Airflow took no job within 120 s")

    monkeypatch.setattr(asking, "start", slow)
    name = place.ask("bob")["name"]
    assert book.get(name).state is State.RUNNING
    assert place.call("bob", "POST", f"/{name}/cancel")["state"] == "cancelled", "nobody runs it"


def test_jobs_whose_runners_died_fill_nobodys_quota(place: Place) -> None:
    book = Book(place.settings)
    for number in range(place.settings.user_jobs_per_person):
        name = place.ask("bob")["name"]
        taken = book.take(f"run-{number}")
        assert taken is not None
        taken[1].release()
        book.change(name, started_at=1.0)
    place.ask("bob")
    assert [one.state for one in book.every()].count(State.FAILED) == place.settings.user_jobs_per_person


def test_code_that_fails_says_why(place: Place) -> None:
    job = place.done("bob", language="python", code="print(1)\nraise ValueError('no such thing')")
    assert (job["state"], job["error"]) == ("failed", "ValueError: no such thing")
    assert "line 2" in place.call("bob", "GET", f"/{job['name']}/log").text
    job = place.done("bob", code="SELECT nothing FROM ztf.sources")
    assert "nothing" in job["error"]
