"""Reports to TNS: approved by a person, given in once whatever dies, judged by TNS in its own words."""

import json
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fink_lib.community.checked import checked_rows
from fink_lib.community.draft import Draft
from fink_lib.community.kinds import Kind
from fink_lib.community.saying import NotSaid, say
from fink_lib.config import PROJECT_DIR
from fink_lib.errors import ConfigError
from fink_lib.followup.book import history, requests
from fink_lib.followup.run import Desk, decide
from fink_lib.followup.states import State
from tests.unit.followup.mock_tns import Server, tns
from tests.unit.followup.report_desk import ANNA, BEN, OBJECT, TNS, ReportDesk, told_as_before

SPECTRUM = {"instrument": "ALFOSC", "observed_at": "2026-01-21T02:00:00Z", "observer": "A. Observer",
            "wavelength_unit": "nm", "wavelength": [400.0, 401.0], "flux": [1.5, 2.5]}  # fmt: skip


@pytest.fixture
def server() -> Iterator[Server]:
    with tns() as one:
        yield one


@pytest.fixture
def desk(tmp_path: Path, server: Server) -> ReportDesk:
    return ReportDesk(tmp_path, {**TNS, "address": server.address})


def test_from_the_wish_to_the_name(desk: ReportDesk, server: Server) -> None:
    asked = desk.ask("tns", "discovery")
    assert desk.run().state is State.CHECKED
    assert server.reports == {}  # nobody has approved it
    with pytest.raises(NotSaid, match="an admin of the group"):
        decide(Desk(desk.log, desk.facilities), BEN, requests(desk.log)[0], State.APPROVED, "")
    decide(Desk(desk.log, desk.facilities), ANNA, requests(desk.log)[0], State.APPROVED, "read it")
    sent = desk.run()
    assert (sent.state, sent.external_id) == (State.SUBMITTED, "70001")
    assert desk.run().state is State.COMPLETED
    (report,) = server.reports.values()
    assert report == {"at_report": {"0": asked.body["report"]["at_report"]}}  # what was approved, nothing else
    done = desk.run()
    assert done.reason == "accepted: 2026a00, Object was inserted"
    assert len(server.reports) == 1
    (citation,) = desk.log.now().select(BEN, [Kind.CITATION])
    assert citation["cites"][0] == {"uri": "tns:2026a00", "relation": "References"}
    kept = desk.log.content(history(desk.log, done.row)[-1]["statement_id"])
    assert json.loads(kept or b"")["data"]["feedback"]["at_report"][0]["100"]["objname"] == "2026a00"


def test_the_same_again_is_the_report_that_there_is(desk: ReportDesk) -> None:
    first = desk.ask("tns", "discovery")
    assert desk.ask("tns", "discovery", BEN).key == first.key
    assert len(requests(desk.log)) == 1


def test_nothing_is_sent_unless_file_and_wish_say_so(tmp_path: Path, server: Server) -> None:
    desk = ReportDesk(tmp_path, {**TNS, "address": server.address, "live": False})
    desk.approved("tns", "discovery")
    done = desk.run()
    assert (done.state, server.reports) == (State.DRY_RUN, {})
    shown = desk.log.content(history(desk.log, done.row)[-1]["statement_id"])
    assert json.loads(shown or b"")["at_report"]["internal_name"] == OBJECT
    assert b"a-key" not in (shown or b"")


def test_what_tns_refuses_is_told_in_its_words(
    desk: ReportDesk, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = desk.ask("tns", "discovery")
    assert asked.body["report"]["at_report"]["reporter"] == "A. Observer"
    late = [{"message": "Last non-detection should precede the Discovery", "message_id": 1}]
    missing = {"value": [{"message": "Required field", "message_id": 3}]}
    feedback: dict[str, Any] = {"at_report": [{"reporter": missing, "non_detection": late}]}
    monkeypatch.setattr(server, "judge", lambda _number: (400, feedback))
    desk.run()
    decide(Desk(desk.log, desk.facilities), ANNA, requests(desk.log)[0], State.APPROVED, "")
    desk.run()
    done = desk.run()
    assert done.state is State.REFUSED
    assert "reporter.value: Required field" in done.reason
    assert "non_detection: Last non-detection should precede the Discovery" in done.reason


@pytest.mark.parametrize(
    ("planned", "ends"),
    [
        ([(429, {"x-rate-limit-reset": "3"}, {})], (State.SUBMITTED, [3.0], "taken as report 70001")),
        ([(503, {"Retry-After": "900"}, {})], (State.DELAYED, [], "answered 503")),
        ([(400, {}, {"said": "the data is no JSON"})], (State.REFUSED, [], "answered 400: the data is no JSON")),
        ([(502, {}, {})], (State.SUBMITTING, [], "")),
    ],
    ids=lambda one: str(one)[:24],
)
def test_what_tns_may_answer(desk: ReportDesk, server: Server, planned: Any, ends: tuple[State, Any, str]) -> None:
    state, waited, said = ends
    desk.approved("tns", "discovery")
    server.planned = list(planned)
    done = desk.run()
    assert (done.state, desk.waited) == (state, waited)
    assert said in done.reason
    assert len(server.reports) == (state is State.SUBMITTED)


def test_a_bot_without_marker_or_key_is_refused(tmp_path: Path, server: Server) -> None:
    for number, wrong in enumerate(({"bot_name": "another"}, {"token": "no-key"})):
        home = tmp_path / str(number)
        home.mkdir()
        desk = ReportDesk(home, {**TNS, "address": server.address, **wrong})
        desk.approved("tns", "discovery")
        done = desk.run()
        assert (done.state, server.reports) == (State.REFUSED, {})
        assert ("Forbidden", "the key is not known")[number] in done.reason


def test_an_object_that_tns_knows(desk: ReportDesk, server: Server) -> None:
    server.objects[OBJECT] = "2025zzz"
    desk.approved("tns", "discovery")
    desk.run()
    assert desk.run().reason == "accepted: 2025zzz, Object exists"


def test_an_identical_report_is_a_duplicate(desk: ReportDesk, server: Server) -> None:
    desk.approved("tns", "discovery")
    server.reports[1] = {"at_report": {"0": requests(desk.log)[0].body["report"]["at_report"]}}
    desk.run()
    done = desk.run()
    assert done.state is State.DUPLICATE
    assert done.reason.startswith("An identical AT report")


def test_a_connection_that_ends_after_the_report_was_taken(desk: ReportDesk, server: Server) -> None:
    desk.approved("tns", "discovery")
    server.drops = 1
    done = desk.run()
    assert (done.state, done.external_id, len(server.reports)) == (State.DUPLICATE, "2026a00", 1)
    assert "by this report or by another" in done.reason


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from fink_lib.community.log import Log
    from fink_lib.config import Settings
    from fink_lib.followup.facilities import read_facilities
    from fink_lib.followup.providers.tns import Tns
    from fink_lib.followup.run import Runner
    sent = Tns.submit
    def dies(self, payload):
        if sys.argv[2] == "after":
            sent(self, payload)
        os.kill(os.getpid(), signal.SIGKILL)
    Tns.submit = dies
    settings = Settings(home=Path(sys.argv[1]), facilities=Path(sys.argv[1]) / "facilities.toml")
    Runner(Log(settings.lake), read_facilities(settings), settings.home / "followup.lock").run()
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_round_that_is_killed_leaves_one_report(desk: ReportDesk, server: Server, when: str) -> None:
    desk.approved("tns", "discovery")
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(desk.settings.home), when]
    assert subprocess.run(command, cwd=PROJECT_DIR, check=False).returncode == -signal.SIGKILL
    left = requests(desk.log)[0]
    assert (left.state, len(server.reports)) == (State.SUBMITTING, int(when == "after"))
    for number in server.reports:
        server.judge(number)  # TNS goes on meanwhile
    desk.now = left.since + timedelta(seconds=61)
    done = desk.run(grace_s=60)
    assert done.state is (State.DUPLICATE if when == "after" else State.SUBMITTED)
    desk.run()
    assert len(server.reports) == 1


def test_a_classification_goes_with_its_spectrum(desk: ReportDesk, server: Server) -> None:
    shot = desk.said(kind="spectrum", body=SPECTRUM, content=b"x", content_type="text/plain")
    label = desk.said(kind="classification", taxonomy="fink/1", label="SN Ia", body={"spectrum": shot})
    ids: dict[str, Any] = {"tns_name": "2026abc", "instrument_id": "41", "spectrum_type_id": "10"}
    desk.approved("tns", "classification", label=label, **ids)
    assert desk.run().state is State.SUBMITTED
    (report,) = server.reports.values()
    given = report["classification_report"]["0"]["spectra"]["spectra-group"]["0"]["ascii_file"]
    assert server.files == {given: "4000 1.5\n4010 2.5\n"}
    assert desk.run().reason == "accepted: 2026abc, Classified"


def test_a_report_shows_nothing_that_fewer_may_see_than_itself(desk: ReportDesk) -> None:
    shot = desk.said(kind="spectrum", body=SPECTRUM, content=b"x", content_type="text/plain", visibility="group:sn")
    label = desk.said(kind="classification", taxonomy="fink/1", label="SN Ia", body={"spectrum": shot},
                      visibility="group:sn")  # fmt: skip
    with pytest.raises(NotSaid, match="only group:sn may see") as why:
        desk.ask("tns", "classification", label=label, tns_name="2026abc", visibility="public")
    assert why.value.status == 403
    assert requests(desk.log) == []
    open_label = desk.said(kind="classification", taxonomy="fink/1", label="SN Ia", body={"spectrum": shot})
    with pytest.raises(NotSaid, match="spectrum that only group:sn may see"):
        desk.ask("tns", "classification", label=open_label, tns_name="2026abc", visibility="public")
    ids: dict[str, Any] = {"tns_name": "2026abc", "instrument_id": "41", "spectrum_type_id": "10"}
    assert desk.ask("tns", "classification", label=label, **ids).row["visibility"] == "group:sn"


def test_what_is_no_report(desk: ReportDesk) -> None:
    with pytest.raises(ConfigError, match="tns takes no notice: it takes discovery, classification"):
        desk.ask("tns", "notice")
    with pytest.raises(ConfigError, match="names its label"):
        desk.ask("tns", "classification")
    label = desk.said(kind="classification", taxonomy="fink/1", label="SN Ia")
    with pytest.raises(NotSaid, match="read off an uploaded spectrum"):
        desk.ask("tns", "classification", label=label, tns_name="2026abc")
    with pytest.raises(ConfigError, match="no AT type 'ufo'"):
        desk.ask("tns", "discovery", at_type="ufo")


def test_what_was_said_of_reports_before_they_had_steps_is_no_wish(desk: ReportDesk, server: Server) -> None:
    name = told_as_before(desk.log)
    assert requests(desk.log) == []
    assert desk.approved("tns", "discovery").body["facility"] == "tns"
    assert desk.run().state is State.SUBMITTED
    assert [len(requests(desk.log)), len(server.reports)] == [1, 1]
    (old,) = [row for row in checked_rows(desk.log.lake) if row["statement_id"] == name]
    assert (old["subject"], old["body_of_its_kind"]) == (True, True)


def test_nobody_approves_a_report_by_a_statement_of_his_own(desk: ReportDesk, server: Server) -> None:
    found = desk.ask("tns", "discovery")
    desk.run()
    about = {"survey": "ztf", "object_id": OBJECT, "visibility": "group:sn"}
    forged = [
        {
            "kind": "followup_state",
            "about_statement": found.row["statement_id"],
            "body": {"step": 2, "state": "approved"},
        },
        {"kind": "publication", "body": dict(found.body)},
    ]
    for one in forged:
        with pytest.raises(NotSaid, match="decided on at"):
            say(desk.log, BEN, [Draft.of({**about, **one})])
    with pytest.raises(NotSaid, match="cancel the request"):
        say(desk.log, ANNA, [Draft.of({"kind": "withdrawal", "supersedes": found.row["statement_id"],
                                       "visibility": "group:sn"})])  # fmt: skip
    assert (desk.run().state, server.reports) == (State.CHECKED, {})
