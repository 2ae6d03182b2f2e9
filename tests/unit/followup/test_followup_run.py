"""A wish from the object to its end at a facility with OCS's routes: exactly one request, whatever happens between."""

import datetime as dt
import json
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fink_lib.community.draft import Draft
from fink_lib.community.kinds import Kind
from fink_lib.community.log import Log
from fink_lib.community.people import STRANGER, Person
from fink_lib.community.saying import NotSaid, say
from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.errors import ConfigError
from fink_lib.followup.book import Request, advance, ask, history, request_key, requests
from fink_lib.followup.facilities import read_facilities
from fink_lib.followup.run import Desk as DecidingDesk
from fink_lib.followup.run import Runner, decide
from fink_lib.followup.states import ENDS, State, WrongStep
from tests.unit.followup.mock_ocs import Facility, facility

ANNA = Person("anna", frozenset({"sn"}), frozenset({"sn"}))
BEN = Person("ben", frozenset({"sn"}))
NIGHT = "2026-01-20"
NOW = dt.datetime(2026, 1, 20, 12, tzinfo=dt.UTC)


@pytest.fixture
def ocs() -> Iterator[Facility]:
    with facility() as server:
        yield server


class Desk:
    """A home with one facility, and a clock that a test turns."""

    def __init__(self, home: Path, server: Facility, **told: Any) -> None:
        self.now, self.most = NOW, 10
        self.waited: list[float] = []
        facts = {"facility": "lco", "provider": "ocs", "address": server.address, "site": "siding-spring",
                 "token": server.token, "proposal": "FINK2026", "live": True, **told}  # fmt: skip
        lines = [f"{name} = {json.dumps(value)}" for name, value in facts.items()]
        (home / "facilities.toml").write_text("[[facility]]\n" + "\n".join(lines) + "\n")
        self.settings = Settings(home=home, facilities=home / "facilities.toml")
        self.log = Log(self.settings.lake)
        self.facilities = read_facilities(self.settings)
        self.desk = DecidingDesk(self.log, self.facilities)

    def ask(self, who: Person = ANNA, **told: Any) -> Request:
        observation = {"exposure_s": 300, "instrument_type": "1M0-SCICAM-SINISTRO", "filter": "rp"}
        body = {"facility": "lco", "rule": "by_hand", "night": NIGHT, "live": True, "observation": observation, **told}
        about = {"survey": "ztf", "object_id": "ZTF21acoshvy", "ra": 120.0, "dec": -30.0}
        return ask(self.log, who, {**about, "visibility": "group:sn", "body": body}, most=self.most)

    def run(self, grace_s: float = 0.0) -> Request:
        lock = self.settings.home / "followup.lock"
        Runner(self.log, self.facilities, lock, lambda: self.now, self.waited.append, grace_s).run()
        return requests(self.log)[0]

    def approved(self) -> Request:
        self.ask()
        assert self.run().state is State.CHECKED
        return decide(self.desk, ANNA, requests(self.log)[0], State.APPROVED, "bright enough")


@pytest.fixture
def desk(tmp_path: Path, ocs: Facility) -> Desk:
    return Desk(tmp_path, ocs)


def test_from_the_wish_to_the_citation(desk: Desk, ocs: Facility) -> None:
    desk.approved()
    assert desk.run().state is State.SUBMITTED
    assert desk.run().state is State.SUBMITTED  # nothing new there
    ocs.groups[1001]["state"] = "COMPLETED"
    done = desk.run()
    assert (done.state, done.external_id, len(ocs.posts)) == (State.COMPLETED, "1001", 1)
    (citation,) = desk.log.now().select(BEN, [Kind.CITATION])
    assert {one["relation"] for one in citation["cites"]} == {"followup", "IsDerivedFrom"}
    assert citation["cites"][0]["uri"] == f"{ocs.address}/api/observations/100100/"
    assert desk.log.now().select(STRANGER) == []
    states = [json.loads(row["body"])["state"] for row in history(desk.log, done.row)]
    assert states == ["checked", "approved", "submitting", "submitted", "completed"]
    kept = desk.log.content(history(desk.log, done.row)[3]["statement_id"])
    assert json.loads(kept or b"")["id"] == 1001  # the answer, whole
    desk.run()
    assert len(desk.log.now().select(BEN, [Kind.CITATION])) == 1


def test_the_payload_is_a_request_group(desk: Desk, ocs: Facility) -> None:
    key = desk.approved().key
    desk.run()
    (sent,) = ocs.posts
    assert sent["name"] == f"fink-{key}"
    (request,) = sent["requests"]
    (configuration,) = request["configurations"]
    assert configuration["target"] == {"type": "ICRS", "name": "ZTF21acoshvy", "ra": 120.0, "dec": -30.0, "epoch": 2000}
    assert configuration["constraints"] == {"max_airmass": 2.0, "min_lunar_distance": 30.0}
    assert configuration["instrument_configs"][0]["exposure_time"] == 300
    assert request["windows"] == [{"start": "2026-01-20T12:00:00+00:00", "end": "2026-01-21T12:00:00+00:00"}]


def test_the_same_wish_is_one_request(desk: Desk) -> None:
    first = desk.ask()
    assert desk.ask(BEN).row["statement_id"] == first.row["statement_id"]
    assert first.key == request_key("ztf", "ZTF21acoshvy", "lco", "by_hand", NIGHT)
    with pytest.raises(NotSaid, match="by others"):
        ask(desk.log, Person("eve"), {"survey": "ztf", "object_id": "ZTF21acoshvy", "ra": 1.0, "dec": 1.0,
                                      "body": dict(first.body)}, most=10)  # fmt: skip
    assert len(requests(desk.log)) == 1


def test_nothing_is_sent_unless_both_say_so(tmp_path: Path, ocs: Facility) -> None:
    desk = Desk(tmp_path, ocs, live=False)
    desk.approved()
    done = desk.run()
    assert (done.state, done.reason, ocs.posts) == (State.DRY_RUN, "dry run: the facility is not live", [])
    shown = desk.log.content(history(desk.log, done.row)[-1]["statement_id"])
    assert json.loads(shown or b"")["proposal"] == "FINK2026"


def test_what_cannot_be_observed_is_not_asked_for(tmp_path: Path, ocs: Facility) -> None:
    desk = Desk(tmp_path, ocs, site="la-palma", max_airmass=1.5)
    desk.ask()
    done = desk.run()
    assert (done.state, done.reason) == (State.UNOBSERVABLE, "it stays above an airmass of 1.5 while it is dark")


def test_who_may_approve(desk: Desk) -> None:
    desk.ask()
    found = desk.run()
    for who in (BEN, Person("robot", frozenset({"sn"}), frozenset({"sn"}), is_program=True), STRANGER):
        with pytest.raises(NotSaid, match="an admin of the group"):
            decide(desk.desk, who, found, State.APPROVED, "")
    assert decide(desk.desk, ANNA, found, State.REJECTED, "too faint").state is State.REJECTED
    with pytest.raises(WrongStep):
        decide(desk.desk, ANNA, requests(desk.log)[0], State.APPROVED, "")


def test_nobody_approves_or_sends_again_by_a_statement_of_his_own(desk: Desk, ocs: Facility) -> None:
    desk.ask()
    found = desk.run()
    about = {"survey": "ztf", "object_id": "ZTF21acoshvy", "visibility": "group:sn"}
    forged = {"kind": "followup_state", "about_statement": found.row["statement_id"],
              "body": {"step": found.step + 1, "state": "approved"}}  # fmt: skip
    own = {"kind": "followup_request", "ra": 1.0, "dec": 1.0, "body": dict(found.body)}
    for one in (forged, own, {**own, "supersedes": found.row["statement_id"]}):
        with pytest.raises(NotSaid, match="decided on at"):
            say(desk.log, BEN, [Draft.of({**about, **one})])
    assert (desk.run().state, ocs.posts) == (State.CHECKED, [])
    decide(desk.desk, ANNA, found, State.APPROVED, "")
    desk.run()
    for row in (found.row, *history(desk.log, found.row)):  # taken back, a step would be made again
        with pytest.raises(NotSaid, match="cancel the request"):
            say(desk.log, ANNA, [Draft.of({"kind": "withdrawal", "supersedes": row["statement_id"],
                                           "visibility": "group:sn"})])  # fmt: skip
    assert (desk.run().state, len(ocs.posts)) == (State.SUBMITTED, 1)


def test_a_rule_asks_for_no_more_than_its_quota(desk: Desk) -> None:
    def wish(name: str, **told: Any) -> Request:
        body = {"facility": "lco", "rule": "auto", "night": NIGHT, "live": True, "observation": {}, **told}
        about = {"survey": "ztf", "object_id": name, "ra": 120.0, "dec": -30.0, "visibility": "group:sn"}
        return ask(desk.log, ANNA, {**about, "body": body}, most=2)

    first = wish("ZTF21aaaaaaa")
    wish("ZTF21aaaaaab")
    with pytest.raises(NotSaid, match="auto asks lco for 2 observations of a night at most") as refused:
        wish("ZTF21aaaaaac")
    assert refused.value.status == 429
    assert wish("ZTF21aaaaaaa").key == first.key  # the same wish is no further one
    assert wish("ZTF21aaaaaac", night="2026-01-21").state is State.REQUESTED
    decide(desk.desk, ANNA, first, State.CANCELLED, "")
    assert wish("ZTF21aaaaaac").state is State.REQUESTED


def test_what_was_observed_is_cited_though_the_run_dies_there(desk: Desk, ocs: Facility, monkeypatch: Any) -> None:
    desk.approved()
    desk.run()
    ocs.groups[1001]["state"] = "COMPLETED"
    for dying in ("say", "_recorded"):
        with monkeypatch.context() as broken:
            broken.setattr(f"fink_lib.followup.run.{dying}", _die)
            with pytest.raises(KeyboardInterrupt):
                desk.run()
    assert desk.run().state is State.COMPLETED
    assert len(desk.log.now().select(BEN, [Kind.CITATION])) == 1


def _die(*_args: object, **_told: object) -> None:
    raise KeyboardInterrupt


def test_an_answer_that_is_no_answer_stops_nobody_else(desk: Desk, ocs: Facility, monkeypatch: Any) -> None:
    desk.approved()
    desk.run()
    monkeypatch.setattr("fink_lib.followup.providers.ocs.Ocs.poll", lambda *_: _die_of_type())
    assert desk.run().state is State.SUBMITTED


def _die_of_type() -> None:
    raise TypeError("a list where an object was expected")


def test_a_person_tells_what_a_facility_said_that_cannot_be_asked(desk: Desk) -> None:
    found = desk.approved()
    with pytest.raises(NotSaid, match="goes on by itself"):
        decide(desk.desk, ANNA, found, State.COMPLETED, "")
    lost = advance(desk.log, advance(desk.log, found, State.SUBMITTING), State.UNCERTAIN)
    with pytest.raises(NotSaid, match="an admin of the group"):
        decide(desk.desk, BEN, lost, State.SUBMITTED, "")
    there = decide(desk.desk, ANNA, lost, State.SUBMITTED, "they have it")
    assert decide(desk.desk, ANNA, there, State.COMPLETED, "observed").state is State.COMPLETED


@pytest.mark.parametrize(
    ("planned", "state", "waited"),
    [
        ([(429, {"Retry-After": "3"}, "slow down")], State.SUBMITTED, [3.0]),
        ([(503, {}, "")] * 2, State.SUBMITTED, [1.0, 2.0]),
        ([(503, {"Retry-After": "900"}, "")], State.DELAYED, []),
        ([(400, {}, '{"proposal": ["no time left"]}')], State.REFUSED, []),
        ([(409, {}, "duplicate")], State.DUPLICATE, []),
        ([(500, {}, "oops")], State.SUBMITTING, []),
    ],
    ids=lambda one: str(one)[:24],
)
def test_what_a_facility_may_answer(desk: Desk, ocs: Facility, planned: Any, state: State, waited: Any) -> None:
    desk.approved()
    ocs.planned = list(planned)
    done = desk.run()
    assert (done.state, desk.waited) == (state, waited)
    assert len(ocs.groups) == (state is State.SUBMITTED)


def test_a_delayed_request_waits_as_long_as_it_was_told(desk: Desk, ocs: Facility) -> None:
    desk.approved()
    ocs.planned = [(503, {"Retry-After": "900"}, "")]
    delayed = desk.run()
    desk.now = delayed.since + dt.timedelta(seconds=100)
    assert desk.run().state is State.EXPIRED if desk.now.date() > dt.date(2026, 1, 21) else State.DELAYED


def test_a_connection_that_ends_after_the_request_was_taken(desk: Desk, ocs: Facility) -> None:
    desk.approved()
    ocs.drops = 1
    done = desk.run()
    assert (done.state, done.external_id, len(ocs.groups), len(ocs.posts)) == (State.SUBMITTED, "1001", 1, 1)


@pytest.mark.parametrize("said", ["WINDOW_EXPIRED", "FAILURE_LIMIT_REACHED", "CANCELED"])
def test_other_ends(desk: Desk, ocs: Facility, said: str) -> None:
    desk.approved()
    desk.run()
    ocs.groups[1001]["state"] = said
    ends = {"WINDOW_EXPIRED": State.EXPIRED, "FAILURE_LIMIT_REACHED": State.FAILED, "CANCELED": State.CANCELLED}
    assert desk.run().state is ends[said]
    assert ends[said] in ENDS


def test_a_request_is_taken_back_there_too(desk: Desk, ocs: Facility) -> None:
    desk.approved()
    found = desk.run()
    assert decide(desk.desk, ANNA, found, State.CANCELLED, "cloudy").state is State.CANCELLED
    assert ocs.groups[1001]["state"] == "CANCELED"


def test_what_is_not_valid_there_is_refused_before_it_is_sent(desk: Desk, ocs: Facility) -> None:
    desk.ask(observation={"exposure_s": -1, "instrument_type": "x"})
    found = desk.run()
    decide(desk.desk, ANNA, found, State.APPROVED, "")
    done = desk.run()
    assert (done.state, ocs.posts) == (State.REFUSED, [])
    assert "exposure_time must be positive" in done.reason


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from fink_lib.community.log import Log
    from fink_lib.config import Settings
    from fink_lib.followup.facilities import read_facilities
    from fink_lib.followup.providers.ocs import Ocs
    from fink_lib.followup.run import Runner
    import datetime as dt
    settings = Settings(home=Path(sys.argv[1]), facilities=Path(sys.argv[1]) / "facilities.toml")
    submit = Ocs.submit
    def dying(self, payload):
        if sys.argv[2] == "after":
            submit(self, payload)
        os.kill(os.getpid(), signal.SIGKILL)
    Ocs.submit = dying
    clock = lambda: dt.datetime(2026, 1, 20, 12, tzinfo=dt.UTC)
    Runner(Log(settings.lake), read_facilities(settings), settings.home / "followup.lock", clock).run()
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_service_that_is_killed_leaves_one_request(desk: Desk, ocs: Facility, when: str) -> None:
    desk.approved()
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(desk.settings.home), when]
    assert subprocess.run(command, cwd=PROJECT_DIR, check=False).returncode == -signal.SIGKILL
    left = requests(desk.log)[0]
    assert (left.state, len(ocs.groups)) == (State.SUBMITTING, int(when == "after"))
    desk.now = left.since
    waits = desk.run(grace_s=60)  # a post may still be on its way
    assert waits.state is (State.SUBMITTED if when == "after" else State.SUBMITTING)
    desk.now = left.since + dt.timedelta(seconds=61)
    assert desk.run(grace_s=60).state is State.SUBMITTED
    desk.run()
    assert (len(ocs.groups), len(ocs.posts)) == (1, 1)


def test_the_file_of_facilities(tmp_path: Path) -> None:
    path = tmp_path / "f.toml"
    settings = Settings(home=tmp_path, facilities=path)
    with pytest.raises(ConfigError, match="is not there"):
        read_facilities(settings)
    path.write_text('[[facility]]\nfacility = "a"\nprovider = "fax"\naddress = "a@b"\nsite = "lasilla"\n')
    with pytest.raises(ConfigError, match="'provider' is 'fax'"):
        read_facilities(settings)
    path.write_text('[[facility]]\nfacility = "a"\nprovider = "mail"\naddress = "a@b"\nsite = "home"\n')
    with pytest.raises(ConfigError, match="no site 'home'"):
        read_facilities(settings)
    assert not read_facilities(Settings(home=tmp_path)).by_name
