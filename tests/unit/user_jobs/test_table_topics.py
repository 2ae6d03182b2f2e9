"""Tables sent to topics over HTTP: who may ask, which command does it, and what is told of it; Kafka is not there."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from fink_lib.accounts import groups, people, sessions, tokens
from fink_lib.accounts.claims import Scope
from fink_lib.accounts.store import Store
from fink_lib.accounts.web import COOKIE, PROOF_HEADER
from fink_lib.api.http.app import PREFIX, make_app
from fink_lib.api.lake import Lake
from fink_lib.cli import main as cli_main
from fink_lib.config import Settings
from fink_lib.errors import BrokerError, FinkError, HostError, LockHeld
from fink_lib.served.private import NoSuchTable, PrivateTable, columns_of
from fink_lib.served.private_store import NotYours, PrivateTables
from fink_lib.served.results.book import ResultTopic, ResultTopics
from fink_lib.served.results.refusals import NotClosed, TooMuch
from fink_lib.user_jobs import commands, topics
from fink_lib.user_jobs.http import add_jobs
from tests.builders.served_home import ZTF

ROWS = pa.table({"x": [1.5, 2.5]})
MINE, OURS = "/tables/user_ada/near", "/tables/group_sn/near"
SENT = {"topic": "fresult.person.ada.near.12345678", "table": "user_ada.near", "rows": 2}


@dataclass
class Place:
    """A home with people and tables, who answers, and the commands that it had done."""

    settings: Settings
    http: TestClient
    tokens: dict[str, str]
    commands: list[list[str]] = field(default_factory=list)
    fails: str = ""

    def call(self, who: str, method: str, path: str, status: int = 200) -> Any:
        known = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        answer = self.http.request(method, PREFIX + path, headers=known)
        assert answer.status_code == status, answer.text
        return answer.json()

    def done(self, _settings: Settings, command: list[str], _longest_s: float, failed: str) -> str:
        self.commands.append(command)
        if self.fails:
            raise HostError(f"{failed}: {self.fails}")
        return json.dumps(SENT)


@pytest.fixture
def place(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    settings.home.mkdir()
    store, made = Store(settings.home), dict[str, str]()
    groups.add(store, "sn")
    for name in ("ada", "bob", "eve"):
        people.add(store, name)
        people.grant(store, people.PERSON, name, "jobs:run")
        if name != "eve":
            groups.join(store, "sn", name)
        member = [] if name == "eve" else ["sn"]
        made[name] = tokens.add(store, name, "t", days=1, scopes=tuple(Scope), groups=member, rights=["jobs:run"])
    made["ada-reads"] = tokens.add(store, "ada", "r", days=1, rights=["jobs:run"])
    made["ada-jobless"] = tokens.add(store, "ada", "j", days=1, scopes=tuple(Scope))
    for group in ("", "sn"):
        pq.write_table(ROWS, tmp_path / "rows.parquet")
        table = PrivateTable("near", "ada", group, columns=columns_of(ROWS.schema), rows=2)
        PrivateTables(settings).keep(table, tmp_path / "rows.parquet")
    lake = Lake(settings, [ZTF])
    app = make_app(lake)
    add_jobs(app, lake, PREFIX)
    with TestClient(app) as http:
        found = Place(settings, http, made)
        monkeypatch.setattr(topics, "done", found.done)
        yield found


def test_who_made_a_table_has_it_sent(place: Place) -> None:
    assert place.call("ada", "POST", f"{MINE}/topic") == SENT
    assert place.commands == [["jobs", "topic", "--json", "--who", "ada", "--", "user_ada.near"]]


@pytest.mark.parametrize(
    ("who", "path", "status"),
    [("bob", MINE, 404), ("eve", OURS, 404), ("bob", OURS, 403), ("", MINE, 401), ("ada-reads", MINE, 403),
     ("ada-jobless", MINE, 403), ("ada", "/tables/user_ada/gone", 404)],
)  # fmt: skip
def test_nobody_else_does(place: Place, who: str, path: str, status: int) -> None:
    place.call(who, "POST", f"{path}/topic", status)
    assert place.commands == []


def test_an_account_is_made_for_oneself_alone_and_in_a_session(place: Place) -> None:
    store = Store(place.settings.home)
    cookie = sessions.begin(store, "bob")
    claims = sessions.claims_of(store, cookie)
    assert claims is not None
    known = {"Cookie": f"{COOKIE}={cookie}", PROOF_HEADER: sessions.form_proof(store, claims)}
    assert place.http.post(f"{PREFIX}/tables/account", headers=known).json() == SENT
    assert place.commands == [["users", "kafka", "--json", "--", "bob"]]


@pytest.mark.parametrize(("who", "status"), [("bob", 403), ("ada-jobless", 403), ("ada-reads", 403), ("", 401)])
def test_no_token_makes_an_account_that_reads_more_than_it_may(place: Place, who: str, status: int) -> None:
    told = place.call(who, "POST", "/tables/account", status)
    assert place.commands == []
    assert ("/account" in told["error"]["message"]) == (who in {"bob", "ada-jobless"})


def test_what_kafka_refuses_is_told(place: Place) -> None:
    place.fails = "no Kafka answers"
    told = place.call("ada", "POST", f"{MINE}/topic", 503)
    assert told["error"]["message"] == "the table was not sent: no Kafka answers"


def test_its_topic_is_told_and_goes_with_the_table(place: Place) -> None:
    assert [one["topic"] for one in place.call("ada", "GET", "/tables")] == [None, None]
    topic = _sent(place)
    assert place.call("ada", "GET", MINE)["topic"] == topic
    assert place.call("ada", "DELETE", MINE)["still_read"] is None
    assert place.commands == [["jobs", "topics", "--json"]]
    place.call("ada", "GET", MINE, 404)


def test_a_topic_that_is_still_read_since_kafka_is_away_is_told(place: Place) -> None:
    topic = _sent(place)
    place.fails = "no Kafka answers"
    told = place.call("ada", "DELETE", MINE)["still_read"]
    assert f"{topic} is still read" in told
    assert "no Kafka answers" in told
    place.call("ada", "GET", MINE, 404)


def _sent(place: Place) -> str:
    """Note that the table of one person stands on its topic, and return that."""
    (table,) = (one for one in PrivateTables(place.settings).every() if not one.group)
    return ResultTopics(place.settings).save(replace(ResultTopic.of(table), rows=2)).topic


@pytest.mark.parametrize(
    ("cause", "status"),
    [(NoSuchTable, 404), (NotYours, 403), (TooMuch, 400), (NotClosed, 409), (BrokerError, 503), (LockHeld, 503)],
)
def test_a_sending_is_refused_with_what_says_why(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cause: type[FinkError], status: int
) -> None:
    """The command ends as `fink` does with that error: what comes of it in the answer is asked for here."""
    fink = tmp_path / "fink"
    fink.write_text(f"#!/bin/sh\necho 'fink: that is why' >&2\nexit {cause.exit_code}\n")
    fink.chmod(0o700)
    monkeypatch.setattr(commands, "FINK", fink)
    monkeypatch.setattr(topics, "done", commands.done)
    told = place.call("ada", "POST", f"{MINE}/topic", status)
    assert told["error"]["message"].endswith("that is why")


def test_an_error_with_a_number_of_its_own_ends_the_command_with_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(_words: list[str]) -> None:
        raise NotClosed("others could read it")

    monkeypatch.setattr(cli_main, "build_app", refused)
    with pytest.raises(SystemExit) as ended:
        cli_main.main(["jobs", "topic"])
    assert (ended.value.code, capsys.readouterr().err) == (NotClosed.exit_code, "fink: others could read it\n")
    assert len({one.exit_code for one in (NoSuchTable, NotYours, TooMuch, NotClosed, BrokerError)}) == 5
