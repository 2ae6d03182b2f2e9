"""Tables of people, asked by three: whose it is, a member of its group, and a stranger, for whom nothing is there."""

import io
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from astropy.io.votable import parse
from starlette.testclient import TestClient

from fink_lib.accounts import groups, people, tokens
from fink_lib.accounts.claims import Scope
from fink_lib.accounts.store import Store
from fink_lib.api.http.app import PREFIX, make_app
from fink_lib.api.lake import Lake
from fink_lib.client import Fink
from fink_lib.config import Settings
from fink_lib.served.private import PrivateTable
from fink_lib.served.private_store import PrivateTables
from fink_lib.user_jobs import asking, keeping, tables_http
from fink_lib.user_jobs.book import Book
from fink_lib.user_jobs.http import add_jobs
from fink_lib.user_jobs.main import sentences
from fink_lib.user_jobs.sandbox.command import MISSING
from fink_lib.user_jobs.sandbox.running import Ended, run
from fink_lib.vo.app import add_services
from tests.builders.packet_rows import sample_packets
from tests.builders.served_home import NIGHT, PRIVATE, ZTF, arrive, later, serve

COUNT, SECRET = 12, 7
GROUP, JOBS, CALTECH = "sn.ia-1", "jobs:run", "ztf:caltech"
RIGHTS = {"ada": (JOBS, CALTECH), "bob": (JOBS,), "eve": (JOBS,)}
MINE, OURS = "user_ada.near", "group_sn_ia_1.near"
PUBLIC = f"SELECT alert_id, object_id, ra, dec, band FROM ztf.sources WHERE alert_id <> {SECRET}"  # noqa: S608
ALL = "SELECT alert_id FROM ztf.sources"
JUNK = """
import pyarrow.parquet as pq
class Junk:
    def __init__(self, sink, *_, **__): self.sink = sink
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def write_batch(self, _): self.sink.write(b'PAR1 no rows at all PAR1')
pq.ParquetWriter = Junk
result = {'x': [1]}
"""


@dataclass
class Place:
    """A home with people, and who answers."""

    settings: Settings
    http: TestClient
    tokens: dict[str, str]

    def send(self, who: str, method: str, path: str, **sent: Any) -> Any:
        known = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        return self.http.request(method, path, headers={**known, **sent.pop("headers", {})}, **sent)

    def call(self, who: str, method: str, path: str, status: int = 200, **sent: Any) -> Any:
        answer = self.send(who, method, PREFIX + path, **sent)
        assert answer.status_code == status, answer.text
        return answer.json()

    def ask(self, who: str, status: int = 201, **body: Any) -> Any:
        body = {"language": "sql", "code": PUBLIC, "surveys": ["ztf"], **body}
        return self.call(who, "POST", "/jobs", status, json=body)

    def done(self, who: str, **body: Any) -> Any:
        name = self.ask(who, **body)["name"]
        while list(sentences(self.settings, f"run-{name}")) != ["no job waits"]:
            pass
        return self.call(who, "GET", f"/jobs/{name}")

    def tap(self, who: str, query: str, path: str = "/tap/sync") -> Any:
        return self.send(who, "POST", path, data={"QUERY": query, "RESPONSEFORMAT": "csv"})

    def tables(self, who: str) -> list[str]:
        """Return the tables of people that somebody is told of, by TAP_SCHEMA, VOSI and the API, which agree."""
        query = "SELECT table_name FROM tap_schema.tables WHERE table_name LIKE 'user%' OR table_name LIKE 'group%'"
        told = sorted(self.tap(who, query).text.replace('"', "").split()[1:])
        vosi = self.send(who, "GET", "/tap/tables").text
        assert [one for one in (MINE, OURS) if one in vosi] == sorted(told, reverse=True)
        if who:
            listed = [f"{one['schema']}.{one['name']}" for one in self.call(who, "GET", "/tables")]
            assert listed == told
        return told


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    if shutil.which("bwrap") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    settings = Settings(home=tmp_path_factory.mktemp("tables") / "home", user_jobs_s=60, user_tables_per_person=2)
    packets = sample_packets(COUNT)
    hidden = later(packets[0], 0, programid=PRIVATE) | {"candid": SECRET, "objectId": "ZTF21secrets"}
    hidden["candidate"]["candid"] = SECRET
    arrive(settings, packets)
    serve(settings, NIGHT)
    arrive(settings, [hidden], first=1000)
    store, made = Store(settings.home), dict[str, str]()
    groups.add(store, GROUP)
    for name, rights in RIGHTS.items():
        people.add(store, name)
        for right in rights:
            people.grant(store, people.PERSON, name, right)
        if name != "eve":
            groups.join(store, GROUP, name)
        member = [] if name == "eve" else [GROUP]
        made[name] = tokens.add(store, name, "usual", days=1, scopes=tuple(Scope), groups=member, rights=[JOBS])
    made["ada-all"] = tokens.add(store, "ada", "all", days=1, scopes=tuple(Scope), groups=[GROUP], rights=RIGHTS["ada"])
    made["bob-alone"] = tokens.add(store, "bob", "alone", days=1, rights=[JOBS])
    lake = Lake(settings, [ZTF])
    app = make_app(lake)
    add_jobs(app, lake, PREFIX)
    add_services(app, lake)
    with TestClient(app) as http:
        yield Place(settings, http, made)


@pytest.fixture(autouse=True)
def _fresh(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(asking, "start", lambda _settings: None)
    yield
    for name in ("user_jobs", "user_tables"):
        shutil.rmtree(place.settings.home / name, ignore_errors=True)


def test_a_table_of_ones_own_is_there_for_oneself_alone(place: Place) -> None:
    before = {who: place.send(who, "GET", f"{PREFIX}/classes").headers["etag"] for who in ("bob", "eve", "")}
    job = place.done("ada", table="near", title="near ones")
    assert (job["state"], job["table"], job["error"]) == ("done", MINE, ""), job
    assert {who: place.tables(who) for who in ("ada", "bob", "eve", "")} == {
        "ada": [MINE],
        "bob": [],
        "eve": [],
        "": [],
    }
    count = f"SELECT COUNT(*) AS n FROM {MINE}"  # noqa: S608
    assert place.tap("ada", count).text.split() == ["n", str(COUNT)]
    there, nowhere = place.tap("bob", count), place.tap("bob", count.replace("near", "gone"))
    assert (there.status_code, there.text) == (nowhere.status_code, nowhere.text.replace("gone", "near"))
    paths = ("", "/rows", "/file")
    for path in paths:
        there, nowhere = (place.send("bob", "GET", f"{PREFIX}/tables/user_ada/{one}{path}") for one in ("near", "gone"))
        assert (there.status_code, "etag" in there.headers) == (404, False)
        assert there.text == nowhere.text.replace("gone", "near")
        assert place.send("", "GET", f"{PREFIX}/tables/user_ada/near{path}").status_code == 401
    place.call("bob", "DELETE", "/tables/user_ada/near", 404)
    assert "no table" in place.ask("bob", 404, code=f"SELECT * FROM {MINE}")["error"]["message"]  # noqa: S608
    assert {who: place.send(who, "GET", f"{PREFIX}/classes").headers["etag"] for who in before} == before


def test_its_rows_are_asked_by_the_api_by_jobs_and_by_the_client(place: Place) -> None:
    place.done("ada", table="near")
    told = place.call("ada", "GET", "/tables/user_ada/near")
    assert (told["rows"], list(told["columns"]), told["columns"]["alert_id"]) == (
        COUNT, ["alert_id", "object_id", "ra", "dec", "band"], "int64")  # fmt: skip
    path = f"{PREFIX}/tables/user_ada/near/rows"
    page = place.send("ada", "GET", path, params={"limit": 5, "offset": 5, "columns": "ra,object_id"})
    assert [list(one) for one in page.json()] == [["ra", "object_id"]] * 5
    assert page.headers["x-next-offset"] == "10"
    assert "private" in page.headers["cache-control"]
    again = place.send("ada", "GET", path, headers={"If-None-Match": page.headers["etag"]})
    assert again.status_code == 304
    votable = place.send("ada", "GET", path, params={"output-format": "votable"}).content
    assert len(parse(io.BytesIO(votable)).get_first_table().array) == COUNT
    for wrong in ({"limit": "x"}, {"columns": "nope"}, {"output-format": "exe"}, {"offset": -1}):
        assert "error" in place.call("ada", "GET", "/tables/user_ada/near/rows", 400, params=wrong)
    query = f"SELECT n.ra, s.class FROM {MINE.upper()} n JOIN ztf.sources s USING (alert_id)"  # noqa: S608
    joined = place.done("ada", code=query)
    assert (joined["rows"], MINE in joined["versions"], joined["tables"]) == (COUNT, True, [MINE])
    code = "result = db.sql('SELECT ra FROM user_ada.near')"
    assert "near" in place.done("ada", language="python", code=code)["error"], "it has to be asked for"
    assert place.done("ada", language="python", code=code, tables=[MINE])["rows"] == COUNT
    client: Any = Fink("http://testserver", token=place.tokens["ada"])
    client._http.close()
    client._http = TestClient(
        place.http.app, base_url=f"http://testserver{PREFIX}/", headers=dict(client._http.headers)
    )
    assert list(client.tables()) == [MINE]
    assert len(client.table(MINE)) == COUNT
    noted = (place.settings.home / "accounts" / "access.jsonl").read_text()
    assert "person:ada" in noted


def test_adql_joins_and_describes_it(place: Place) -> None:
    place.done("ada", table="near", code=PUBLIC.replace("band", "band, 7 AS hpx"))
    near = f"""SELECT s.object_id FROM {MINE} AS n JOIN ztf.sources AS s ON s.alert_id = n.alert_id
               WHERE 1 = CONTAINS(POINT(n.ra, n.dec), CIRCLE(0, 0, 180))"""  # noqa: S608
    assert len(place.tap("ada", near).text.split()) == COUNT + 1, "its hpx is not ours to go by"
    query = f"SELECT column_name, unit, ucd FROM tap_schema.columns WHERE table_name = '{MINE}'"  # noqa: S608
    assert '"ra","deg","pos.eq.ra;meta.main"' in place.tap("ada", query).text
    made = place.tap("ada", f"SELECT * FROM {MINE}", "/tap/async")  # noqa: S608
    job = str(made.url)
    place.send("ada", "POST", f"{job}/phase", data={"PHASE": "RUN"})
    ended = place.send("ada", "GET", job, params={"WAIT": 60, "PHASE": "QUEUED"}).text
    while "QUEUED" in ended or "EXECUTING" in ended:
        ended = place.send("ada", "GET", job, params={"WAIT": 60, "PHASE": "EXECUTING"}).text
    assert ">ERROR<" in ended, "whoever knows a job's name may read its rows: it has no private ones"


def test_a_table_of_a_group_is_there_for_its_members(place: Place) -> None:
    job = place.done("ada", table="near", group=GROUP)
    assert (job["state"], job["table"]) == ("done", OURS), job
    told = {who: place.tables(who) for who in ("ada", "bob", "eve", "bob-alone")}
    assert told == {"ada": [OURS], "bob": [OURS], "eve": [], "bob-alone": []}
    assert len(place.tap("bob", f"SELECT ra FROM {OURS}").text.split()) == COUNT + 1  # noqa: S608
    made = place.done("bob", code=f"SELECT ra FROM {OURS}", table="mine")  # noqa: S608
    assert (made["state"], made["rows"]) == ("done", COUNT)
    assert "ada" in place.call("bob", "DELETE", "/tables/group_sn_ia_1/near", 403)["error"]["message"]
    assert "of ada" in place.ask("bob", 403, table="near", group=GROUP)["error"]["message"]
    assert "belong" in place.ask("eve", 400, table="near", group=GROUP)["error"]["message"]
    store = Store(place.settings.home)
    groups.leave(store, GROUP, "bob")
    try:
        assert place.tables("bob") == [], "not even what he made of it"
        place.call("bob", "GET", f"/jobs/{made['name']}/log", 403)
    finally:
        groups.join(store, GROUP, "bob")
    place.call("ada", "DELETE", "/tables/group_sn_ia_1/near")
    assert place.tables("ada") == []


@pytest.mark.parametrize("when", ["queued", "running"])
def test_who_left_a_group_meanwhile_gives_it_no_table(place: Place, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    store = Store(place.settings.home)

    def left_meanwhile(*given: Any) -> Ended:
        groups.leave(store, GROUP, "bob")
        return run(*given)

    name = place.ask("bob", table="near", group=GROUP)["name"]
    if when == "queued":
        groups.leave(store, GROUP, "bob")
    else:
        monkeypatch.setattr(keeping, "run", left_meanwhile)
    try:
        list(sentences(place.settings, "one"))
        job = place.call("bob", "GET", f"/jobs/{name}")
    finally:
        groups.join(store, GROUP, "bob")
    assert (job["state"], "no member" in job["error"], place.tables("ada")) == ("failed", True, []), job


def test_a_job_cancelled_while_its_table_is_written_leaves_none(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def cancelled_meanwhile(*given: Any) -> Ended:
        place.call("ada", "POST", f"/jobs/{name}/cancel")
        return replace(run(*given[:3]), seconds=500.0)  # it was done before anybody looked

    monkeypatch.setattr(keeping, "run", cancelled_meanwhile)
    name = place.ask("ada", table="near")["name"]
    list(sentences(place.settings, "one"))
    job = place.call("ada", "GET", f"/jobs/{name}")
    assert (job["state"], place.tables("ada")) == ("cancelled", []), job
    assert job["seconds"] > 500, "both count for the day"


def test_what_an_earlier_run_of_a_job_has_left_is_not_shown_as_this_ones(place: Place) -> None:
    name = place.ask("ada-all", code="SELECT nothing FROM ztf.sources")["name"]
    folder = Book(place.settings).folder(name)
    (folder / "result.parquet").write_bytes(b"rows of a right that was withdrawn since")
    list(sentences(place.settings, "one"))
    assert place.call("ada-all", "GET", f"/jobs/{name}")["state"] == "failed"
    place.call("ada-all", "GET", f"/jobs/{name}/result", 400)


def test_rows_that_go_while_they_are_asked_are_not_there(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.done("ada", table="near")
    monkeypatch.setattr(tables_http, "MOST_PAGE_MB", 0)
    assert "more than 0 MB" in place.call("ada", "GET", "/tables/user_ada/near/rows", 400)["error"]["message"]
    monkeypatch.undo()
    opened = PrivateTables.opened

    def gone(self: PrivateTables, table: PrivateTable) -> Path:
        path = opened(self, table)
        path.unlink(missing_ok=True)
        return path

    monkeypatch.setattr(PrivateTables, "opened", gone)
    monkeypatch.setattr(asking, "start", lambda _settings: None)
    place.call("ada", "GET", "/tables/user_ada/near/rows", 404)
    job = place.done("ada", code=f"SELECT * FROM {MINE}")  # noqa: S608
    assert (job["state"], "run it again" in job["error"]) == ("failed", True), job


def test_a_table_that_cannot_be_written_ends_its_job(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_given: object) -> Ended:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keeping, "run", full)
    job = place.done("ada", table="near")
    assert (job["state"], "OSError" in job["error"], place.tables("ada")) == ("failed", True, [])


def test_rows_by_a_right_are_for_those_who_have_it(place: Place) -> None:
    job = place.done("ada-all", table="near", code=ALL)
    assert (job["rows"], place.tables("ada-all"), place.tables("ada")) == (COUNT + 1, [MINE], [])
    place.call("ada", "GET", "/tables/user_ada/near", 404)
    shared = place.done("ada-all", table="near", code=PUBLIC, group=GROUP)
    assert (shared["state"], CALTECH in shared["error"]) == ("failed", True), "what it left out would tell of that row"
    shared = place.done("ada-all", table="near", code=ALL, group=GROUP, public=True)
    assert (shared["state"], shared["rows"], place.tables("bob")) == ("done", COUNT, [OURS])
    again = place.call("ada-all", "POST", f"/jobs/{shared['name']}/rerun")
    assert again["public"] is True
    store = Store(place.settings.home)
    people.grant(store, people.GROUP, GROUP, CALTECH)
    try:
        assert place.done("ada-all", table="near", code=ALL, group=GROUP)["state"] == "done"
        assert place.tables("bob") == [], "he has the right by his group now, and his token does not claim it"
    finally:
        people.withdraw(store, people.GROUP, GROUP, CALTECH)


def test_a_result_of_any_bytes_is_read_by_nobody_outside(place: Place) -> None:
    job = place.done("ada", language="python", code=JUNK, table="near")
    assert (job["state"], job["rows"], place.tables("ada")) == ("failed", 1, []), job
    assert "no table was made" in job["error"]


def test_odd_types_become_plain_ones(place: Place) -> None:
    code = """SELECT [1, 2] AS list, {'a': 1} AS record, 'x'::BLOB AS bytes, 1.5::DECIMAL(5, 2) AS money,
              18446744073709551615::UBIGINT AS large, DATE '2021-01-01' AS day,
              TIMESTAMPTZ '2021-01-01 00:00:00Z' AS at, TIME '12:00' AS clock, true AS truth, NULL AS nothing"""
    job = place.done("ada", code=code, table="near")
    assert job["state"] == "done", job
    (row,) = place.call("ada", "GET", "/tables/user_ada/near/rows")
    assert row == {"list": "[1, 2]", "record": '{"a": 1}', "bytes": "78", "money": 1.5, "large": "18446744073709551615",
                   "day": "2021-01-01", "at": "2021-01-01T00:00:00+00:00", "clock": "12:00:00.000000", "truth": True,
                   "nothing": None}  # fmt: skip
    assert len(place.tap("ada", f"SELECT * FROM {MINE}").text.split("\n")) == 3  # noqa: S608


@pytest.mark.parametrize(
    ("body", "told"),
    [({"table": "No"}, "no name of a table"), ({"table": "x" * 41}, "no name of a table"), ({"table": 5}, "be texts"),
     ({"table": "a", "format": "csv"}, "Parquet"), ({"public": "yes"}, "true or false"),
     ({"group": "sn"}, "name a table"),
     ({"language": "python", "code": "1", "tables": "x"}, "tables must"),
     ({"code": 'SELECT * FROM "user_ada.near"'}, "a file is none")],
)  # fmt: skip
def test_what_cannot_be_a_table_is_refused_at_once(place: Place, body: dict[str, Any], told: str) -> None:
    assert told in place.ask("ada", 400, **body)["error"]["message"]


def test_columns_that_adql_could_not_say_are_refused_and_the_result_stays(place: Place) -> None:
    job = place.done("ada", code="SELECT count(*) FROM ztf.sources", table="near")
    assert (job["state"], "AS" in job["error"], job["rows"]) == ("failed", True, 1)
    found = place.send("ada", "GET", f"{PREFIX}/jobs/{job['name']}/result")
    assert pq.read_table(io.BytesIO(found.content)).num_rows == 1


def test_who_keeps_many_drops_one_first(place: Place) -> None:
    for name in ("one", "two"):
        assert place.done("ada", code="SELECT 1 AS x", table=name)["state"] == "done"
    assert "2 tables" in place.ask("ada", 429, table="three")["error"]["message"]
    again = place.done("ada", code="SELECT 2 AS x", table="two")
    assert again["state"] == "done", "one's own of that name is replaced"
    assert place.call("ada", "GET", "/tables/user_ada/two/rows") == [{"x": 2}]
    place.call("ada", "DELETE", "/tables/user_ada/one")
    assert place.done("ada", code="SELECT 3 AS x", table="three")["state"] == "done"
    rerun = place.call("ada", "POST", f"/jobs/{again['name']}/rerun")
    assert (rerun["table"], rerun["state"]) == ("user_ada.two", "queued")
